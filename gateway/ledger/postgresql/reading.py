"""gateway.ledger.records.Records on the log in PostgreSQL.

Laws: a reading has a connection of its own, and one statement a question, so that it neither waits for who appends nor holds up who
cleans the tables.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final, Self

from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.connecting import Connection, Database, told
from gateway.ledger.records import Head, Row, as_row
from gateway.ledger.tiles import WIDTH
from gateway.model.exchange import EntryKind

_WHAT: Final = "the evidence log cannot be read"


class PostgresqlRecords:
    """A log's schema. Made by `open`."""

    def __init__(self, connection: Connection, name: str, log: str) -> None:
        self._connection = connection
        self._schema = name
        self.log = log

    @classmethod
    def open(cls, database: Database) -> Self:
        """Connect; raises LogUnusable, which says what to do."""
        connection = database.connect()
        try:
            with told(_WHAT):
                return cls(connection, database.schema, schema.log_name(connection, database.schema))
        except BaseException:
            connection.close()
            raise

    def head(self) -> Head:
        """As the protocol says."""
        with told(_WHAT):
            return schema.head(self._connection, self._schema)

    def end(self) -> tuple[Head, int]:
        """As the protocol says."""
        with told(_WHAT):
            return schema.end(self._connection, self._schema)

    def page(self, first: int, end: int, limit: int) -> Iterator[Row]:
        """As the protocol says."""
        query = f"SELECT {schema.COLUMNS} FROM {self._schema}.entries WHERE idx >= %s AND idx < %s ORDER BY idx LIMIT %s"
        return map(as_row, self._asked(query, (first, end, limit)))

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
        where = "".join(f" AND {column} = %s" for column in wanted)
        where += "" if purged else " AND body IS NOT NULL"
        query = f"SELECT {schema.COLUMNS} FROM {self._schema}.entries WHERE idx > %s{where} ORDER BY idx LIMIT %s"
        return [Row._make(row) for row in self._asked(query, (after, *wanted.values(), limit))]

    def tile(self, level: int, place: int) -> bytes:
        """As the protocol says."""
        with told(_WHAT):
            return tile(self._connection, self._schema, level, place)

    def has_replay_key(self, replay_key: str) -> bool:
        """As the protocol says."""
        return bool(self._asked(f"SELECT 1 FROM {self._schema}.entries WHERE replay_key = %s", (replay_key,)))

    def has_outcome(self, exchange_id: str, index: int) -> bool:
        """As the protocol says."""
        query = f"SELECT 1 FROM {self._schema}.entries WHERE exchange_id = %s AND kind = %s AND idx < %s"
        return bool(self._asked(query, (exchange_id, EntryKind.OUTCOME.value, index)))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _asked(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with told(_WHAT):
            return self._connection.execute(query.encode(), values, binary=True).fetchall()


def tile(connection: Connection, name: str, level: int, place: int) -> bytes:
    """As `Records.tile`. Raises psycopg.Error."""
    if level == 0:
        query = f"SELECT leaf_hash FROM {name}.entries WHERE idx >= %s AND idx < %s ORDER BY idx"
        found = connection.execute(query.encode(), (place * WIDTH, (place + 1) * WIDTH), binary=True)
        return b"".join(row[0] for row in found)
    query = f"SELECT hashes FROM {name}.tiles WHERE level = %s AND place = %s"
    row = connection.execute(query.encode(), (level, place), binary=True).fetchone()
    return bytes(row[0]) if row else b""


def is_begun(database: Database) -> bool:
    """Whether the schema holds a log that somebody has begun. Raises LogUnusable."""
    with told(_WHAT), closing(database.connect()) as connection:
        meta = f"{database.schema}.meta"
        if connection.execute("SELECT to_regclass(%s) IS NOT NULL", (meta,)).fetchone() != (True,):
            return False
        return connection.execute(f"SELECT 1 FROM {meta}".encode()).fetchone() is not None
