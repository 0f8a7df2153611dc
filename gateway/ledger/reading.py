"""The evidence log, read: list, show and verify, while the gateway writes.

Laws: the file is opened for reading only; no transaction outlives a page of rows, so a long reading never holds up the writer's
checkpoints.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.ledger import schema
from gateway.ledger.encoding import MalformedEntry, decode
from gateway.ledger.schema import LogUnusable
from gateway.ledger.verdict import End, Row, Verdict, judge
from gateway.model.exchange import Entry, EntryKind, Recorded

_PAGE: Final = 2048
_SELECT: Final = "SELECT idx, kind, exchange_id, at, replay_key, nonce, body, leaf_hash, chain FROM entries"
_SELECT_PAGE: Final = f"{_SELECT} WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?"
_LOWEST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One entry as the log holds it. `body` is its canonical bytes, `nonce` and `chain` as docs/ledger.md has them."""

    recorded: Recorded
    entry: Entry
    nonce: bytes
    body: bytes
    chain: bytes


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
        return self._end().entries

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
            return tuple(self._logged(Row._make(row)) for row in rows)

    def entry(self, index: int) -> LoggedEntry | None:
        """Return the entry with this index, or None; raises LogUnusable."""
        return next((found for found in self.entries(index - 1, 1) if found.recorded.index == index), None)

    def verify(self) -> Verdict:
        """Judge all entries that stand when it begins, reading each once."""
        end = self._end()
        return judge(self.name, self._rows(min(end.entries, end.present)), end, self._has_outcome)

    def _logged(self, row: Row) -> LoggedEntry:
        try:
            entry = decode(row.body)
        except MalformedEntry as error:
            raise LogUnusable(f"entry {row.idx} cannot be read, {error}: verify the log") from error
        return LoggedEntry(Recorded(self.name, row.idx, row.leaf_hash), entry, row.nonce, row.body, row.chain)

    def _end(self) -> End:
        # One statement, so one moment, whatever is being written.
        query = "SELECT (SELECT entries FROM head), (SELECT chain FROM head), (SELECT max(idx) + 1 FROM entries)"
        with _readable("the evidence log"):
            entries, chain, present = self._connection.execute(query).fetchone()
        return End(entries or 0, chain or b"", present or 0)

    def _rows(self, size: int) -> Iterator[Row | None]:
        first, read = _LOWEST, _PAGE
        while read == _PAGE:
            read = 0
            try:
                for row in map(Row._make, self._connection.execute(_SELECT_PAGE, (first, size, _PAGE))):
                    yield row
                    first, read = row.idx + 1, read + 1
            except sqlite3.DatabaseError:
                yield None

    def _has_outcome(self, exchange_id: str, index: int) -> bool:
        query = "SELECT 1 FROM entries WHERE exchange_id = ? AND kind = ? AND idx < ?"
        with _readable("the evidence log"):
            return self._connection.execute(query, (exchange_id, EntryKind.OUTCOME.value, index)).fetchone() is not None


@contextmanager
def _readable(what: object) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LogUnusable(f"{what} cannot be read: {error}") from error
