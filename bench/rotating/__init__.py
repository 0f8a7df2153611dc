"""Changes certificates under load and says what callers noticed: leaves, CAs and revocations, while questions go on. `make soak-certs`.

Laws: the gateway is the ordinary one, in processes of its own, with its log on the disk; a question that does not come back with evidence
is a failure, and is not asked again, unless the worker that had it was killed. Latency counts from when a question was due; a change is
when every connection is shown the new certificate.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bench import mishaps
from bench.rotating.callers import CALLERS, Callers, window
from bench.rotating.operator import Operator
from bench.rotating.seen import Found, Load
from bench.stage import REGION, asked_once, start_quick_city
from gateway.clock import SystemClock, entropy
from gateway.development.layout import WINDOW, lay_out, write_configuration
from gateway.development.processes import start

__all__ = ["Found", "Load", "soak"]

KIND: Final = "housing-record"
_NOBODY: Final = "https://127.0.0.1:1"


async def soak(folder: Path, load: Load) -> Found:
    """Does it all. Raises RuntimeError where the gateway dies, or shows or refuses nothing in time."""
    layout = lay_out(folder, SystemClock().now(), entropy)
    found = Found()
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(mishaps.disk(layout.material))
        city = await start_quick_city(layout, [KIND])
        stack.push_async_callback(city.stop)
        write_configuration(layout, {REGION: city.said["url"], CALLERS: _NOBODY}, "127.0.0.1:0", "127.0.0.1:0")
        serve = ("gateway.cli", "serve", "--config", str(layout.config), "--workers", str(load.workers), "-o", "json")
        gateway = await start("gateway", serve, layout.folder)
        stack.push_async_callback(gateway.stop)
        callers = Callers(layout, gateway, await asked_once(KIND, layout, str(gateway.said["gateway"])), found)
        await callers.come(window(layout.pki.authority(CALLERS), WINDOW.system), load.connections)
        stack.push_async_callback(callers.leave)
        asking = asyncio.create_task(callers.ask(load))
        began = time.perf_counter()
        try:
            await Operator(layout, disk, gateway, callers, found).work(load)
        finally:
            found.seconds = time.perf_counter() - began
            callers.enough.set()
            await asking
        if gateway.process.returncode is not None:
            raise RuntimeError(f"the gateway ended with {gateway.process.returncode}")
    return found
