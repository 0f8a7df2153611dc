"""What every implementation of the port `Ledger` promises. A new one joins by its own Premises in IMPLEMENTATIONS."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Ledger

LOG = "kuacheng.test/2026a"
AT = datetime(2026, 5, 9, 7, 35, 25, 123456, UTC)


class Premises(Protocol):
    """Where one implementation keeps its log, and what may befall that."""

    def open(self) -> AbstractAsyncContextManager[Ledger]:
        """A ledger on the log, which is begun at the first opening; closed at the end."""
        ...

    def kept(self) -> list[tuple[Recorded, Entry]]:
        """What stands in the log, read past the ledger, by index."""
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
        ledger = SqliteLedger.open(self._path, log=LOG, entropy=self._chance.randbytes)
        try:
            yield ledger
        finally:
            await ledger.close()

    def kept(self) -> list[tuple[Recorded, Entry]]:
        with Log.open(self._path) as log:
            return [(logged.recorded, logged.entry) for logged in log.entries(limit=10_000)]

    def cut_off(self) -> None:
        self._path.rename(self._aside)

    def mend(self) -> None:
        self._aside.rename(self._path)


IMPLEMENTATIONS = [pytest.param(SqlitePremises, id="sqlite")]


@pytest.fixture(params=IMPLEMENTATIONS)
def premises(request: pytest.FixtureRequest, tmp_path: Path) -> Premises:
    made: Premises = request.param(tmp_path)
    return made


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
            assert premises.kept()[index:] == [(recorded, entry)]


async def test_entries_stand_in_the_order_of_the_calls_without_gaps(premises) -> None:
    entries = [entry for n in range(300) for entry in (intent(n), outcome(n))]
    async with premises.open() as ledger:
        recorded = await asyncio.gather(*map(ledger.append, entries))
    assert [each.index for each in recorded] == list(range(600))
    assert premises.kept() == list(zip(recorded, entries, strict=True))


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
    assert [entry for _, entry in premises.kept()] == [refused(n) for n in range(3)]


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
    assert [entry for _, entry in premises.kept()] == stand


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
    assert [entry for _, entry in premises.kept()] == [intent(1), outcome(1)]


async def test_what_cannot_be_written_is_refused_and_what_comes_after_is_not(premises) -> None:
    async with premises.open() as ledger:
        await ledger.append(intent(1))
        premises.cut_off()
        ends = await asyncio.gather(*map(ledger.append, (outcome(1), intent(2), refused(3))), return_exceptions=True)
        assert [end.reason for end in ends] == [Reason.LEDGER_UNAVAILABLE] * 3
        premises.mend()
        assert [(await ledger.append(entry)).index for entry in (outcome(1), intent(2), refused(3))] == [1, 2, 3]
    assert [entry for _, entry in premises.kept()] == [intent(1), outcome(1), intent(2), refused(3)]


async def test_a_closed_ledger_takes_nothing_and_has_written_what_it_took(premises) -> None:
    async with premises.open() as ledger:
        taken = [ledger.append(refused(n)) for n in range(20)]
    with pytest.raises(Refusal) as caught:
        await ledger.append(refused(20))
    assert caught.value.reason is Reason.LEDGER_UNAVAILABLE
    assert [(await each).index for each in taken] == list(range(20))
    assert len(premises.kept()) == 20
