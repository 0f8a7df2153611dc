"""An evidence log in memory with a real tree, real signatures and witnesses: what a receipt is made of, sound or broken in one way."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import NONCE_SIZE, encode
from gateway.ledger.note import Algorithm, Signer, Verifier, signed
from gateway.ledger.tree import EMPTY_ROOT, inclusion, leaf_hash, node_hash, root_of
from gateway.model.city import CityAnswer
from gateway.model.evidence import Evidence
from gateway.model.exchange import Asked, Disclosure, Entry, EntryKind, Known, Recorded, Sealed
from gateway.stages import seal
from tests.gateway.stages import builders

LOG = "log.test/2030h1"


def signer(name: str = LOG, algorithm: Algorithm = Algorithm.ED25519, seed: int = 1) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return Signer(Verifier(name, algorithm, key.public_key().public_bytes_raw()), key.sign)


LOG_KEY = signer()
WITNESS = signer("witness.foshan.test", Algorithm.COSIGNATURE_V1, 2)
VKEY, WITNESS_VKEY = str(LOG_KEY.verifier), str(WITNESS.verifier)


@dataclass
class Notary:
    """Keeps leaves and signs checkpoints."""

    origin: str = LOG
    signers: tuple[Signer, ...] = (LOG_KEY,)
    moment: int = 1_900_000_000
    leaves: list[bytes] = field(default_factory=list)

    def keep(self, entry: Entry) -> int:
        return self.keep_leaf(bytes([len(self.leaves) % 251]) * NONCE_SIZE + encode(entry))

    def keep_leaf(self, leaf: bytes) -> int:
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    def recorded(self, index: int) -> Recorded:
        """The entry at this index, proven under the newest checkpoint."""
        path = inclusion(index, len(self.leaves), self._node)
        return Recorded(self.origin, index, self.leaves[index], str(Proof(index, path, self.checkpoint())))

    def checkpoint(self) -> str:
        root = root_of(len(self.leaves), self._node) if self.leaves else EMPTY_ROOT
        text = str(Checkpoint(self.origin, len(self.leaves), root))
        return signed(text, [each.line(text, self.moment) for each in self.signers])

    def _node(self, level: int, place: int) -> bytes:
        if level == 0:
            return leaf_hash(self.leaves[place])
        return node_hash(self._node(level - 1, 2 * place), self._node(level - 1, 2 * place + 1))


def filler(number: int) -> Entry:
    return Entry(EntryKind.REFUSED, f"filler-{number}", builders.NOW, {"result": "REFUSED", "reason": "NO_AGREEMENT"})


def sealed(*evidence: Evidence, notary: Notary | None = None, before: int = 3, after: int = 2) -> Sealed:
    """One whole exchange as the corridor seals it, among others' entries."""
    notary = notary or Notary()
    call = builders.call()
    query = call.question()
    known = Known(call, builders.caller(), query, builders.permit(query), builders.way(query))
    asked = Asked(builders.NOW, builders.NOW, 0.0, 0.0)
    disclosure = Disclosure(evidence, tuple(sorted({name for each in evidence for name in each.values})))
    told = CityAnswer("00", ({},) * len(evidence), no_record=not evidence)
    for number in range(before):
        notary.keep(filler(number))
    intended = seal.intend(known, builders.world())
    intent = notary.keep(intended)
    outcome = notary.keep(seal.conclude(known, disclosure, told, asked, builders.world(), intent=intended))
    for number in range(before, before + after):
        notary.keep(filler(number))
    return Sealed(
        builders.way(query), call, disclosure, "00", asked, builders.NOW, notary.recorded(intent), notary.recorded(outcome)
    )
