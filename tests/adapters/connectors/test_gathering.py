"""Batches: who comes meanwhile goes together, each hears of its own, and who leaves disturbs nobody."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.connectors import gathering
from adapters.connectors.gathering import Gathering
from adapters.connectors.verdict import ItemFault
from gateway.model.refusal import Reason, Refusal

AWAY = Refusal(Reason.CITY_UNAVAILABLE, "nobody there")
SPOILT = ItemFault(Reason.CITY_UNAVAILABLE, "not taken")


class Place:
    """Takes batches when it is let to, and squares what they hold; refuses a batch with a 0 in it."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []
        self._begun = asyncio.Semaphore(0)
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def run(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(tuple(items))
        self._begun.release()
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        if 0 in items:
            raise SPOILT
        return [each * each for each in items]

    async def begun(self) -> None:
        """Waits for the next batch."""
        async with asyncio.timeout(30):
            await self._begun.acquire()


async def test_who_leaves_in_the_turn_in_which_the_batch_is_made_up_is_not_in_it(place: Place) -> None:
    together = batches(place)
    leaving = asyncio.create_task(together.put(1, 30.0))
    await asyncio.sleep(0)
    leaving.cancel()  # the batch is begun by now, and made up when it runs
    assert await together.put(2, 30.0) == 4
    assert leaving.cancelled()
    assert [each for batch in place.batches for each in batch] == [2]


@pytest.fixture
def place() -> Place:
    return Place()


def batches(place: Place) -> Gathering[int, int]:
    return Gathering("city.tables", place.run, 4)


async def test_who_comes_meanwhile_goes_together_and_no_more_than_fit(place: Place) -> None:
    together = batches(place)
    place.open.clear()
    first = asyncio.create_task(together.put(1, 30.0))
    await place.begun()
    others = asyncio.gather(*(together.put(each, 30.0) for each in range(2, 8)))
    await asyncio.sleep(0)
    place.open.set()
    assert (await first, await others) == (1, [4, 9, 16, 25, 36, 49])
    assert place.batches == [(1,), (2, 3, 4, 5), (6, 7)]
    assert not together._waiting


async def test_who_leaves_before_was_never_in_and_who_leaves_later_disturbs_nobody(place: Place) -> None:
    together = batches(place)
    place.open.clear()
    asked = [asyncio.create_task(together.put(each, 30.0)) for each in (1, 2)]
    await place.begun()
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await together.put(3, 0.0)
    asked[0].cancel()
    place.open.set()
    assert await asked[1] == 4
    assert place.batches == [(1, 2)]


async def test_a_fault_of_all_is_told_to_each_and_that_of_one_to_that_one(place: Place) -> None:
    together = batches(place)
    told = await asyncio.gather(*(together.put(each, 30.0) for each in (3, 0, 2)), return_exceptions=True)
    assert told == [9, SPOILT, 4]
    assert place.batches == [(3, 0, 2), (3,), (0,), (2,)]
    for failure in (KeyError("a bug"), AWAY):
        place.failure = failure
        one, other = await asyncio.gather(together.put(1, 30.0), together.put(2, 30.0), return_exceptions=True)
        assert (type(one), str(one)) == (type(other), str(other)) == (type(failure), str(failure))
    assert one is not other
    assert len(place.batches) == 6


async def test_a_batch_that_hangs_does_not_hold_up_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_PATIENCE", 0.001)
    together = batches(place)
    place.open.clear()
    hanging = asyncio.create_task(together.put(1, 30.0))
    await place.begun()
    place.open = asyncio.Event()
    place.open.set()
    assert await together.put(2, 30.0) == 4
    hanging.cancel()
    for each in together._under_way:
        each.cancel()
