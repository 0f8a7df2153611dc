"""The log in PostgreSQL, beside what every store promises: a server that goes and comes back, gateways that race and die."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import gateway
from gateway.ledger.appending import OutOfOrder
from gateway.ledger.checkpoint import Proof
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.tree import leaf_hash
from gateway.model.exchange import Recorded
from gateway.model.refusal import Reason, Refusal
from tests.gateway.ledger.keyring import signers

pytestmark = pytest.mark.needs("postgresql")

LOG = "kuacheng.test/2026a"
ROOT = Path(gateway.__file__).parents[1]


def verdict(database: Database) -> Any:
    with Log(PostgresqlRecords.open(database)) as log:
        return log.verify([signers(LOG)[0].verifier])


async def ends(ledger: PostgresqlLedger, *entries: Any) -> list[Any]:
    return await asyncio.gather(*map(ledger.append, entries), return_exceptions=True)


@pytest.mark.parametrize("before", [0, 1], ids=["in two journeys", "in one journey first"])
async def test_an_exchange_has_one_intent_then_one_outcome(database, opened, book, before: int) -> None:
    appended = [
        book.outcome(0),
        book.intent(0),
        book.intent(0, replay_key="another"),
        book.outcome(0),
        book.outcome(0),
        book.intent(0, replay_key="a third"),
        book.refused(1),
        book.refused(1),
    ]
    async with opened(database) as ledger:
        await ends(ledger, *map(book.act, range(before)))
        found = await ends(ledger, *appended)
    assert [end.index - before if isinstance(end, Recorded) else type(end) for end in found] == [
        OutOfOrder, 0, OutOfOrder, 1, OutOfOrder, OutOfOrder, 2, OutOfOrder,
    ]  # fmt: skip
    assert verdict(database).sound


async def test_gateways_that_write_in_turns_build_on_each_other_and_the_last_is_alone_again(database, opened, book) -> None:
    async with opened(database, 1) as one, opened(database, 2) as other:
        for n, ledger in enumerate((one, one, other, one, other, other)):
            assert [end.index for end in await ends(ledger, book.intent(n), book.outcome(n))] == [2 * n, 2 * n + 1]
        for first in range(6, 390, 64):
            await ends(other, *(entry for n in range(first, first + 64) for entry in (book.intent(n), book.outcome(n))))
        assert (one._store._alone, other._store._alone) == (False, True)
    assert (verdict(database).sound, verdict(database).entries) == (True, 780)


async def test_tables_without_the_owner_s_functions_are_written_as_well_and_with_them_once_they_are_there(
    postgresql, database, opened, book
) -> None:
    name = database.schema

    async def written(first: int, seed: int) -> tuple[bool, bool]:
        async with opened(database, seed) as ledger:
            for n in range(first, first + 3):
                found = await ends(ledger, book.intent(n), book.outcome(n), book.outcome(n))
                assert [type(end) for end in found] == [Recorded, Recorded, OutOfOrder]
            for n in range(first + 3, first + 6):
                assert [end.index for end in await ends(ledger, book.intent(n), book.outcome(n))] == [2 * n, 2 * n + 1]
            store = ledger._store
            return store._alone, store._journey == store._sql.by_functions

    with postgresql.owner() as connection:
        connection.execute(f"DROP FUNCTION {name}.begin_batch, {name}.write_batch, {name}.end_batch")
        assert await written(0, 1) == (True, False)
        connection.execute(schema.ending(name))
    assert await written(6, 2) == (True, True)
    assert (verdict(database).sound, verdict(database).entries) == (True, 24)


async def test_of_a_batch_that_cannot_be_signed_nothing_stands_though_the_server_has_inserted_it(database, opened, book) -> None:
    (key,) = signers(LOG)
    broken: list[bool] = []

    def sign(text: bytes) -> bytes:
        if broken:
            raise OSError
        return key.sign(text)

    async with opened(database, signers=(replace(key, sign=sign),)) as ledger:
        for n in range(2):
            await ends(ledger, book.intent(n), book.outcome(n))
        broken.append(True)
        refusals = await ends(ledger, book.intent(2), book.outcome(2))
        assert [end.reason for end in refusals] == [Reason.LEDGER_UNAVAILABLE] * 2
        assert verdict(database).entries == 4
        broken.clear()
        assert [end.index for end in await ends(ledger, book.intent(2), book.outcome(2))] == [4, 5]
    assert verdict(database).sound


async def test_a_tile_that_is_not_remembered_is_read_while_the_batch_is_written(database, opened, book) -> None:
    async with opened(database) as ledger:
        for first in range(0, 128 * 4, 64):
            ledger._store._tiles.forget()
            await ends(ledger, *(entry for n in range(first, first + 64) for entry in (book.intent(n), book.outcome(n))))
        assert ledger._store._alone
    assert (verdict(database).sound, verdict(database).entries) == (True, 1024)


async def test_a_server_that_is_stopped_refuses_and_one_that_is_back_takes(postgresql, database, opened, book) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.intent(0))
        postgresql.stop()
        try:
            refused = await ends(ledger, book.outcome(0), book.intent(1))
            assert [end.reason for end in refused] == [Reason.LEDGER_UNAVAILABLE] * 2
            assert all(str(postgresql.folder) not in end.detail for end in refused)
            with pytest.raises(LogUnusable, match="cannot be reached"):
                PostgresqlRecords.open(database)
        finally:
            postgresql.start()
        assert [(await ledger.append(entry)).index for entry in (book.outcome(0), book.intent(1))] == [1, 2]
    assert (verdict(database).sound, verdict(database).entries) == (True, 3)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_restarts_under_load_loses_nothing_that_was_acknowledged(
    postgresql, database, opened, book, mode
) -> None:
    acknowledged: list[Recorded] = []
    reasons: list[Any] = []
    again = asyncio.Event()

    async def caller(first: int) -> None:
        after = 0
        for n in range(first, first + 100_000):
            (end,) = await ends(ledger, book.refused(n))
            if isinstance(end, Recorded):
                acknowledged.append(end)
                after += again.is_set()
            else:
                reasons.append(end.reason)
            if after > 5:
                return

    async with opened(database) as ledger:
        callers = [asyncio.ensure_future(caller(k * 100_000)) for k in range(16)]
        while len(acknowledged) < 100:
            await asyncio.wait(callers, timeout=0.01)
        await asyncio.to_thread(postgresql.stop, mode)
        await asyncio.to_thread(postgresql.start)
        again.set()
        await asyncio.gather(*callers)
    assert set(reasons) == {Reason.LEDGER_UNAVAILABLE}
    found = verdict(database)
    assert found.sound
    with Log(PostgresqlRecords.open(database)) as log:
        kept = {each.index: each.leaf for each in log.entries(limit=10**6)}
    assert list(kept) == list(range(found.entries))
    assert all(kept[each.index] == each.leaf for each in acknowledged)


async def test_what_dead_writers_left_is_told_to_the_next_and_what_the_living_have_to_nobody(database, opened, book) -> None:
    async with opened(database, 1) as one:
        await one.append(book.intent(1))
        async with opened(database, 2) as other:
            assert other.interrupted() == ()
            for entry in (book.intent(2), book.intent(3), book.outcome(3)):
                await other.append(entry)
        async with opened(database, 3) as third:
            assert third.interrupted() == ("exchange-2",)
            assert (await one.append(book.outcome(1))).index == 4
    assert verdict(database).open_exchanges == ("exchange-2",)


async def test_who_gives_no_sign_of_life_is_taken_for_dead_and_cannot_end_what_another_has_ended(
    postgresql, database, opened, book
) -> None:
    async with opened(database, 1, beat=1000.0) as silent:
        await silent.append(book.intent(1))
        async with opened(database, 2, beat=0.01) as heir:
            assert heir.interrupted() == heir.adopted() == ()
            with postgresql.owner() as owner:  # as if so much time had passed
                late = f"UPDATE {database.schema}.writers SET seen = seen - interval '1 hour' WHERE name = %s"
                owner.execute(late, (silent._store._living._name,))
            while not (taken := heir.adopted()):
                await asyncio.to_thread(silent._store._living._ended.wait, 0.01)
            assert taken == ("exchange-1",)
            await heir.append(book.outcome(1))
            silent._store._living._sign(silent._store._living._connection)
            with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
                await silent.append(book.outcome(1))
    assert verdict(database).open_exchanges == ()


async def test_a_database_that_was_put_back_is_not_written_on(postgresql, database, opened, book) -> None:
    def put_back(connection: Any, size: int) -> None:
        """What a fail-over to a server does to which not all was copied."""
        name = database.schema
        connection.execute(f"ALTER TABLE {name}.entries DISABLE TRIGGER USER")
        connection.execute(f"DELETE FROM {name}.entries WHERE idx >= {size}")
        connection.execute(f"UPDATE {name}.head SET (size, frontier, checkpoint) = (%s, %s, %s)", heads[size].columns)

    heads = {}
    async with opened(database) as ledger:
        for n in range(3):
            await ledger.append(book.refused(n))
            with Log(PostgresqlRecords.open(database)) as log:
                heads[n + 1] = log._records.head()
        with postgresql.owner() as owner:
            put_back(owner, 2)
        (end,) = await ends(ledger, book.refused(3))
        assert "older state was put back" in end.detail
        async with opened(database, 8) as other:  # it knows of nothing, and a witness would
            await other.append(book.refused(4))
            await other.append(book.refused(5))
        (end,) = await ends(ledger, book.refused(3))
        assert "older state was put back and written on" in end.detail


WRITER = """
import asyncio, json, os, random, sys
from pathlib import Path
from datetime import UTC, datetime
from gateway.ledger.postgresql import connecting
from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Refusal
from tests.gateway.ledger.keyring import signers

connecting._CONNECT_SECONDS = 30

async def main(socket, user, schema, name):
    log = "kuacheng.test/2026a"
    database = Database("postgres", user, schema, socket=Path(socket))
    ledger = PostgresqlLedger.open(database, log=log, signers=signers(log), entropy=os.urandom)
    async def caller(k):
        for n in range(10**6):
            at, exchange = datetime(2026, 5, 9, tzinfo=UTC), f"{name}-{k}-{n}"
            try:
                for entry in (Entry(EntryKind.INTENT, exchange, at, {}, f"{k}-{n}"), Entry(EntryKind.OUTCOME, exchange, at, {})):
                    end = await ledger.append(entry)
                    print(json.dumps([end.index, end.leaf.hex(), end.proof]), flush=True)
            except Refusal as refusal:
                print(json.dumps(refusal.reason.name), flush=True)
    await asyncio.gather(*map(caller, range(8)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_race_on_one_log_and_die_and_there_is_one_tree(database) -> None:
    """Both use the same replay keys, so that of each pair one is refused, whoever was first."""
    command = [sys.executable, "-c", WRITER, str(database.socket), database.user, database.schema]

    async def told(name: str) -> list[Any]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        writer = await asyncio.create_subprocess_exec(*command, name, env=environment, stdout=subprocess.PIPE)
        lines = [await writer.stdout.readline() for _ in range(300)]
        writer.send_signal(signal.SIGKILL)
        rest, _ = await writer.communicate()
        return [json.loads(line) for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith(b"\n")]

    both = [line for part in await asyncio.gather(told("a"), told("b")) for line in part]
    recorded = [line for line in both if isinstance(line, list)]
    assert {line for line in both if not isinstance(line, list)} == {"REPLAYED_REQUEST"}
    found = verdict(database)
    assert found.sound
    with Log(PostgresqlRecords.open(database)) as log:
        kept = {each.index: each.leaf.hex() for each in log.entries(limit=10**6)}
        assert list(kept) == list(range(found.entries))
        for index, leaf, proof in recorded:
            assert kept[index] == leaf
            stated = Proof.parse(proof)
            stated.includes(leaf_hash(bytes.fromhex(leaf)))
            assert stated.stated().root == log.root(stated.stated().size)
    assert len(recorded) == len({index for index, *_ in recorded})
