"""Who waits for others at a step, for how long, and who goes on when."""

import asyncio
import time

import pytest

from gateway import cohort
from gateway.cohort import ENOUGH, IDLE_TURNS, WORK, Cohort, Lull

AN_HOUR = 3600.0


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def at_work() -> None:
    """A turn of the loop that does something."""
    until = time.thread_time() + 3 * WORK
    while time.thread_time() < until:
        pass
    await asyncio.sleep(0)


async def test_those_of_one_turn_go_on_together_in_the_order_in_which_they_came() -> None:
    step, went = Cohort(), list[int]()

    async def walker(number: int) -> None:
        await step.gathered()
        went.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(walker(number))
    assert went == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("_for_ever")
async def test_a_cohort_waits_as_long_as_the_loop_has_other_work() -> None:
    step = Cohort()
    waiting = []
    for _ in range(10):
        waiting.append(step.gathered())
        await at_work()
        assert not any(each.done() for each in waiting)
    await asyncio.gather(*waiting)


@pytest.mark.usefixtures("_for_ever")
async def test_on_an_idle_loop_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "WORK", AN_HOUR)
    alone = Cohort().gathered()
    await turns(IDLE_TURNS + 1)
    assert alone.done()


@pytest.mark.usefixtures("_for_ever", "_always_at_work")
async def test_a_full_cohort_waits_for_nobody() -> None:
    step = Cohort()
    await asyncio.gather(*(step.gathered() for _ in range(ENOUGH)))


@pytest.mark.usefixtures("_always_at_work")
async def test_the_wait_ends_however_much_there_is_to_do() -> None:
    await Cohort().gathered()


async def test_who_leaves_holds_up_nobody() -> None:
    step = Cohort()
    waiting = [step.gathered() for _ in range(3)]
    waiting[1].cancel()
    await asyncio.gather(waiting[0], waiting[2])
    await step.gathered()


@pytest.mark.parametrize("enough", [1, 2, 1 << 62])
async def test_the_end_of_a_lull_is_told_once(enough: int) -> None:
    told, times = asyncio.Event(), list[int]()

    def ended() -> None:
        times.append(1)
        told.set()

    Lull(lambda: 2, ended, enough).await_(asyncio.get_running_loop())
    assert not times
    await told.wait()
    await turns(10)
    assert times == [1]
