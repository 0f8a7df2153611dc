"""The looker: one schedule for all tickets, bounded looks, rests between them, and nothing kept of who has gone."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from adapters.connectors.looking import MOST_TICKETS, Looker, Unlooked
from gateway.model.refusal import Reason, Refusal

AWAY = Refusal(Reason.CITY_UNAVAILABLE, "nobody there")


class Table:
    """What there is, and when it was looked at, in seconds of the loop: begin, end, for which."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.looks: list[tuple[float, float, tuple[str, ...]]] = []
        self.takes = 0.0
        self.failure: Exception | None = None
        self.begun = asyncio.Event()
        self._looked = asyncio.Semaphore(0)

    async def look(self, tickets: Sequence[str]) -> Collection[str]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.begun.set()
        over = asyncio.Event()
        loop.call_later(self.takes, over.set)
        await over.wait()
        self.looks.append((began, loop.time(), tuple(tickets)))
        self._looked.release()
        if self.failure is not None:
            raise self.failure
        return self.there & set(tickets)

    async def seen(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.looks) < count:
                await self._looked.acquire()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def looker(table: Table) -> Looker:
    return Looker(table.look)


async def test_one_alone_is_looked_for_at_once_and_then_less_and_less_often(table: Table, looker: Looker) -> None:
    came = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(looker.turned("a", 30.0))
    await table.seen(3)
    table.takes = 0.05
    await table.seen(4)
    table.there.add("a")
    assert await waiting
    begins, ends = [each[0] for each in table.looks], [each[1] for each in table.looks]
    assert [each[2] for each in table.looks] == [("a",)] * len(begins)
    for before, after in zip(ends, begins[1:], strict=False):
        assert after - before > 0.019 + (before - came) / 2
    assert begins[4] - ends[3] >= ends[3] - begins[3] - 0.001
    assert not looker._waiting
    assert looker._alarm is None


async def test_all_who_wait_share_each_look_and_those_who_find_no_room_come_first_then(table: Table, looker: Looker) -> None:
    names = [f"{number:03d}" for number in range(MOST_TICKETS + 6)]
    waiting = [asyncio.create_task(looker.turned(each, 30.0)) for each in names]
    await table.seen(2)
    assert table.looks[0][2] == tuple(names[:MOST_TICKETS])
    assert table.looks[1][2][:6] == tuple(names[MOST_TICKETS:])
    assert len(table.looks[1][2]) == MOST_TICKETS
    table.there.update(names)
    assert all(await asyncio.gather(*waiting))


async def test_who_leaves_is_looked_for_no_more_and_disturbs_nobody(table: Table, looker: Looker) -> None:
    gone, stays = (asyncio.create_task(looker.turned(each, 30.0)) for each in "ab")
    await table.seen(1)
    gone.cancel()
    await table.seen(2)
    assert table.looks[-1][2] == ("b",)
    assert not await looker.turned("c", 0.0)
    table.there.add("b")
    assert await stays
    looks = len(table.looks)
    assert await looker.glance("b", 30.0)
    assert not await looker.glance("d", 30.0)
    assert [each[2] for each in table.looks[looks:]] == [("b",), ("d",)]


async def test_a_look_that_fails_fails_for_each_that_it_was_for_and_the_next_is_another(table: Table, looker: Looker) -> None:
    table.failure = AWAY
    one, other = await asyncio.gather(looker.turned("a", 30.0), looker.glance("b", 30.0), return_exceptions=True)
    assert one == other == AWAY
    assert one is not other
    table.failure = None
    assert not await looker.glance("a", 30.0)


async def test_who_waits_when_it_closes_goes_without(table: Table, looker: Looker) -> None:
    table.takes = 30.0
    waiting = asyncio.create_task(looker.turned("a", 30.0))
    async with asyncio.timeout(30):
        await table.begun.wait()
    looker.close()
    assert not await waiting
    assert not table.looks


async def test_whose_time_is_up_before_a_look_began_is_told_so(table: Table, looker: Looker) -> None:
    table.takes = 30.0
    with pytest.raises(TimeoutError) as own:
        await looker.glance("looked for", 0.05)
    assert table.begun.is_set()
    assert not isinstance(own.value, Unlooked)
    with pytest.raises(Unlooked):
        await looker.glance("late", 0.05)
    looker.close()
