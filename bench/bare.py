"""The least that keeping the ledger's rows costs: one table with the same columns and indexes; no tree, signature, proof, right or trigger.

It is filled in two ways. `grouped` is what an appender does: as many callers as the ledger's, each of whom waits until its row is
durable, behind the same queue and the same thread as the ledger's (gateway.ledger.batching). `inserted` waits for nobody: one thread,
one batch after another, every row known beforehand; it says what disk and database can do, and no appender can be as quick.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import psycopg

from gateway.ledger.batching import GroupCommit
from tests.postgresql import Server

Values = tuple[object, ...]
"""A row, in the order of gateway.ledger.records.Row."""


class Table(Protocol):
    """The table, in a store."""

    def insert(self, rows: Sequence[Values]) -> None:
        """One transaction, durable when it returns."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SqliteTable:
    """In a file of its own, durable as the ledger's."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4096;"
            "CREATE TABLE entries (idx INTEGER PRIMARY KEY, kind, exchange_id, at, replay_key, holder, leaf_hash, nonce, body);"
            "CREATE UNIQUE INDEX r ON entries (replay_key); CREATE UNIQUE INDEX e ON entries (exchange_id, kind);"
            "CREATE INDEX h ON entries (holder, idx) WHERE holder IS NOT NULL"
        )

    def insert(self, rows: Sequence[Values]) -> None:
        """As the protocol says."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?)", rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """As the protocol says."""
        self._connection.close()


class PostgresqlTable:
    """In a server, one prepared statement a batch, by the owner."""

    def __init__(self, server: Server) -> None:
        self._connection = psycopg.connect(
            host=str(server.folder), dbname="postgres", user="owner", autocommit=True, prepare_threshold=0
        )
        for statement in (
            "DROP TABLE IF EXISTS entries",
            "CREATE TABLE entries (idx BIGINT PRIMARY KEY, kind TEXT, exchange_id TEXT, at TEXT, replay_key TEXT, holder TEXT,"
            "leaf_hash BYTEA, nonce BYTEA, body BYTEA)",
            "CREATE UNIQUE INDEX ON entries (replay_key)",
            "CREATE UNIQUE INDEX ON entries (exchange_id, kind)",
            "CREATE INDEX ON entries (holder, idx) WHERE holder IS NOT NULL",
        ):
            self._connection.execute(statement)
        types = ", ".join(f"%b::{kind}[]" for kind in ("bigint", *["text"] * 5, *["bytea"] * 3))
        self._statement = f"INSERT INTO entries SELECT * FROM unnest({types})".encode()  # noqa: S608 - of our own types

    def insert(self, rows: Sequence[Values]) -> None:
        """As the protocol says."""
        self._connection.execute(self._statement, [list(column) for column in zip(*rows, strict=True)])

    def close(self) -> None:
        """As the protocol says."""
        self._connection.close()


class _Store:
    """gateway.ledger.batching.Store on a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def commit(self, items: Sequence[Values]) -> Sequence[None]:
        self._table.insert(items)
        return [None] * len(items)

    def rest(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self._table.close()


async def grouped(opened: Callable[[], Table], rows: Sequence[Values], in_flight: int) -> None:
    """Fill it from so many callers, each of whom waits for one row before the next."""
    group: GroupCommit[Values, None] = GroupCommit(_Store(opened()), name="bare", queue_limit=len(rows))
    work = iter(rows)

    async def caller() -> None:
        for row in work:
            await group.submit(row)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    await group.close()


def inserted(opened: Callable[[], Table], rows: Sequence[Values], batch: int) -> None:
    """Fill it, so many rows to a transaction."""
    with closing(opened()) as table:
        for first in range(0, len(rows), batch):
            table.insert(rows[first : first + batch])
