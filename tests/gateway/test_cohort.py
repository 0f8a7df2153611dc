"""Who waits for others at a step, for how long, and who goes on when."""

import asyncio

import pytest

from gateway import cohort
from gateway.cohort import ENOUGH, PATIENCE, Cohort, Lull

AN_HOUR = 3600.0
FOR_EVER = 1 << 62


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_those_of_one_turn_go_on_together_in_the_order_in_which_they_came() -> None:
    step, went = Cohort(), list[int]()

    async def walker(number: int) -> None:
        await step.gathered()
        went.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(walker(number))
        await turns(PATIENCE)
        assert not went
    assert went == [0, 1, 2, 3, 4]


async def test_a_cohort_waits_as_long_as_turns_bring_somebody_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "LINGER", AN_HOUR)
    step = Cohort()
    waiting = []
    for _ in range(4):
        waiting.append(step.gathered())
        await turns(PATIENCE - 1)
        assert not any(each.done() for each in waiting)
    await turns(3)
    assert all(each.done() for each in waiting)


async def test_who_came_alone_of_late_waits_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "LINGER", AN_HOUR)
    step = Cohort()
    for _ in range(PATIENCE.bit_length()):
        await step.gathered()
    alone = step.gathered()
    await turns(2)
    assert alone.done()
    together = [step.gathered(), step.gathered()]
    await asyncio.gather(*together)
    again = step.gathered()
    await turns(PATIENCE - 1)
    assert not again.done()  # two came at once: it is worth waiting again
    await again


async def test_a_full_cohort_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "LINGER", AN_HOUR)
    monkeypatch.setattr(cohort, "PATIENCE", FOR_EVER)
    step = Cohort()
    await asyncio.gather(*(step.gathered() for _ in range(ENOUGH)))


async def test_the_wait_ends_however_many_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "PATIENCE", FOR_EVER)
    await Cohort().gathered()


async def test_who_leaves_holds_up_nobody() -> None:
    step = Cohort()
    waiting = [step.gathered() for _ in range(3)]
    waiting[1].cancel()
    await asyncio.gather(waiting[0], waiting[2])
    await step.gathered()


@pytest.mark.parametrize("enough", [1, 2, FOR_EVER])
async def test_the_end_of_a_lull_is_told_once(enough: int) -> None:
    told = list[int]()
    Lull(lambda: 2, lambda: told.append(1), patience=3, enough=enough).await_(asyncio.get_running_loop())
    assert not told
    await turns(10)
    assert told == [1]
