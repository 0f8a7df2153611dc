"""What every part of a running gateway is built on: its configuration, clock and metrics, and the stack that takes it down again."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gateway.clock import SystemClock
from gateway.config import Loaded
from gateway.telemetry.metrics import Metrics


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

    def keep(self, work: Coroutine[None, None, None]) -> None:
        """Goes on with the work until the stack is taken down as far as here."""
        self.stack.push_async_callback(_ended, asyncio.create_task(work))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
