"""What a gateway stands on: what was begun later ends earlier, and what ends by a fault is begun anew."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from gateway import ground as module
from gateway.clock import SystemClock
from gateway.config import load
from gateway.development.layout import Layout
from gateway.ground import Ground
from gateway.telemetry.access import AccessLog, LineFormatter
from gateway.telemetry.metrics import Metrics
from tests.gateway.rpc.house import PATIENCE

CANARY = "张三丰 440101188502280019"


def standing(living: Layout, stack: AsyncExitStack) -> Ground:
    return Ground(load(Path(living.config), {}), SystemClock(), Metrics(AccessLog(io.StringIO())), stack, None)


def failures(ground: Ground, work: str) -> float | None:
    return ground.metrics.registry.get_sample_value("kuacheng_background_failures_total", {"work": work})


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream, log = io.StringIO(), logging.getLogger("kuacheng.app")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    log.addHandler(handler)
    yield stream
    log.removeHandler(handler)


async def test_what_is_kept_going_ends_with_the_stack_last_first(living: Layout) -> None:
    told: list[str] = []
    begun = asyncio.Semaphore(0)

    async def work(name: str) -> None:
        try:
            told.append(f"{name} begins")
            begun.release()
            await asyncio.Event().wait()
        finally:
            told.append(f"{name} ends")

    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        ground = standing(living, stack)
        ground.keep("first", lambda: work("first"))
        stack.callback(told.append, "between")
        ground.keep("second", lambda: work("second"))
        await begun.acquire()
        await begun.acquire()
    assert told == ["first begins", "second begins", "second ends", "between", "first ends"]


async def test_what_ends_by_a_fault_is_told_counted_and_begun_anew_ever_later(
    living: Layout, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SOONEST_SECONDS", 0.002)
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.02)
    moments: list[float] = []
    lasts = asyncio.Event()

    async def work() -> None:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) == 3:
            raise asyncio.CancelledError
        if len(moments) == 7:
            lasts.set()
            await asyncio.Event().wait()
        raise ValueError(CANARY)

    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        ground = standing(living, stack)
        ground.keep("revoking", work)
        assert failures(ground, "revoking") == 0, "there from the start, or the first would be no increase"
        await lasts.wait()
        assert failures(ground, "revoking") == 6
    lines = [json.loads(each) for each in said.getvalue().splitlines()]
    assert {(each["level"], each["message"], each["work"]) for each in lines} == {("CRITICAL", "internal fault", "revoking")}
    assert [each["kind"] for each in lines] == [
        "ValueError",
        "ValueError",
        "CancelledError",
        "ValueError",
        "ValueError",
        "ValueError",
    ]
    assert CANARY not in said.getvalue()
    pauses = [after - before for before, after in pairwise(moments)]
    assert all(pause >= least for pause, least in zip(pauses, (0.002, 0.004, 0.008, 0.016, 0.02, 0.02), strict=True))


async def test_what_is_done_is_not_begun_again(living: Layout) -> None:
    times = 0

    async def work() -> None:
        nonlocal times
        times += 1

    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        ground = standing(living, stack)
        await ground._kept("metrics", work)
    assert times == 1
