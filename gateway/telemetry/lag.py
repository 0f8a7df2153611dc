"""How late the event loop wakes: whatever holds it up holds up every exchange."""

import asyncio
from collections.abc import Callable, Sequence


async def watch_lag(heard: Sequence[Callable[[float], None]], monotonic: Callable[[], float], interval: float) -> None:
    """Tells everybody the seconds by which each of its wakings came late, until it is cancelled."""
    while True:
        due = monotonic() + interval
        await asyncio.sleep(interval)
        late = max(0.0, monotonic() - due)
        for each in heard:
            each(late)
