"""What a gateway stands on: what was begun later ends earlier."""

import asyncio
import io
from contextlib import AsyncExitStack
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config import load
from gateway.development.layout import Layout
from gateway.ground import Ground
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics


async def test_what_is_kept_going_ends_with_the_stack_last_first(living: Layout) -> None:
    told: list[str] = []

    async def work(name: str) -> None:
        try:
            told.append(f"{name} begins")
            await asyncio.Event().wait()
        finally:
            told.append(f"{name} ends")

    async with AsyncExitStack() as stack:
        ground = Ground(load(Path(living.config), {}), SystemClock(), Metrics(AccessLog(io.StringIO())), stack, None)
        ground.keep(work("first"))
        stack.callback(told.append, "between")
        ground.keep(work("second"))
        await asyncio.sleep(0)
    assert told == ["first begins", "second begins", "second ends", "between", "first ends"]
