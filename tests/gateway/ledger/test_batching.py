"""Group commit over a store that does as it is told."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway import cohort
from gateway.cohort import IDLE_TURNS
from gateway.ledger.batching import BATCH_LIMIT, ENOUGH, GroupCommit
from gateway.model.refusal import Reason, Refusal

AN_HOUR = 3600.0


class Shelf:
    """A store that keeps batches in a list. It writes only while its gate is open; a batch with a fault in it fails so."""

    def __init__(self) -> None:
        self.batches: list[list[object]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()
        self.rests = 0
        self.closed = False

    def commit(self, items: Sequence[object]) -> Sequence[object]:
        self.busy.set()
        self.gate.wait()
        for item in items:
            if isinstance(item, ZeroDivisionError):
                raise item
        self.batches.append(list(items))
        return [item if isinstance(item, Exception) else f"kept {item}" for item in items]

    def rest(self) -> None:
        self.rests += 1
        raise OSError("tired")

    def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def grouped(shelf: Shelf, queue_limit: int = 10_000) -> AsyncIterator[GroupCommit[object, object]]:
    group: GroupCommit[object, object] = GroupCommit(shelf, name="shelf", queue_limit=queue_limit)
    try:
        async with asyncio.timeout(60):
            yield group
    finally:
        shelf.gate.set()
        await group.close()


async def until_busy(shelf: Shelf) -> None:
    await asyncio.to_thread(shelf.busy.wait)


async def test_items_are_written_in_the_order_of_the_calls_in_batches() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with grouped(shelf) as group:
        first = group.submit(0)
        await until_busy(shelf)
        rest = [group.submit(n) for n in range(1, 600)]
        shelf.gate.set()
        assert await asyncio.gather(first, *rest) == [f"kept {n}" for n in range(600)]
    assert [item for batch in shelf.batches for item in batch] == list(range(600))
    assert [len(batch) for batch in shelf.batches] == [1, BATCH_LIMIT, BATCH_LIMIT, 600 - 1 - 2 * BATCH_LIMIT]


async def test_a_result_that_is_an_exception_is_its_callers_only() -> None:
    refusal = Refusal(Reason.REPLAYED_REQUEST, "again")
    async with grouped(Shelf()) as group:
        results = await asyncio.gather(*map(group.submit, ("a", refusal, "b")), return_exceptions=True)
    assert results == ["kept a", refusal, "kept b"]


async def test_each_batch_is_told_of_with_the_time_since_its_oldest_item_came() -> None:
    shelf, told = Shelf(), list[tuple[list[object], float]]()
    shelf.gate.clear()
    async with grouped(shelf) as group:
        group.settled = lambda results, seconds: told.append((list(results), seconds))
        first = group.submit(0)
        await until_busy(shelf)
        rest = [group.submit(n) for n in (1, 2)]
        assert group.waiting == 2
        shelf.gate.set()
        await asyncio.gather(first, *rest)
    assert [results for results, _ in told] == [["kept 0"], ["kept 1", "kept 2"]]
    assert all(seconds > 0 for _, seconds in told)
    assert group.waiting == 0


async def test_a_bug_in_the_store_reaches_every_caller_of_its_batch_and_ends_nothing() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with grouped(shelf) as group:
        before = group.submit("before")
        await until_busy(shelf)
        doomed = [group.submit("good"), group.submit(ZeroDivisionError("bad"))]
        shelf.gate.set()
        assert await before == "kept before"
        assert [type(end) for end in await asyncio.gather(*doomed, return_exceptions=True)] == [ZeroDivisionError] * 2
        assert await group.submit("after") == "kept after"
    assert shelf.rests == 3


@pytest.mark.usefixtures("_for_ever", "_always_at_work")
async def test_a_batch_waits_as_long_as_the_loop_has_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    async with grouped(shelf) as group:
        waiting = []
        for n in range(5):
            waiting.append(group.submit(n))
            for _ in range(2 * IDLE_TURNS):
                await asyncio.sleep(0)
        assert not shelf.busy.is_set()
        monkeypatch.setattr(cohort, "WORK", AN_HOUR)
        await asyncio.gather(*waiting)
    assert shelf.batches == [[0, 1, 2, 3, 4]]


@pytest.mark.usefixtures("_for_ever")
async def test_on_an_idle_loop_it_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "WORK", AN_HOUR)
    shelf = Shelf()
    async with grouped(shelf) as group:
        first = group.submit("first")
        for _ in range(IDLE_TURNS + 1):
            await asyncio.sleep(0)
        await until_busy(shelf)
        await asyncio.gather(first, group.submit("second"))
    assert shelf.batches == [["first"], ["second"]]


@pytest.mark.usefixtures("_for_ever", "_always_at_work")
async def test_where_enough_wait_they_wait_for_nobody_else() -> None:
    shelf = Shelf()
    async with grouped(shelf) as group:
        await asyncio.gather(*map(group.submit, range(ENOUGH)))
    assert [len(batch) for batch in shelf.batches] == [ENOUGH]


@pytest.mark.usefixtures("_always_at_work")
async def test_the_wait_ends_however_much_there_is_to_do() -> None:
    async with grouped(Shelf()) as group:
        assert await group.submit("alone") == "kept alone"


async def test_beyond_its_bound_the_queue_refuses_at_once_and_recovers() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with grouped(shelf, queue_limit=2) as group:
        writing = group.submit("writing")
        await until_busy(shelf)
        waiting = [group.submit("one"), group.submit("two")]
        refused = group.submit("three")
        assert refused.done()
        with pytest.raises(Refusal) as caught:
            await refused
        assert caught.value.reason is Reason.LEDGER_UNAVAILABLE
        shelf.gate.set()
        assert await asyncio.gather(writing, *waiting) == ["kept writing", "kept one", "kept two"]
        assert await group.submit("four") == "kept four"


async def test_whoever_leaves_takes_nothing_back_and_hurts_nobody() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with grouped(shelf) as group:
        futures = [group.submit(n) for n in range(3)]
        futures[1].cancel()
        shelf.gate.set()
        assert await asyncio.gather(futures[0], futures[2]) == ["kept 0", "kept 2"]
    assert [item for batch in shelf.batches for item in batch] == [0, 1, 2]


async def test_close_writes_what_waits_then_takes_nothing_more() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with grouped(shelf) as group:
        futures = [group.submit(n) for n in range(5)]
        closing = asyncio.ensure_future(group.close())
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
            await group.submit("late")
        assert not closing.done()
        shelf.gate.set()
        await closing
        assert shelf.closed
        assert await asyncio.gather(*futures) == [f"kept {n}" for n in range(5)]
        await group.close()


@pytest.mark.usefixtures("_for_ever", "_always_at_work")
async def test_close_waits_for_nobody() -> None:
    shelf = Shelf()
    async with grouped(shelf) as group:
        waiting = [group.submit(n) for n in range(BATCH_LIMIT + 1)]
        await group.close()
        assert await asyncio.gather(*waiting) == [f"kept {n}" for n in range(BATCH_LIMIT + 1)]
    assert [len(batch) for batch in shelf.batches] == [BATCH_LIMIT, 1]


def test_it_serves_one_event_loop_and_outlives_it() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    group: GroupCommit[object, object] = GroupCommit(shelf, name="shelf", queue_limit=10)

    async def submit() -> None:
        group.submit("nobody waits for this")

    asyncio.run(submit())
    with pytest.raises(RuntimeError, match="one event loop"):
        asyncio.run(submit())
    shelf.gate.set()
    asyncio.run(group.close())
    assert shelf.batches == [["nobody waits for this"]]
    assert shelf.closed
