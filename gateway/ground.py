"""What every part of a running gateway is built on: its configuration, clock and metrics, and the stack that takes it down again.

Laws: what is kept going ends with the stack only: whatever it ends by before, that is logged and counted, and it is begun anew, after a
pause that grows as long as it does not last.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from gateway import internal_fault
from gateway.clock import SystemClock
from gateway.config import Loaded
from gateway.telemetry.metrics import Metrics

SOONEST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
"""The pause before work is begun anew, twice as long each time; the shortest again once it has lasted for longer than the longest."""

_log = logging.getLogger("kuacheng.app")

Work = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Seat:
    """One worker's place among several that serve one address: its number from 0, and the real port of the address.

    Its metrics are at the configured port plus the number, as soon as whoever had the seat before is gone.
    """

    number: int
    port: int


@dataclass(frozen=True, slots=True)
class Ground:
    """What is taken down last was put on `stack` first. `seat` is None where the gateway has the address to itself."""

    loaded: Loaded
    clock: SystemClock
    metrics: Metrics
    stack: AsyncExitStack
    seat: Seat | None

    def keep(self, name: str, work: Work) -> None:
        """Goes on with the work until it is done, or the stack is taken down as far as here. `name` is for logs and metrics."""
        self.metrics.keeps(name)
        self.stack.push_async_callback(_ended, asyncio.create_task(self._kept(name, work)))

    async def _kept(self, name: str, work: Work) -> None:
        pause = SOONEST_SECONDS
        while True:
            begun = self.clock.monotonic()
            fault = await _outcome(asyncio.create_task(work()))
            if fault is None:
                return
            internal_fault.record(_log, fault, critical=True, work=name)
            self.metrics.begun_anew(name)
            if self.clock.monotonic() - begun > LONGEST_SECONDS:
                pause = SOONEST_SECONDS
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_SECONDS)


async def _outcome(task: asyncio.Task[None]) -> BaseException | None:
    """What it ended by, a cancellation that nobody here asked for among it; None where it is done."""
    try:
        await asyncio.wait([task])
    finally:
        await _ended(task)
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
