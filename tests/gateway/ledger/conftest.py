"""Entries of exchanges that never were, and a ledger on a fresh file."""

import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from gateway.ledger.encoding import moment
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.act import Actor, HostRole
from gateway.model.exchange import Entry, EntryKind, Fact
from tests.gateway.ledger.keyring import signers

LOG = "kuacheng.test/2026a"
AT = datetime(2026, 5, 9, 7, 35, 25, 123456, UTC)
WHO = MappingProxyType(
    {"agreement": "gz-fs-014", "evidence_type": "social-insurance-proof", "permitted_fields": ("months", "name")}
)
WHAT = MappingProxyType({"result": "ISSUED", "answer_size": 734})


BY = Actor("kuacheng", "auditor-1", HostRole.COMMAND)
"""Who does what operators do."""


class Bookkeeping:
    """Makes entries: number n gives the same entry each time."""

    log = LOG

    def intent(self, n: int, replay_key: str | None = None) -> Entry:
        key = f"caller#{n}" if replay_key is None else replay_key
        return Entry(EntryKind.INTENT, f"exchange-{n}", AT + timedelta(seconds=n), WHO, key)

    def outcome(self, n: int) -> Entry:
        return Entry(EntryKind.OUTCOME, f"exchange-{n}", AT + timedelta(seconds=n, milliseconds=5), WHAT)

    def refused(self, n: int) -> Entry:
        facts = {"reason": "NO_AGREEMENT", "detail": "no agreement names this matter"}
        return Entry(EntryKind.REFUSED, f"exchange-{n}", AT + timedelta(seconds=n), facts)

    def search(self, n: int, holder: str = "9c" * 32) -> Entry:
        """An intent about a holder."""
        return Entry(EntryKind.INTENT, f"exchange-{n}", AT, {**WHO, "holder": holder, "holder_key": "hk-2026"}, f"caller#{n}")

    def act(self, n: int) -> Entry:
        return Entry(EntryKind.ACT, f"act-{n}", AT + timedelta(seconds=n), {"act": "reload"})

    def purge(self, first: int, last: int, entry_id: str = "purge", entries: int | None = None, **more: Fact) -> Entry:
        """The entry that records a purge of these, of all unless `entries` says how many, as old as may be."""
        at = AT + timedelta(days=2000)
        count = last - first + 1 if entries is None else entries
        facts = {"act": "PURGE", "first": first, "last": last, "entries": count, "before": moment(at - timedelta(days=1100))}
        return Entry(EntryKind.ACT, entry_id, at, facts | more)

    def exchanges(self, count: int) -> list[Entry]:
        return [entry for n in range(count) for entry in (self.intent(n), self.outcome(n))]


@pytest.fixture
def book() -> Bookkeeping:
    return Bookkeeping()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence log #1.db"


@pytest.fixture
def ledger_at() -> Callable[..., Any]:
    """`async with ledger_at(path, ...) as ledger`."""

    @asynccontextmanager
    async def opened(path: Path, **options: Any) -> AsyncIterator[SqliteLedger]:
        log = options.pop("log", LOG)
        chance = random.Random(7).randbytes  # noqa: S311 - nonces of a test
        options = {"signers": signers(log), "entropy": chance, "lock_timeout": 30.0} | options
        ledger = SqliteLedger.open(path, log=log, **options)
        try:
            yield ledger
        finally:
            await ledger.close()

    return opened


@pytest.fixture
def tamper() -> Callable[..., None]:
    """`tamper(path, statement, ...)`: what somebody with the file and sqlite3 can do."""

    def edit(path: Path, *statements: str | tuple[str, tuple[object, ...]]) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DROP TRIGGER IF EXISTS entries_unchanged")
            connection.execute("DROP TRIGGER IF EXISTS entries_undeleted")
            for statement in statements:
                connection.execute(*((statement,) if isinstance(statement, str) else statement))

    return edit


@pytest.fixture
def rows() -> Callable[[Path], list[tuple[Any, ...]]]:
    def read(path: Path) -> Iterator[tuple[Any, ...]]:
        with closing(sqlite3.connect(path)) as connection:
            yield from connection.execute("SELECT * FROM entries ORDER BY idx")

    return lambda path: list(read(path))
