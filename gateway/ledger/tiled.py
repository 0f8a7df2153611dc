"""gateway.ledger.records.Records on the files of a log: a folder of C2SP tiles and bundles, or a server of them, that may lie.

Laws: the log is read as of the checkpoint that was there at the beginning; a tile that is read twice has to be the same twice; what is
not there ends the log, what is no bundle is Unreadable at the entry where it breaks. No signature is looked at: `verify` does that.
Source: C2SP tlog-tiles v1; docs/ledger.md.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from gateway.ledger import layout, tree
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.encoding import NONCE_SIZE, MalformedEntry, decode
from gateway.ledger.fetching import Fetch, Wanted
from gateway.ledger.layout import ENTRIES, LARGEST_LEAF, WIDTH, LayoutRefused, Tile, unbundled
from gateway.ledger.note import LARGEST, Note, NoteRefused
from gateway.ledger.records import BareRow, Contradicted, Head, LogUnusable, Unreadable, holder_column
from gateway.ledger.tiles import Nodes
from gateway.ledger.tree import HASH_SIZE, ProofRefused
from gateway.model.exchange import EntryKind

_MOST_OF_BUNDLE: Final = 2 + LARGEST_LEAF
_SCANNED: Final = 2048


class TiledRecords:
    """A log's files. The checkpoint is read when it is made, which raises LogUnusable."""

    def __init__(self, fetch: Fetch, *, entries: bool = True) -> None:
        """Without `entries` no bundle is read, and every entry is as if it was purged."""
        self._fetch = fetch
        self._entries = entries
        self._seen: dict[str, bytes] = {}
        self.checkpoint, self._stated = self._checkpoint()
        self._size = self._stated.size
        self.log = self._stated.origin

    @property
    def bodies(self) -> bool:
        """Whether entries are read."""
        return self._entries

    def head(self) -> Head:
        """As the protocol says; the frontier is what the tiles give, or nothing where they lack a part."""
        try:
            nodes = Nodes(self.tile)
            hashes = tuple(nodes(level, place) for level, place in tree.complete(0, self._size))
        except Contradicted:
            raise
        except LogUnusable:
            hashes = ()
        return Head(self._size, hashes, self.checkpoint)

    def end(self) -> tuple[Head, int]:
        """As the protocol says."""
        return self.head(), self._size

    def page(self, first: int, end: int, limit: int) -> Iterator[BareRow]:
        """As the protocol says."""
        first, end = max(first, 0), min(end, self._size, max(first, 0) + limit)
        places = range(first // WIDTH, -(-end // WIDTH))
        leaves = [self._tile(0, place) for place in places]
        bundles = [self._tile(ENTRIES, place) for place in places] if self._entries else []
        found = self._files([*leaves, *bundles])
        for number, place in enumerate(places):
            hashes, bundle = found[number], found[len(leaves) + number] if bundles else b""
            if hashes is None or bundle is None:
                return
            for row in self._rows(place, leaves[number].width, hashes, bundle):
                if first <= row.idx < end:
                    yield row

    def find(
        self,
        after: int,
        limit: int,
        *,
        exchange_id: str | None = None,
        kind: EntryKind | None = None,
        holder: str | None = None,
        purged: bool = False,
    ) -> Sequence[BareRow]:
        """As the protocol says, by reading every entry. Whose a purged one was is not known, so it is found where all are asked for."""
        found: list[BareRow] = []
        first = max(after + 1, 0)
        while first < self._size and len(found) < limit:
            everything = exchange_id is kind is holder is None
            page = list(self.page(first, self._size, min(_SCANNED, limit) if everything else _SCANNED))
            if not page:
                break
            found += [
                row for row in page if (purged and everything if row.body is None else _fits(row.body, exchange_id, kind, holder))
            ]
            first = page[-1].idx + 1
        return found[:limit]

    def tile(self, level: int, place: int) -> bytes:
        """As the protocol says; empty where there is none."""
        wanted = self._tile(level, place)
        return (self._files([wanted])[0] or b"") if wanted.width > 0 else b""

    def has_replay_key(self, replay_key: str) -> bool:
        """As the protocol says, by reading every entry; that of a purged one is not known."""
        found = self.find(-1, max(self._size, 1), kind=EntryKind.INTENT)
        return any(decode(row.body or b"").replay_key == replay_key for row in found)

    def has_outcome(self, exchange_id: str, index: int) -> bool:
        """As the protocol says, by reading every entry."""
        found = self.find(-1, 1, exchange_id=exchange_id, kind=EntryKind.OUTCOME)
        return bool(found) and found[0].idx < index

    def close(self) -> None:
        """As the protocol says."""
        self._fetch.close()

    def renew(self) -> bool:
        """Read the log as of the checkpoint that is there now; False where that is no newer one. Raises Contradicted, LogUnusable."""
        note, newer = self._checkpoint()
        if newer.size == self._stated.size:
            return False
        self._check_extended(newer)
        self.checkpoint, self._stated = note, newer
        return True

    def look_again(self) -> None:
        """Read the checkpoint and some tiles once more. Raises Contradicted where they take back what was read, LogUnusable."""
        for place in {0, self._size // WIDTH - 1} if self._size >= WIDTH else ():
            self.tile(0, place)
        _, newer = self._checkpoint()
        self._check_extended(newer)

    def _check_extended(self, newer: Checkpoint) -> None:
        """Whether a checkpoint extends the one that the log is read as of; from then on what it covers is read too. Raises as above."""
        if newer.origin != self.log or newer.size < self._stated.size:
            raise Contradicted(f"the checkpoint had {self._stated.size} entries, and later {newer.size}")
        older, self._size = self._stated, newer.size
        try:
            proof = tree.consistency(older.size, newer.size, Nodes(self.tile))
            tree.verify_consistency(older.size, newer.size, older.root, newer.root, proof)
        except ProofRefused as error:
            raise Contradicted("the later checkpoint does not extend the earlier one") from error

    def _checkpoint(self) -> tuple[str, Checkpoint]:
        (content,) = self._fetch([Wanted(layout.CHECKPOINT, LARGEST)])
        if content is None:
            raise LogUnusable(f"there is no {layout.CHECKPOINT}: name the folder or the address that holds it")
        try:
            note = content.decode()
            return note, Checkpoint.parse(Note.parse(note).text)
        except (NoteRefused, UnicodeDecodeError) as error:
            raise LogUnusable(f"{layout.CHECKPOINT} cannot be read: {error}") from error

    def _tile(self, level: int, place: int) -> Tile:
        """The file that holds this tile, as far as the checkpoint covers it."""
        filled = self._size if level == ENTRIES else self._size >> (8 * level)
        return Tile(level, place, min(WIDTH, filled - place * WIDTH))

    def _files(self, wanted: Sequence[Tile]) -> list[bytes | None]:
        """The files; of a tile that has grown meanwhile, its beginning. Raises Contradicted, LogUnusable."""
        found = list(self._fetch([_named(each) for each in wanted]))
        for number, each in enumerate(wanted):
            content = found[number]
            if content is None and each.level != ENTRIES and each.width < WIDTH:
                (full,) = self._fetch([_named(Tile(each.level, each.place))])
                content = found[number] = full[: each.width * HASH_SIZE] if full else None
            # A bundle may lose an entry between two readings, by a purge; a tile may not.
            if content is not None and each.level != ENTRIES:
                self._remember(str(each), sha256(content).digest())
        return found

    def _remember(self, path: str, digest: bytes) -> None:
        if self._seen.setdefault(path, digest) != digest:
            raise Contradicted(f"{path} was one thing when it was read first, and another later")

    def _rows(self, place: int, width: int, hashes: bytes, bundle: bytes) -> Iterator[BareRow]:
        leaves = unbundled(bundle, width) if self._entries else iter([None] * width)
        try:
            for number, leaf in enumerate(leaves):
                hash_ = hashes[number * HASH_SIZE : (number + 1) * HASH_SIZE]
                nonce, body = (leaf[:NONCE_SIZE], leaf[NONCE_SIZE:]) if leaf is not None else (None, None)
                yield BareRow(place * WIDTH + number, hash_, nonce, body)
        except LayoutRefused as error:
            raise Unreadable(f"the bundle of entries from {place * WIDTH} on: {error}") from error


def _named(tile: Tile) -> Wanted:
    return Wanted(str(tile), tile.width * (_MOST_OF_BUNDLE if tile.level == ENTRIES else HASH_SIZE))


def _fits(body: bytes, exchange_id: str | None, kind: EntryKind | None, holder: str | None) -> bool:
    if exchange_id is kind is holder is None:
        return True
    try:
        entry = decode(body)
    except MalformedEntry:
        return False
    return (
        exchange_id in (None, entry.exchange_id) and kind in (None, entry.kind) and holder in (None, holder_column(entry.facts))
    )
