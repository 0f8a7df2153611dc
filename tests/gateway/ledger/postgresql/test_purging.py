"""Bodies are taken out of a real database by a role that may do nothing else, and replays are known from one schema to the next."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from gateway.ledger.appending import Notary
from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.postgresql.purging import purge
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log, PurgedEntry
from gateway.ledger.records import LogUnusable
from gateway.ledger.verdict import Flaw
from gateway.model.refusal import Refusal
from tests.gateway.ledger.conftest import LOG, Bookkeeping
from tests.gateway.ledger.keyring import signers
from tests.postgresql import Server

pytestmark = pytest.mark.needs("postgresql")
NOTARY = Notary.of(LOG, signers(LOG))


@asynccontextmanager
async def opened(database: Database, log: str = LOG, **options: object) -> AsyncIterator[PostgresqlLedger]:
    chance = random.Random(5).randbytes  # noqa: S311 - nonces of a test
    ledger = PostgresqlLedger.open(database, log=log, signers=signers(log), entropy=chance, **options)
    try:
        yield ledger
    finally:
        await ledger.close()


def purger(server: Server, database: Database) -> Database:
    with server.owner() as connection:
        connection.execute(f"CREATE ROLE {database.schema}_timer LOGIN IN ROLE {database.schema}_purger")
    return replace(database, user=f"{database.schema}_timer")


async def test_the_purger_takes_bodies_and_every_proof_holds(postgresql: Server, book: Bookkeeping) -> None:
    database = postgresql.empty()
    async with opened(database) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(10)))
        await ledger.append(book.purge(0, 19))
        with pytest.raises(LogUnusable, match=r"purge again to go on: InsufficientPrivilege"):
            list(purge(database, NOTARY, [range(20)]))
        taken = await asyncio.to_thread(list, purge(purger(postgresql, database), NOTARY, [range(8), range(8, 20)]))
        assert taken == [8, 12]
        await ledger.append(book.refused(30))
    with Log(PostgresqlRecords.open(database)) as log:
        verdict = log.verify([each.verifier for each in NOTARY.signers])
        assert (verdict.sound, verdict.entries, verdict.purged) == (True, 22, 20)
        assert [isinstance(each, PurgedEntry) for each in log.listed(18, 3)] == [True, False, False]
        assert log.listed(18, 1, dated=True)[0].on == book.purge(0, 19).at


async def test_the_purger_erases_nothing_else_unseen(postgresql: Server, book: Bookkeeping) -> None:
    database = postgresql.empty()
    async with opened(database) as ledger:
        await asyncio.gather(*map(ledger.append, [*book.exchanges(3), book.intent(50), book.refused(60), book.refused(61)]))
        await ledger.append(book.purge(0, 8, entries=8, runs=("0-5", "7-8")))
        await asyncio.to_thread(list, purge(purger(postgresql, database), NOTARY, [range(7)]))
    with Log(PostgresqlRecords.open(database)) as log:
        verdict = log.verify([each.verifier for each in NOTARY.signers])
    assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.PURGED_UNRECORDED, 6, 6)


async def test_a_question_of_the_schema_before_is_a_replay(postgresql: Server, book: Bookkeeping) -> None:
    old, new = postgresql.empty(), postgresql.empty()
    async with opened(old) as ledger:
        await ledger.append(book.intent(1))
    async with opened(new, "kuacheng.test/2026b", predecessor=partial(PostgresqlRecords.open, old)) as ledger:
        with pytest.raises(Refusal, match="REPLAYED_REQUEST"):
            await ledger.append(book.intent(1))
        assert (await ledger.append(book.intent(2))).index == 0
