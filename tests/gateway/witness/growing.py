"""Logs that grow, fork and lie."""

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoint import Checkpoint, encoded
from gateway.ledger.note import Algorithm, Signer, Verifier, signed
from gateway.ledger.tree import Frontier, consistency, grow, leaf_hash

ORIGIN = "log.test/1"
AT = 1_779_000_000


def signer(name: str, algorithm: Algorithm = Algorithm.ED25519, seed: str = "") -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(sha256((seed or name).encode()).digest())
    return Signer(Verifier(name, algorithm, key.public_key().public_bytes_raw()), key.sign)


def witness(name: str = "witness.test/1") -> Signer:
    return signer(name, Algorithm.COSIGNATURE_V1)


@dataclass
class GrowingLog:
    """A log in memory. `forked(n)` is the same log, whose entries differ from the n-th on."""

    signer: Signer = field(default_factory=lambda: signer(ORIGIN))
    leaves: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.signer.verifier.name

    def grow(self, count: int, story: str = "") -> "GrowingLog":
        first = len(self.leaves)
        self.leaves += [leaf_hash(f"{story}{n}".encode()) for n in range(first, first + count)]
        return self

    def forked(self, at: int, size: int) -> "GrowingLog":
        return GrowingLog(self.signer, self.leaves[:at]).grow(size - at, "another story ")

    def note(self, size: int | None = None, by: tuple[Signer, ...] = ()) -> str:
        size = len(self.leaves) if size is None else size
        frontier, _ = grow(Frontier(), self.leaves[:size])
        text = str(Checkpoint(self.origin, size, frontier.root))
        return signed(text, [each.line(text, AT) for each in by or (self.signer,)])

    def proof(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        _, made = grow(Frontier(), self.leaves)
        return consistency(old, len(self.leaves) if size is None else size, lambda level, place: made[level, place])

    def submission(self, old: int, size: int | None = None) -> bytes:
        lines = [f"old {old}", *(encoded(each) for each in self.proof(old, size)), "", self.note(size)]
        return "\n".join(lines).encode()
