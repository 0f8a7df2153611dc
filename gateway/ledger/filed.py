"""gateway.ledger.records.Records on the log's SQLite file.

Laws: the file is opened for reading only; no transaction outlives a page of rows, so a long reading never holds up the writer's
checkpoints.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from gateway.ledger import schema
from gateway.ledger.records import Head, LogUnusable, Row, Unreadable, as_row
from gateway.model.exchange import EntryKind

_SELECT: Final = "SELECT idx, kind, exchange_id, at, replay_key, holder, leaf_hash, nonce, body FROM entries"
_SELECT_PAGE: Final = f"{_SELECT} WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?"


class FiledRecords:
    """A log's file. Made by `open`."""

    def __init__(self, connection: sqlite3.Connection, log: str) -> None:
        self._connection = connection
        self.log = log

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file; raises LogUnusable, which says what to do."""
        with _readable(path):
            return cls(*schema.connect_reader(path))

    def head(self) -> Head:
        """As the protocol says."""
        with _readable():
            return schema.read_head(self._connection)

    def end(self) -> tuple[Head, int]:
        """As the protocol says."""
        with _readable():
            self._connection.execute("BEGIN")
            try:
                (present,) = self._connection.execute("SELECT ifnull(max(idx) + 1, 0) FROM entries").fetchone()
                return schema.read_head(self._connection), present
            finally:
                self._connection.execute("ROLLBACK")

    def page(self, first: int, end: int, limit: int) -> Iterator[Row]:
        """As the protocol says."""
        with _readable():
            yield from map(as_row, self._connection.execute(_SELECT_PAGE, (first, end, limit)))

    def find(
        self,
        after: int,
        limit: int,
        *,
        exchange_id: str | None = None,
        kind: EntryKind | None = None,
        holder: str | None = None,
        purged: bool = False,
    ) -> Sequence[Row]:
        """As the protocol says."""
        named = {"exchange_id": exchange_id, "kind": kind.value if kind else None, "holder": holder}
        wanted = {column: value for column, value in named.items() if value is not None}
        where = "".join(f" AND {column} = :{column}" for column in wanted)
        query = f"{_SELECT} WHERE idx > :after{'' if purged else ' AND body IS NOT NULL'}{where} ORDER BY idx LIMIT :limit"
        with _readable():
            return [Row._make(row) for row in self._connection.execute(query, {"after": after, "limit": limit, **wanted})]

    def tile(self, level: int, place: int) -> bytes:
        """As the protocol says."""
        with _readable():
            return schema.tile(self._connection, level, place)

    def has_replay_key(self, replay_key: str) -> bool:
        """As the protocol says."""
        with _readable():
            return self._connection.execute("SELECT 1 FROM entries WHERE replay_key = ?", (replay_key,)).fetchone() is not None

    def has_outcome(self, exchange_id: str, index: int) -> bool:
        """As the protocol says."""
        query = "SELECT 1 FROM entries WHERE exchange_id = ? AND kind = ? AND idx < ?"
        with _readable():
            return self._connection.execute(query, (exchange_id, EntryKind.OUTCOME.value, index)).fetchone() is not None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@contextmanager
def _readable(what: object = "the evidence log") -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Unreadable(f"{what} cannot be read: {error}") from error
    except sqlite3.Error as error:
        raise LogUnusable(f"{what} cannot be read: {error}") from error
