"""What every implementation of the port `Ledger` promises. A new one joins by its own Premises in IMPLEMENTATIONS."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.note import Note
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.tree import Frontier, ProofRefused, grow, leaf_hash
from gateway.model.exchange import Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Ledger
from tests.gateway.ledger.keyring import signers
from tests.postgresql import Server

LOG = "kuacheng.test/2026a"
AT = datetime(2026, 5, 9, 7, 35, 25, 123456, UTC)


class Premises(Protocol):
    """Where one implementation keeps its log, and what may befall that."""

    def open(self) -> AbstractAsyncContextManager[Ledger]:
        """A ledger on the log, which is begun at the first opening; closed at the end."""
        ...

    def kept(self) -> list[tuple[int, bytes, Entry]]:
        """What stands in the log, read past the ledger: index, leaf and entry, by index."""
        ...

    def cut_off(self) -> None:
        """From now on nothing can be written."""
        ...

    def mend(self) -> None:
        """The fault has passed."""
        ...


class SqlitePremises:
    """A file; cut off by moving it away."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"
        self._aside = folder / "aside.db"
        self._chance = random.Random(3)  # noqa: S311 - nonces of a test

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Ledger]:
        ledger = SqliteLedger.open(self._path, log=LOG, signers=signers(LOG), entropy=self._chance.randbytes)
        try:
            yield ledger
        finally:
            await ledger.close()

    def kept(self) -> list[tuple[int, bytes, Entry]]:
        with Log.open(self._path) as log:
            return [(logged.index, logged.leaf, logged.entry) for logged in log.entries(limit=10_000)]

    def cut_off(self) -> None:
        self._path.rename(self._aside)

    def mend(self) -> None:
        self._aside.rename(self._path)


class PostgresqlPremises:
    """A schema; cut off by taking from the gateway's role the right to see it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._database = server.empty()
        self._chance = random.Random(3)  # noqa: S311 - nonces of a test

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Ledger]:
        ledger = PostgresqlLedger.open(self._database, log=LOG, signers=signers(LOG), entropy=self._chance.randbytes)
        try:
            yield ledger
        finally:
            await ledger.close()

    def kept(self) -> list[tuple[int, bytes, Entry]]:
        with Log(PostgresqlRecords.open(self._database)) as log:
            return [(logged.index, logged.leaf, logged.entry) for logged in log.entries(limit=10_000)]

    def cut_off(self) -> None:
        self._owner(f"REVOKE {self._database.schema}_writer FROM {self._database.user}")

    def mend(self) -> None:
        self._owner(f"GRANT {self._database.schema}_writer TO {self._database.user}")

    def _owner(self, statement: str) -> None:
        with self._server.owner() as connection:
            connection.execute(statement)


IMPLEMENTATIONS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.needs("postgresql")),
]


@pytest.fixture(params=IMPLEMENTATIONS)
def premises(request: pytest.FixtureRequest, tmp_path: Path) -> Premises:
    if request.param == "sqlite":
        return SqlitePremises(tmp_path)
    return PostgresqlPremises(request.getfixturevalue("postgresql"))


def intent(n: int, replay_key: str | None = None) -> Entry:
    facts = {"agreement": "gz-fs-014", "permitted_fields": ("months", "name"), "attempts": n, "matter_name": "就业登记"}
    return Entry(EntryKind.INTENT, f"exchange-{n}", AT + timedelta(seconds=n), facts, replay_key or f"caller#{n}")


def outcome(n: int) -> Entry:
    return Entry(EntryKind.OUTCOME, f"exchange-{n}", AT + timedelta(seconds=n), {"result": "ISSUED"})


def refused(n: int) -> Entry:
    return Entry(EntryKind.REFUSED, f"exchange-{n}", AT + timedelta(seconds=n), {"reason": "NO_AGREEMENT"})


async def test_an_entry_is_durable_when_its_wait_ends(premises) -> None:
    async with premises.open() as ledger:
        for index, entry in enumerate((intent(1), outcome(1), refused(2))):
            recorded = await ledger.append(entry)
            assert (recorded.log, recorded.index, len(recorded.leaf_hash)) == (LOG, index, 32)
            assert premises.kept()[index:] == [(index, recorded.leaf, entry)]


async def test_entries_stand_in_the_order_of_the_calls_without_gaps(premises) -> None:
    entries = [entry for n in range(300) for entry in (intent(n), outcome(n))]
    async with premises.open() as ledger:
        recorded = await asyncio.gather(*map(ledger.append, entries))
    assert [each.index for each in recorded] == list(range(600))
    assert premises.kept() == [(each.index, each.leaf, entry) for each, entry in zip(recorded, entries, strict=True)]


async def test_an_entry_is_queued_by_the_call_and_not_by_the_wait(premises) -> None:
    async with premises.open() as ledger:
        unwatched = ledger.append(intent(1))
        assert (await ledger.append(outcome(1))).index == 1
        assert (await unwatched).index == 0


async def test_equal_facts_do_not_show_in_leaf_hashes(premises) -> None:
    same = {"exchange_id": "", "at": AT, "facts": {}}
    async with premises.open() as ledger:
        first = await ledger.append(Entry(EntryKind.INTENT, **same))
    async with premises.open() as ledger:
        second = await ledger.append(Entry(EntryKind.OUTCOME, **same))
        third = await ledger.append(Entry(EntryKind.REFUSED, **same))
    assert len({first.leaf_hash, second.leaf_hash, third.leaf_hash}) == 3


async def test_indexes_go_on_after_reopening(premises) -> None:
    for n in range(3):
        async with premises.open() as ledger:
            assert (await ledger.append(refused(n))).index == n
    assert [entry for *_, entry in premises.kept()] == [refused(n) for n in range(3)]


async def test_a_second_intent_with_a_replay_key_is_refused_and_no_other(premises) -> None:
    entries = [intent(1, "a"), intent(2, "b"), intent(3, "a"), intent(4, "c"), intent(5, "c"), refused(6), outcome(1), outcome(4)]
    async with premises.open() as ledger:
        ends = await asyncio.gather(*map(ledger.append, entries), return_exceptions=True)
        late = await asyncio.gather(ledger.append(intent(7, "b")), ledger.append(intent(8, "d")), return_exceptions=True)
    async with premises.open() as ledger:
        later = await asyncio.gather(ledger.append(intent(9, "c")), ledger.append(outcome(2)), return_exceptions=True)
    ends += [*late, *later]
    entries += [intent(7, "b"), intent(8, "d"), intent(9, "c"), outcome(2)]
    reasons = {n: end.reason for n, end in enumerate(ends) if isinstance(end, Refusal)}
    assert reasons == dict.fromkeys((2, 4, 8, 10), Reason.REPLAYED_REQUEST)
    stand = [entry for n, entry in enumerate(entries) if n not in reasons]
    assert [end.index for end in ends if isinstance(end, Recorded)] == list(range(len(stand)))
    assert [entry for *_, entry in premises.kept()] == stand


async def test_a_refused_intent_leaves_its_exchange_to_be_recorded_as_refused(premises) -> None:
    async with premises.open() as ledger:
        await ledger.append(intent(1, "a"))
        with pytest.raises(Refusal):
            await ledger.append(intent(2, "a"))
        assert (await ledger.append(refused(2))).index == 1


async def test_whoever_stops_waiting_takes_nothing_back(premises) -> None:
    async with premises.open() as ledger:
        waiting = asyncio.ensure_future(ledger.append(intent(1)))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await ledger.append(outcome(1))).index == 1
    assert [entry for *_, entry in premises.kept()] == [intent(1), outcome(1)]


async def test_what_cannot_be_written_is_refused_and_what_comes_after_is_not(premises) -> None:
    async with premises.open() as ledger:
        await ledger.append(intent(1))
        premises.cut_off()
        ends = await asyncio.gather(*map(ledger.append, (outcome(1), intent(2), refused(3))), return_exceptions=True)
        assert [end.reason for end in ends] == [Reason.LEDGER_UNAVAILABLE] * 3
        premises.mend()
        assert [(await ledger.append(entry)).index for entry in (outcome(1), intent(2), refused(3))] == [1, 2, 3]
    assert [entry for *_, entry in premises.kept()] == [intent(1), outcome(1), intent(2), refused(3)]


async def test_a_closed_ledger_takes_nothing_and_has_written_what_it_took(premises) -> None:
    async with premises.open() as ledger:
        taken = [ledger.append(refused(n)) for n in range(20)]
    with pytest.raises(Refusal) as caught:
        await ledger.append(refused(20))
    assert caught.value.reason is Reason.LEDGER_UNAVAILABLE
    assert [(await each).index for each in taken] == list(range(20))
    assert len(premises.kept()) == 20


def proven(recorded: Recorded) -> Checkpoint:
    """The checkpoint by which an entry stands in the log, held by nothing but what came with it and the log's public key."""
    proof = Proof.parse(recorded.proof)
    assert proof.index == recorded.index
    proof.includes(leaf_hash(recorded.leaf))
    assert set(Note.parse(proof.checkpoint).verified([each.verifier for each in signers(LOG)])) == {signers(LOG)[0].verifier}
    assert proof.stated().origin == recorded.log == LOG
    return proof.stated()


def one_tree(leaves: list[bytes], stated: list[Checkpoint]) -> bool:
    """Whether each checkpoint is of the first so many of these leaves."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    return all(each.root == grow(Frontier(), hashes[: each.size])[0].root for each in stated)


async def test_each_entry_comes_with_its_proof(premises) -> None:
    recorded: list[Recorded] = []
    async with premises.open() as ledger:
        for first, count in ((0, 1), (1, 1), (2, 5), (7, 61), (68, 200), (268, 300), (568, 3)):
            recorded += await asyncio.gather(*(ledger.append(refused(n)) for n in range(first, first + count)))
    stated = [proven(each) for each in recorded]
    assert all(checkpoint.size > each.index for checkpoint, each in zip(stated, recorded, strict=True))
    assert one_tree([leaf for _, leaf, _ in premises.kept()], stated)


async def test_a_changed_leaf_or_another_place_is_not_proven(premises) -> None:
    async with premises.open() as ledger:
        first, second = await asyncio.gather(ledger.append(refused(1)), ledger.append(refused(2)))
    for forged in (replace(first, leaf=second.leaf), replace(first, leaf=first.leaf + b" "), replace(second, leaf=first.leaf)):
        with pytest.raises(ProofRefused):
            proven(forged)


async def test_several_may_write_one_log_and_make_one_tree(premises) -> None:
    async def write(ledger: Ledger, first: int) -> list[Recorded]:
        made: list[Recorded] = []
        for n in range(first, first + 40, 4):
            made += await asyncio.gather(*map(ledger.append, (intent(n), outcome(n), refused(n + 1), refused(n + 2))))
        return made

    async with premises.open() as one, premises.open() as other:
        both = [*(await write(one, 0)), *(await write(other, 1000))]
        written = await asyncio.gather(
            *(write(ledger, first) for ledger, first in ((one, 100), (other, 200), (one, 300), (other, 400)))
        )
    both += [each for part in written for each in part]
    kept = premises.kept()
    assert sorted(each.index for each in both) == list(range(240)) == [index for index, *_ in kept]
    assert all(kept[each.index][1] == each.leaf for each in both)
    assert one_tree([leaf for _, leaf, _ in kept], [proven(each) for each in both])


async def test_a_replay_is_found_whoever_wrote_the_first(premises) -> None:
    async with premises.open() as one, premises.open() as other:
        await one.append(intent(1, "a"))
        with pytest.raises(Refusal) as caught:
            await other.append(intent(2, "a"))
        assert (await other.append(outcome(1))).index == 1
    assert caught.value.reason is Reason.REPLAYED_REQUEST
