"""How late the event loop wakes: whatever holds it up holds up every exchange."""

import asyncio
from collections.abc import Callable
from typing import Final

_INTERVAL: Final = 0.5


async def watch_lag(lagged: Callable[[float], None], monotonic: Callable[[], float], interval: float = _INTERVAL) -> None:
    """Tells the seconds by which each of its wakings came late, until it is cancelled."""
    while True:
        due = monotonic() + interval
        await asyncio.sleep(interval)
        lagged(max(0.0, monotonic() - due))
