"""What is offered is accounted for, answer by answer, and a refusal is told for what it is."""

import asyncio
import os
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bench import overload
from bench.load import Ends
from bench.machine import loop_seconds
from bench.overload import Way, way
from bench.verdicts import Verdicts
from gateway.model.refusal import Reason
from gateway.model.world import Limits
from tests.bench.door import NAME, door
from tests.gateway.rpc.house import House, house, request


@pytest.fixture(autouse=True)
def _of_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overload, "SERVER_NAME", NAME)


def busy() -> float:
    return loop_seconds(os.getpid())


def fresh() -> bytes:
    return request().SerializeToString()


def here(gateway: House, folder: Path) -> AbstractAsyncContextManager[Way]:
    return way("here", door(gateway, folder), 2, fresh, spent=time.process_time, busy=busy)


async def test_every_answer_that_is_counted_is_in_the_log(tmp_path: Path) -> None:
    verdicts = Verdicts()
    async with house() as gateway:
        async with here(gateway, tmp_path) as through:
            await overload.overload(through, 0.3, verdicts, in_words=True)
        told = gateway.told()
    assert told.count("OUTCOME ISSUED") == through.answered
    assert {"answered meanwhile", "told OVERLOADED", "event loop", "well again"} <= {each.what for each in verdicts.lines}


async def test_who_is_refused_in_words_is_counted_so_with_advice(tmp_path: Path) -> None:
    async with house(Limits(in_flight=4)) as gateway, here(gateway, tmp_path) as through:
        gateway.city.hold()
        inside = [through.wires[0].ask(fresh()) for _ in range(3)]
        await gateway.city.asked(3)
        ends = await through.paced(200.0, 0.1)
        gateway.city.release()
        await asyncio.gather(*inside)
    assert ends.told == {Reason.OVERLOADED.name: 20}
    assert ends.unadvised == 0


async def test_who_is_patient_comes_again_when_told_and_is_answered(tmp_path: Path) -> None:
    async with house(Limits(in_flight=4)) as gateway, here(gateway, tmp_path) as through:
        gateway.city.hold()
        inside = [through.wires[0].ask(fresh()) for _ in range(3)]
        await gateway.city.asked(3)
        asking = asyncio.create_task(through.paced(100.0, 0.02, patient=True))
        await gateway.metrics.counted(2)
        gateway.city.release()
        await asyncio.gather(*inside)
        ends = await asking
    assert ends.told == {"ISSUED": 2}
    assert ends.again >= 2


def test_what_ended_so_within_a_second_of_each_other_is_one_span() -> None:
    ends = Ends()
    for due in (1.0, 1.4, 2.3, 7.0):
        ends.add("OVERLOADED", 0.1, due)
    ends.add("ISSUED", 0.1, 3.0)
    assert ends.spans("OVERLOADED") == [(1.0, 2.3, 3), (7.0, 7.0, 1)]
