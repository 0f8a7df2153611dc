"""Those who end in one turn of the event loop are counted together, and nobody twice or later than that."""

import asyncio

import pytest

from gateway.model.exchange import Ended
from gateway.telemetry.together import Together
from tests.gateway.telemetry.test_access import ENDED

ENDS = tuple(ENDED._replace(exchange_id=f"x-{number}") for number in range(5))


async def test_those_of_one_turn_are_told_at_once_in_their_order() -> None:
    told = list[tuple[Ended, ...]]()
    together = Together(lambda *ended: told.append(ended))
    for each in ENDS[:3]:
        together.ended(each)
    assert told == []
    await asyncio.sleep(0)
    assert told == [ENDS[:3]]
    for each in ENDS[3:]:
        together.ended(each)
        await asyncio.sleep(0)
    assert told == [ENDS[:3], ENDS[3:4], ENDS[4:]]


async def test_who_ends_while_others_are_counted_is_counted_in_the_next_turn() -> None:
    told = list[tuple[Ended, ...]]()

    def count(*ended: Ended) -> None:
        told.append(ended)
        if len(told) == 1:
            together.ended(ENDS[1])

    together = Together(count)
    together.ended(ENDS[0])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [ENDS[:1], ENDS[1:2]]


async def test_a_count_that_fails_is_told_without_its_words_and_keeps_nobody_from_being_counted_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = list[tuple[Ended, ...]]()

    def count(*ended: Ended) -> None:
        told.append(ended)
        if len(told) == 1:
            raise OSError(5, "canary")

    together = Together(count)
    for each in ENDS[:2]:
        together.ended(each)
        await asyncio.sleep(0)
    assert told == [ENDS[:1], ENDS[1:2]]
    (said,) = caplog.records
    assert (said.msg, said.__dict__["kind"], said.levelname) == ("internal fault", "OSError", "ERROR")
    assert "canary" not in str(said.__dict__)
