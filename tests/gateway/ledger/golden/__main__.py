"""Makes the golden logs of this folder: sound ones, and ones that are broken in one way each and named by it.

Everything follows from what stands here: moments, nonces, and keys, which are SHA-256 of a name and sign nothing else.
Usage: python -m tests.gateway.ledger.golden
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import encode
from gateway.ledger.layout import ENTRIES, bundle, tiles
from gateway.ledger.note import Algorithm, Note, Signer, Verifier, signed
from gateway.ledger.tree import Frontier, grow, inclusion, leaf_hash
from gateway.model.exchange import Entry, EntryKind

HERE: Final = Path(__file__).parent
LOG: Final = "log.golden.test/2026a"
AT: Final = datetime(2026, 5, 9, 7, 35, 25, 120000, UTC)
MOMENT: Final = 1778312125
"""Of the cosignatures, POSIX seconds."""


def key_of(name: str, algorithm: Algorithm = Algorithm.ED25519) -> Signer:
    """A key that anybody can make."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(f"golden {name}".encode()).digest())
    return Signer(Verifier(name, algorithm, private.public_key().public_bytes_raw()), private.sign)


KEY: Final = key_of(LOG)
WITNESSES: Final = tuple(key_of(f"witness.{city}.test/1", Algorithm.COSIGNATURE_V1) for city in ("guangzhou", "foshan"))
POLICY: Final = (
    f"log {KEY.verifier}\n"
    + "".join(f"witness w{number} {each.verifier}\n" for number, each in enumerate(WITNESSES))
    + "group both all w0 w1\nquorum both\n"
)


def nonce(index: int) -> bytes:
    """Of the entry with this index."""
    return sha256(f"nonce {index}".encode()).digest()[:16]


def entry(kind: EntryKind, exchange: str, number: int) -> Entry:
    """What is recorded `number` seconds after the first."""
    facts: dict[str, Any] = {
        EntryKind.INTENT: {"evidence_type": "business-licence", "permitted_fields": ("name", "月数")},
        EntryKind.OUTCOME: {"answer_size": 734, "result": "ISSUED"},
        EntryKind.REFUSED: {"detail": 'the matter "迁入"\nis in no agreement', "reason": "NO_AGREEMENT"},
    }[kind]
    key = f"spiffe://foshan.test/window#{exchange}" if kind is EntryKind.INTENT else ""
    return Entry(kind, exchange, AT + timedelta(seconds=number), facts, key)


INTENT, OUTCOME, REFUSED = EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.REFUSED
STORY: Final = ((INTENT, "a"), (INTENT, "b"), (OUTCOME, "a"), (REFUSED, "c"), (INTENT, "d"), (OUTCOME, "d"), (REFUSED, "e"))
"""What happens in the small logs; exchange b stays open."""


def story(*steps: tuple[EntryKind, str]) -> list[bytes]:
    """The bodies of entries that happen one after the other."""
    return [encode(entry(kind, exchange, number)) for number, (kind, exchange) in enumerate(steps)]


@dataclass(frozen=True)
class Golden:
    """A log as its files have it: `leaves` in the bundle, `hashes` in the tiles, and the note; `lost` and `cut` change files afterwards.

    `above` are the leaf hashes from which the tiles above level 0 are made, where they are others.
    """

    leaves: Sequence[bytes | None]
    hashes: Sequence[bytes]
    note: str
    lost: Sequence[str] = ()
    cut: Mapping[str, int] = field(default_factory=dict)
    above: Sequence[bytes] = ()

    @classmethod
    def of(cls, bodies: Sequence[bytes], signer: Signer = KEY) -> "Golden":
        """As an honest log would hold these bodies."""
        leaves = [nonce(index) + body for index, body in enumerate(bodies)]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        return cls(leaves, hashes, note_of(hashes, signer))

    def files(self) -> dict[str, bytes]:
        """By their paths."""
        size = len(self.hashes)
        _, made = grow(Frontier(), self.above or self.hashes)
        found = {"checkpoint": self.note.encode()}
        for tile in (each for level in (ENTRIES, 0, 1) for each in tiles(level, size)):
            places = range(tile.place * 256, tile.place * 256 + tile.width)
            if tile.level == ENTRIES:
                found[str(tile)] = bundle([self.leaves[place] for place in places])
            elif tile.level:
                found[str(tile)] = b"".join(made[tile.level * 8, place] for place in places)
            else:
                found[str(tile)] = b"".join(self.hashes[place] for place in places)
        found = {path: content[: self.cut.get(path)] for path, content in found.items()}
        return {path: content for path, content in found.items() if path not in self.lost}


def note_of(hashes: Sequence[bytes], signer: Signer = KEY) -> str:
    """The checkpoint of a tree."""
    frontier, _ = grow(Frontier(), hashes)
    text = str(Checkpoint(LOG, frontier.size, frontier.root))
    return signed(text, [signer.line(text)])


def with_body(number: int, body: bytes) -> Golden:
    """The small log, with another body at one place, and everything else made to fit."""
    return Golden.of([*SMALL[:number], body, *SMALL[number + 1 :]])


def exchanged(log: Golden, one: int, other: int) -> Golden:
    """Two entries changed places, in bundle and level 0; the tiles above and the checkpoint stay."""
    hashes, leaves = list(log.hashes), list(log.leaves)
    hashes[one], hashes[other] = hashes[other], hashes[one]
    leaves[one], leaves[other] = leaves[other], leaves[one]
    return replace(log, hashes=hashes, leaves=leaves, above=log.hashes)


SMALL: Final = story(*STORY)
SOUND: Final = Golden.of(SMALL)
_PURGE: Final = {
    "act": "PURGE",
    "before": "2026-06-01T00:00:00.000000Z",
    "entries": 250,
    "first": 0,
    "last": 249,
    "host_role": "COMMAND",
    "operator": "auditor-1",
    "os_user": "kuacheng",
    "rule": "ledger.retention 3y",
}
_ACT: Final = encode(Entry(EntryKind.ACT, "purge-1", datetime(2029, 6, 1, tzinfo=UTC), _PURGE))
_FINISHED: Final = encode(Entry(EntryKind.ACT, "end-1", AT, {"act": "LOG_FINISHED", "successor": "log.golden.test/2026b"}))
_LARGE: Final = Golden.of([*story(*((REFUSED, f"r{number}") for number in range(260))), _ACT])
PURGED: Final = replace(_LARGE, leaves=[None] * 250 + list(_LARGE.leaves[250:]))
_OLDER: Final = _PURGE | {"entries": 6, "last": 6}
_NAMED: Final = _OLDER | {"runs": ("0-0", "2-6")}


def purged(act: Mapping[str, Any], *kept: int) -> Golden:
    """The small log, and the entry of a purge behind it, after which only these bodies of the small one are there."""
    log = Golden.of([*SMALL, encode(Entry(EntryKind.ACT, "purge-1", datetime(2029, 6, 1, tzinfo=UTC), act))])
    return replace(log, leaves=[leaf if index in (*kept, 7) else None for index, leaf in enumerate(log.leaves)])


GONE: Final = purged(_NAMED, 1)
_CHANGED: Final = SMALL[3].replace(b"NO_AGREEMENT", b"NO_AGREEMENZ")
_BUNDLE: Final = "tile/entries/000.p/7"


@dataclass(frozen=True)
class Case:
    """A golden log, and what a verifier says of it. `kept` names a note that was kept elsewhere."""

    log: Golden
    flaw: str | None = None
    first_bad: int | None = None
    through: int | None = None
    kept: str | None = None


CASES: Final[Mapping[str, Case]] = {
    "sound": Case(SOUND, kept="notes/three-entries"),
    "sound-purged": Case(PURGED),
    "sound-empty": Case(Golden.of([])),
    "body-changed": Case(
        replace(SOUND, leaves=[*SOUND.leaves[:3], nonce(3) + _CHANGED, *SOUND.leaves[4:]]), "BODY_CHANGED", 3, 3
    ),
    "leaf-hash-changed": Case(replace(SOUND, hashes=[*SOUND.hashes[:5], bytes(32), SOUND.hashes[6]]), "BODY_CHANGED", 5, 5),
    "malformed-body": Case(with_body(3, SMALL[3].replace(b'"kind":', b'"kind": ')), "MALFORMED_BODY", 3, 3),
    "outcome-without-intent": Case(Golden.of(story(*STORY[:3], (OUTCOME, "z"))), "OUTCOME_WITHOUT_INTENT", 3, 3),
    "second-intent": Case(Golden.of(story(*STORY[:3], (INTENT, "b"))), "SECOND_INTENT", 3, 3),
    "second-outcome": Case(Golden.of(story(*STORY[:3], (OUTCOME, "a"))), "SECOND_OUTCOME", 3, 3),
    "reordered": Case(exchanged(PURGED, 252, 254), "TREE_DIFFERS", 0, 255),
    "reordered-end": Case(exchanged(SOUND, 3, 6), "CHECKPOINT_DIFFERS"),
    "rewritten": Case(replace(with_body(3, _CHANGED), note=SOUND.note), "CHECKPOINT_DIFFERS"),
    "truncated": Case(replace(SOUND, lost=["tile/0/000.p/7", _BUNDLE]), "END_DIFFERS", 0, 6),
    "bundle-cut": Case(replace(SOUND, cut={_BUNDLE: 900}), "UNREADABLE", 4, 4),
    "not-signed": Case(Golden.of(SMALL, key_of("another")), "NOT_SIGNED"),
    "signature-changed": Case(replace(SOUND, note=SOUND.note[:-8] + "AAAAAA=\n"), "NOT_SIGNED"),
    "purged-unrecorded": Case(replace(SOUND, leaves=[*SOUND.leaves[:3], None, *SOUND.leaves[4:]]), "PURGED_UNRECORDED", 3, 3),
    "sound-purged-named": Case(GONE),
    "sound-purged-in-part": Case(purged(_NAMED, 1, 5, 6)),
    "purged-beyond-named": Case(purged(_NAMED), "PURGED_UNRECORDED", 1, 1),
    "purged-beyond-number": Case(purged(_OLDER), "PURGED_UNRECORDED", 0, 6),
    "after-finish": Case(Golden.of([*SMALL[:3], _FINISHED, SMALL[3]]), "AFTER_FINISH", 4, 4),
    "rolled-back": Case(Golden.of(SMALL[:4]), "ROLLED_BACK", 4, 6, kept="sound/checkpoint"),
    "forked": Case(with_body(3, _CHANGED), "FORKED", kept="sound/checkpoint"),
}


def proof(index: int) -> Proof:
    """Of an entry of the sound log."""
    _, made = grow(Frontier(), SOUND.hashes)
    path = inclusion(index, len(SOUND.hashes), lambda level, place: made[level, place])
    return Proof(index, path, SOUND.note)


def cosigned(*witnesses: Signer) -> str:
    """The checkpoint of the sound log with their lines."""
    text = Note.parse(SOUND.note).text
    return SOUND.note + "".join(each.line(text, MOMENT) for each in witnesses)


def proofs() -> dict[str, str]:
    """tlog-proofs of entry 2 of the sound log, but for the last, all of which are refused."""
    good = proof(2)
    return {
        "sound": str(good),
        "another-index": str(replace(good, index=3)),
        "path-too-short": str(replace(good, path=good.path[:-1])),
        "path-too-long": str(replace(good, path=(*good.path, bytes(32)))),
        "path-changed": str(replace(good, path=(bytes(32), *good.path[1:]))),
        "another-tree": str(replace(good, checkpoint=CASES["forked"].log.note)),
    }


def notes() -> dict[str, str]:
    """Checkpoints of the sound log: of its first three entries, and cosigned by both witnesses, by one, and falsely."""
    both = cosigned(*WITNESSES)
    return {
        "three-entries": note_of(SOUND.hashes[:3]),
        "cosigned": both,
        "cosigned-by-one": cosigned(WITNESSES[0]),
        "cosignature-changed": both[:-8] + "AAAAAA=\n",
    }


def manifest() -> dict[str, Any]:
    """What another implementation has to know."""
    told = {
        name: {"flaw": each.flaw, "first_bad": each.first_bad, "through": each.through, "kept": each.kept}
        for name, each in CASES.items()
    }
    return {"key": str(KEY.verifier), "proven_leaf_hash": SOUND.hashes[2].hex(), "logs": told}


def everything() -> dict[str, bytes]:
    """Every file of this folder that is made, by its path."""
    found = {f"{name}/{path}": content for name, case in CASES.items() for path, content in case.log.files().items()}
    texts: dict[str, Callable[[], dict[str, str]]] = {"proofs": proofs, "notes": notes}
    for folder, made in texts.items():
        found |= {f"{folder}/{name}": text.encode() for name, text in made().items()}
    found["policy"] = POLICY.encode()
    found["cases.json"] = (json.dumps(manifest(), indent=1) + "\n").encode()
    return found


def main() -> None:
    """Write them anew."""
    for folder in (each for each in HERE.iterdir() if each.is_dir()):
        shutil.rmtree(folder)
    for path, content in everything().items():
        (HERE / path).parent.mkdir(parents=True, exist_ok=True)
        (HERE / path).write_bytes(content)


if __name__ == "__main__":
    main()
