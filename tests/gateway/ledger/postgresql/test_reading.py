"""A log in PostgreSQL, read: found by all that can be searched, judged, and read while it is written."""

import asyncio

import pytest

from gateway.ledger.checkpoint import Proof
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.reading import Log
from gateway.ledger.verdict import Flaw
from gateway.model.exchange import EntryKind
from tests.gateway.ledger.keyring import signers

pytestmark = pytest.mark.needs("postgresql")

VERIFIERS = [each.verifier for each in signers("kuacheng.test/2026a")]


async def test_entries_are_found_by_place_exchange_kind_and_holder(database, opened, book) -> None:
    entries = [book.search(0), book.outcome(0), book.search(1, "ab" * 32), book.act(2), book.search(3), book.refused(4)]
    async with opened(database) as ledger:
        await asyncio.gather(*map(ledger.append, entries))
    with Log(PostgresqlRecords.open(database)) as log:
        assert [each.entry for each in log.entries()] == entries

        def found(*place: int, **named: object) -> list[int]:
            return [each.index for each in log.entries(*place, **named)]

        assert (found(1, 3), found(5), found(4)) == ([2, 3, 4], [], [5])
        assert (found(exchange_id="exchange-0"), found(kind=EntryKind.ACT)) == ([0, 1], [3])
        assert (found(holder="hk-2026:" + "9c" * 32), found(holder="hk-2025:" + "9c" * 32)) == ([0, 4], [])
        assert found(exchange_id="exchange-0", kind=EntryKind.OUTCOME) == [1]
        assert (log.size(), log.name, log.entry(6)) == (6, "kuacheng.test/2026a", None)


async def test_a_log_of_several_tiles_proves_each_entry_and_its_growth(database, opened, book) -> None:
    async with opened(database) as ledger:
        for first, last in ((0, 200), (200, 300), (300, 700)):
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(first, last)))
    with Log(PostgresqlRecords.open(database)) as log:
        assert (log.verify(VERIFIERS).sound, len(log.tile(1, 0)), len(log.tile(0, 2))) == (True, 2 * 32, 188 * 32)
        for index in (0, 255, 256, 699):
            entry = log.entry(index)
            Proof.parse(log.recorded(entry).proof).includes(entry.leaf_hash)
        assert log.consistency(200, 700)


@pytest.mark.parametrize(
    ("edit", "flaw", "index"),
    [
        ("UPDATE entries SET body = 'x' WHERE idx = 2", Flaw.BODY_CHANGED, 2),
        ("UPDATE entries SET holder = NULL WHERE idx = 0", Flaw.COLUMNS_DIFFER, 0),
        ("DELETE FROM entries WHERE idx = 1", Flaw.GAP, 1),
        ("DELETE FROM entries WHERE idx = 3", Flaw.END_DIFFERS, 3),
        ("DELETE FROM head", Flaw.END_DIFFERS, 0),
        ("UPDATE entries SET nonce = NULL, body = NULL, leaf_hash = sha256('x') WHERE idx = 3", Flaw.TREE_DIFFERS, 0),
    ],
)
async def test_tampering_is_named(  # noqa: PLR0917 - fixtures
    postgresql, database, opened, book, edit: str, flaw: Flaw, index: int
) -> None:
    async with opened(database) as ledger:
        for entry in (book.search(0), book.outcome(0), book.intent(1), book.refused(2)):
            await ledger.append(entry)
    with postgresql.owner() as connection:
        connection.execute(f"SET search_path = {database.schema}")
        connection.execute("ALTER TABLE entries DISABLE TRIGGER USER")
        connection.execute(edit)
    with Log(PostgresqlRecords.open(database)) as log:
        verdict = log.verify(VERIFIERS)
    assert (verdict.flaw, verdict.first_bad) == (flaw, index)


async def test_a_reading_that_stays_open_holds_up_no_append(database, opened, book) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.refused(0))
        with Log(PostgresqlRecords.open(database)) as log:
            rows = log._records.page(0, 1, 1)
            async with asyncio.timeout(60):
                await ledger.append(book.refused(1))
            assert [row.idx for row in rows] == [0]
            assert log.size() == 2
