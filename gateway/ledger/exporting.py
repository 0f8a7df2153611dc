"""A finished log as a folder of files, sealed: what an auditor takes away, and reads with tools that we did not write.

Laws: the same log gives the same files, byte for byte; nobody but the owner may read them; what was purged is not there; the folder
appears whole, and only after it has been read back and found sound.
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


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in the folder: entries, how many of them are purged, files, and the SHA-256 of SHA256SUMS, which says all of it."""

    log: str
    entries: int
    purged: int
    files: int
    digest: str


def export(
    records: Records,
    folder: Path,
    verifiers: Sequence[Verifier],
    cosigned: str | None = None,
    progress: Callable[[int, int], None] = silent,
) -> Exported:
    """Write the log into `folder`, which must not be there; `cosigned` is a note of it that witnesses have signed.

    Raises LogUnusable, OSError; then there is no folder.
    """
    if folder.exists():
        raise LogUnusable(f"{folder} is there already: name a folder that is not")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        sums = _written(beside, _files(records, verifiers, cosigned, progress))
        verdict = _verified(beside, verifiers)
        for each in (beside, *(each for each in beside.rglob("*") if each.is_dir())):
            _sync(each, os.O_DIRECTORY)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside)
        raise
    return Exported(records.log, verdict.entries, verdict.purged, sums.count(b"\n") + 1, sha256(sums).hexdigest())


def _verified(folder: Path, verifiers: Sequence[Verifier]) -> Verdict:
    """What was written, read back. Raises LogUnusable."""
    verdict = wary(TiledRecords(Folder(folder)), verifiers)
    if verdict.flaw:
        raise LogUnusable(f"the log is not exported, for it is not sound ({verdict.flaw}): verify it")
    return verdict


def _files(
    records: Records, verifiers: Sequence[Verifier], cosigned: str | None, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, bytes]]:
    """Every file but SHA256SUMS, by its path."""
    head = records.head()
    yield from _checkpoints(head, cosigned)
    yield KEYS, "".join(f"{each}\n" for each in verifiers).encode()
    yield README, _README.format(log=records.log, size=head.size, keys=" ".join(f"--key {each}" for each in verifiers)).encode()
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
        raise LogUnusable(f"entries {first} to {first + tile.width - 1} have no place in files: {error}") from error
    if len(leaves) != tile.width:
        raise LogUnusable(f"entries are missing between {first} and {first + tile.width - 1}: verify the log")
    return whole


def _written(folder: Path, files: Iterator[tuple[str, bytes]]) -> bytes:
    """Writes them, and SHA256SUMS; gives what that says."""
    sums = {}
    for path, content in files:
        _write(folder, path, content)
        sums[path] = sha256(content).hexdigest()
    told = "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()
    _write(folder, SUMS, told)
    return told


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


_README: Final = """\
# The evidence log {log}

{size} entries, finished and sealed. Everything here follows from the log: exporting it again gives the same files.

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
