"""A finished log as a folder of files, sealed: what an auditor takes away, and reads with tools that we did not write.

Laws: the same log gives the same files, byte for byte; nobody but the owner may read them; what was purged is not there; the folder
appears whole, and only after it has been read back and found sound. One flaw does not keep a log from being sealed, for it takes nothing
from what stands before: AFTER_FINISH. It is told in the folder, and whoever verifies that finds it.
Source: C2SP tlog-tiles v1; docs/ledger.md.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from gateway.ledger import layout
from gateway.ledger.examining import Flaw
from gateway.ledger.fetching import Folder
from gateway.ledger.layout import ENTRIES, WIDTH, LayoutRefused, Tile, bundle, tiles
from gateway.ledger.note import Note, NoteRefused, Verifier
from gateway.ledger.reading import silent
from gateway.ledger.records import Head, LogUnusable, Records
from gateway.ledger.tiled import TiledRecords
from gateway.ledger.tree import HASH_SIZE
from gateway.ledger.verdict import Verdict
from gateway.ledger.verifying import wary

SUMS: Final = "SHA256SUMS"
KEYS: Final = "keys"
"""The verifier keys of the log, one a line."""
README: Final = "README.md"

_OWNER_ONLY: Final = 0o600
_FOLDER: Final = 0o700


class Unsound(LogUnusable):
    """The log is not what was written: a finding."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in the folder: entries, how many of them are purged, files, and the SHA-256 of SHA256SUMS, which says all of it.

    `after_finish` is the index of the first entry that should not stand behind the end; None where there is none.
    """

    log: str
    entries: int
    purged: int
    files: int
    digest: str
    after_finish: int | None = None


def export(
    records: Records,
    folder: Path,
    verifiers: Sequence[Verifier],
    cosigned: str | None = None,
    progress: Callable[[int, int], None] = silent,
) -> Exported:
    """Write the log into `folder`, which must not be there; `cosigned` is a note of it that witnesses have signed.

    Of `verifiers` one at least has signed its checkpoint; those that have go with it.
    Raises LogUnusable, OSError; then there is no folder. Raises Unsound where the log is not what was written.
    """
    if folder.exists():
        raise LogUnusable(f"{folder} is there already: name a folder that is not")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        head = records.head()
        signed_by = _signed_by(head, verifiers)
        sums = _written(beside, _files(records, head, cosigned, progress))
        verdict = _verified(beside, signed_by)
        _check_sound(verdict, has_grown=records.head().size > head.size)
        sums |= _written(beside, _words(records.log, head.size, signed_by, verdict))
        told = _told(sums)
        _write(beside, SUMS, told)
        for each in (beside, *(each for each in beside.rglob("*") if each.is_dir())):
            _sync(each, os.O_DIRECTORY)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside)
        raise
    return Exported(records.log, head.size, verdict.purged, len(sums) + 1, sha256(told).hexdigest(), verdict.first_bad)


def _signed_by(head: Head, verifiers: Sequence[Verifier]) -> Sequence[Verifier]:
    """Those who have signed the newest checkpoint. Raises Unsound where nobody has."""
    try:
        found = Note.parse(head.checkpoint).verified(verifiers)
    except NoteRefused:
        found = {}
    if not found:
        raise Unsound(f"the log is not exported, for it is not sound ({Flaw.NOT_SIGNED}): verify it")
    return tuple(found)


def _verified(folder: Path, verifiers: Sequence[Verifier]) -> Verdict:
    """What was written, read back. Raises LogUnusable."""
    return wary(TiledRecords(Folder(folder)), verifiers)


def _check_sound(verdict: Verdict, *, has_grown: bool) -> None:
    """Raises Unsound; LogUnusable where the entry that accounts for what is gone may have come while the log was read."""
    if verdict.flaw is Flaw.PURGED_UNRECORDED and has_grown:
        raise LogUnusable("the log has grown while it was read, so a purge may have begun: export it again")
    if verdict.flaw not in (None, Flaw.AFTER_FINISH):
        raise Unsound(f"the log is not exported, for it is not sound ({verdict.flaw}): verify it")


def _words(log: str, size: int, verifiers: Sequence[Verifier], verdict: Verdict) -> Iterator[tuple[str, bytes]]:
    """What goes with the log for whoever reads it."""
    yield KEYS, "".join(f"{each}\n" for each in verifiers).encode()
    flawed = "" if verdict.flaw is None else _AFTER_FINISH.format(index=verdict.first_bad)
    yield README, _README.format(log=log, size=size, keys=" ".join(f"--key {each}" for each in verifiers), flawed=flawed).encode()


def _files(
    records: Records, head: Head, cosigned: str | None, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, bytes]]:
    """The log, by the paths of its files."""
    yield from _checkpoints(head, cosigned)
    for level in range(8):
        for tile in tiles(level, head.size):
            yield str(tile), records.tile(level, tile.place)[: tile.width * HASH_SIZE]
    for tile in tiles(ENTRIES, head.size):
        yield str(tile), _bundle(records, tile)
        progress(tile.place * WIDTH + tile.width, head.size)


def _checkpoints(head: Head, cosigned: str | None) -> Iterator[tuple[str, bytes]]:
    """The newest, with the lines of witnesses if it is the one that they signed; theirs beside it, if it is an older one."""
    note = Note.parse(head.checkpoint)
    try:
        theirs = Note.parse(cosigned) if cosigned else None
    except NoteRefused:
        theirs = None
    if theirs is not None and theirs.text == note.text and cosigned is not None:
        yield layout.CHECKPOINT, cosigned.encode()
        return
    yield layout.CHECKPOINT, head.checkpoint.encode()
    if theirs is not None and cosigned is not None:
        yield layout.COSIGNED, cosigned.encode()


def _bundle(records: Records, tile: Tile) -> bytes:
    first = tile.place * WIDTH
    found = list(records.page(first, first + tile.width, tile.width))
    try:
        leaves = [None if row.body is None or row.nonce is None else row.nonce + row.body for row in found]
        whole = bundle(leaves)
    except (LayoutRefused, TypeError) as error:  # a TypeError is of a column that is no bytes
        raise Unsound(f"entries {first} to {first + tile.width - 1} have no place in files: {error}") from error
    if len(leaves) != tile.width:
        raise Unsound(f"entries are missing between {first} and {first + tile.width - 1}: verify the log")
    return whole


def _written(folder: Path, files: Iterator[tuple[str, bytes]]) -> dict[str, str]:
    """Writes them; gives the digest of each by its path."""
    sums = {}
    for path, content in files:
        _write(folder, path, content)
        sums[path] = sha256(content).hexdigest()
    return sums


def _told(sums: dict[str, str]) -> bytes:
    """What SHA256SUMS says."""
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()


def _write(folder: Path, path: str, content: bytes) -> None:
    file = folder / path
    for parent in reversed(file.relative_to(folder).parents[:-1]):
        (folder / parent).mkdir(mode=_FOLDER, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    _sync(file)


def _sync(path: Path, flags: int = 0) -> None:
    """On the disk, before the folder gets its name."""
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_AFTER_FINISH: Final = """
**Something was recorded in this log after its end.** `verify` says AFTER_FINISH of entry {index}, and ends with status 1. All that stands
before that entry, and its order, is proven as in any other log; from there on stands what no program of the log should have written, signed
with the log's key: read these entries, and ask who wrote them.
"""
_README: Final = """\
# The evidence log {log}

{size} entries, finished and sealed. Everything here follows from the log: exporting it again gives the same files.
{flawed}
| file | holds |
|---|---|
| checkpoint | name, size and root of the log, signed (C2SP tlog-checkpoint, signed-note); with witnesses' lines, if any are of this one |
| checkpoint.cosigned | if it is here: an earlier checkpoint that witnesses have cosigned (C2SP tlog-cosignature) |
| keys | the log's public keys, C2SP vkeys; compare them with a copy that you had from elsewhere |
| tile/0/..., tile/1/... | the tree's hashes (C2SP tlog-tiles, RFC 6962) |
| tile/entries/... | the entries: each two bytes of length, then 16 bytes of chance and a JSON body; length 0 where a body was purged |
| SHA256SUMS | the digest of every file but itself |

What to do with it:

    sha256sum --check --quiet SHA256SUMS
    kuacheng ledger verify --file . {keys}
    kuacheng ledger list --file .

The first finds a file that was damaged; it proves nothing, because whoever changes a file can change the list. The second makes the tree
anew from the entries and holds it against the signed checkpoint; give it the keys that you had from elsewhere. Any other program that
reads these formats comes to the same. A checkpoint or a receipt that you kept goes to `--checkpoint`.

The last entry but for purges names the log that follows. Holders' numbers stand here as keyed hashes only, departments and officials'
accounts in clear: keep the folder as you keep a register.
"""
