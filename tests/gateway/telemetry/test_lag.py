"""What holds up the event loop is seen, by how long it did."""

import asyncio
import time

from gateway.telemetry.lag import watch_lag

BLOCKED = 0.05


async def test_a_blocked_loop_is_seen() -> None:
    heard: list[float] = []
    also: list[float] = []
    news = asyncio.Event()

    def lagged(seconds: float) -> None:
        heard.append(seconds)
        news.set()

    watching = asyncio.create_task(watch_lag((also.append, lagged), time.monotonic, interval=0.001))
    await news.wait()
    news.clear()
    until = time.monotonic() + BLOCKED
    while time.monotonic() < until:
        pass
    await news.wait()
    watching.cancel()
    await asyncio.wait([watching])
    assert max(heard) >= BLOCKED / 2
    assert min(heard) >= 0
    assert also == heard, "one look, told to everybody"
