"""The evidence log, read: list, prove and verify, while the gateway writes.

Laws: the file is opened for reading only; no transaction outlives a page of rows, so a long reading never holds up the writer's
checkpoints.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.ledger import schema, tiles, tree
from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import MalformedEntry, decode
from gateway.ledger.note import Note, Verifier
from gateway.ledger.schema import Head, LogUnusable
from gateway.ledger.tiles import WIDTH, Nodes
from gateway.ledger.tree import HASH_SIZE, Place
from gateway.ledger.verdict import File, Row, Verdict, compared, judge
from gateway.model.exchange import Entry, EntryKind, Recorded

_PAGE: Final = 2048
_SELECT: Final = "SELECT idx, kind, exchange_id, at, replay_key, leaf_hash, nonce, body FROM entries"
_SELECT_PAGE: Final = f"{_SELECT} WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?"
_LOWEST: Final = -(2**63)

Progress = Callable[[int, int], None]
"""Told, now and then, how many entries of how many have been looked at."""


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One entry as the log holds it. `body` is its canonical bytes, `nonce` and `leaf_hash` as docs/ledger.md has them."""

    index: int
    entry: Entry
    leaf_hash: bytes
    nonce: bytes
    body: bytes

    @property
    def leaf(self) -> bytes:
        """What the leaf hash covers."""
        return self.nonce + self.body


class Log:
    """A log's file, open for reading; made by `open`, a context manager. For one thread."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file; raises LogUnusable, which says what to do."""
        with _readable(path):
            return cls(*schema.connect_reader(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def size(self) -> int:
        """Return the number of entries."""
        return self._head().size

    def checkpoint(self) -> str:
        """Return the newest checkpoint, a signed note; it covers all entries that stand."""
        return self._head().checkpoint

    def root(self, size: int) -> bytes:
        """Return the root of the tree of the first `size` entries; raises LogUnusable where there are not so many."""
        with _readable("the evidence log"):
            return tree.root_of(size, Nodes(self._connection))

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of an entry in the tree of the first `size`. Raises ValueError, LogUnusable."""
        with _readable("the evidence log"):
            return tree.inclusion(index, size, Nodes(self._connection))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return that the tree of the first `new` entries extends that of the first `old`. Raises ValueError, LogUnusable."""
        with _readable("the evidence log"):
            return tree.consistency(old, new, Nodes(self._connection))

    def tile(self, level: int, place: int) -> bytes:
        """Return the hashes of a tile as far as it is filled, one after the other; raises LogUnusable."""
        with _readable("the evidence log"):
            return tiles.tile(self._connection, level, place)

    def recorded(self, entry: LoggedEntry, checkpoint: str | None = None) -> Recorded:
        """Return where an entry stands, proven under this checkpoint of the log, or the newest. Raises ValueError, LogUnusable."""
        note = self.checkpoint() if checkpoint is None else checkpoint
        path = self.inclusion(entry.index, Checkpoint.parse(Note.parse(note).text).size)
        return Recorded(self.name, entry.index, entry.leaf, str(Proof(entry.index, path, note)))

    def entries(
        self, after: int = -1, limit: int = 100, *, exchange_id: str | None = None, kind: EntryKind | None = None
    ) -> tuple[LoggedEntry, ...]:
        """Return up to `limit` entries with a higher index than `after`, in order; of one exchange or one kind only, if named.

        Raises LogUnusable for an entry that cannot be read; `verify` then says more.
        """
        where = " WHERE idx > ?"
        values: list[object] = [after]
        for column, value in (("exchange_id", exchange_id), ("kind", kind)):
            if value is not None:
                where += f" AND {column} = ?"
                values.append(str(value))
        with _readable("the evidence log"):
            rows = self._connection.execute(f"{_SELECT}{where} ORDER BY idx LIMIT ?", (*values, limit))
            return tuple(_logged(Row._make(row)) for row in rows)

    def entry(self, index: int) -> LoggedEntry | None:
        """Return the entry with this index, or None; raises LogUnusable."""
        return next((found for found in self.entries(index - 1, 1) if found.index == index), None)

    def verify(
        self, verifiers: Sequence[Verifier] = (), kept: Checkpoint | None = None, progress: Progress = lambda *_: None
    ) -> Verdict:
        """Judge all entries that stand when it begins, reading each once.

        `verifiers` must all have signed the log's checkpoint; `kept` is a checkpoint of this log that was kept elsewhere and whose
        signatures are verified already. Raises LogUnusable.
        """
        head, present = self._end()
        file = File(self.name, head, present, self._stored(), self._has_outcome)
        verdict = judge(file, self._rows(min(head.size, present), progress), verifiers)
        return compared(verdict, kept, self.root) if kept else verdict

    def _head(self) -> Head:
        with _readable("the evidence log"):
            return Head.read(self._connection)

    def _end(self) -> tuple[Head, int]:
        """The head, and one more than the highest index, as of one moment, whatever is being written."""
        with _readable("the evidence log"):
            self._connection.execute("BEGIN")
            try:
                (present,) = self._connection.execute("SELECT ifnull(max(idx) + 1, 0) FROM entries").fetchone()
                return Head.read(self._connection), present
            finally:
                self._connection.execute("ROLLBACK")

    def _rows(self, size: int, progress: Progress) -> Iterator[Row | None]:
        first, read = _LOWEST, _PAGE
        while read == _PAGE:
            read = 0
            try:
                for row in map(Row._make, self._connection.execute(_SELECT_PAGE, (first, size, _PAGE))):
                    yield row
                    first, read = row.idx + 1, read + 1
            except sqlite3.DatabaseError:
                yield None
            progress(max(first, 0), size)

    def _stored(self) -> Callable[[int, int], bytes | None]:
        """A hash at a place of a level of tiles; keeps the last tile of each level."""
        last: dict[int, tuple[Place, bytes]] = {}

        def stored(level: int, place: int) -> bytes | None:
            at, number = divmod(place, WIDTH)
            if last.get(level, (None, b""))[0] != (level, at):
                try:
                    last[level] = (level, at), tiles.tile(self._connection, level, at)
                except sqlite3.DatabaseError:
                    return None
            return last[level][1][number * HASH_SIZE : (number + 1) * HASH_SIZE]

        return stored

    def _has_outcome(self, exchange_id: str, index: int) -> bool:
        query = "SELECT 1 FROM entries WHERE exchange_id = ? AND kind = ? AND idx < ?"
        with _readable("the evidence log"):
            return self._connection.execute(query, (exchange_id, EntryKind.OUTCOME.value, index)).fetchone() is not None


def _logged(row: Row) -> LoggedEntry:
    try:
        entry = decode(row.body)
    except MalformedEntry as error:
        raise LogUnusable(f"entry {row.idx} cannot be read, {error}: verify the log") from error
    return LoggedEntry(row.idx, entry, row.leaf_hash, row.nonce, row.body)


@contextmanager
def _readable(what: object) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LogUnusable(f"{what} cannot be read: {error}") from error
