"""Several workers under one supervisor, as `kuacheng serve --workers N` runs them."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing
from gateway.cli.serve import heard

if TYPE_CHECKING:
    from gateway.cli.service_manager import ServiceManager
    from gateway.config import Loaded
    from gateway.workers.supervisor import Supervisor


async def supervise(
    loaded: Loaded, path: str, operator: str, workers: int, control: Path | None, *, manager: ServiceManager, as_json: bool
) -> int:
    """Until a signal, or until no worker is left; the exit status."""
    from gateway.telemetry.access import configure
    from gateway.workers.control import ControlTaken
    from gateway.workers.process import NotStarted
    from gateway.workers.supervisor import Supervisor, reserved

    configure(sys.stderr)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    where = loaded.server.address
    reloading = set[asyncio.Task[object]]()
    async with AsyncExitStack() as stack:
        try:
            kept = stack.enter_context(reserved(where.host, where.port))
            address = replace(where, port=kept.getsockname()[1])
            supervisor = Supervisor(workers, lambda number: _arguments(path, operator, number, address.port))
            await heard(Path(path), control, supervisor.handle, stack)
            await supervisor.start()
            stack.push_async_callback(supervisor.stop)
            loop.add_signal_handler(signal.SIGHUP, lambda: _reload(supervisor, reloading))
            manager.serves(f"serving on {address} with {workers} workers")
        except (NotStarted, ControlTaken, OSError) as error:
            printing.fail(f"the gateway does not start: {error}", printing.FINDING)
        _say(str(address), supervisor, loaded, as_json=as_json)
        await _either(stop, supervisor.given_up)
        if supervisor.given_up.is_set():
            click.echo("the gateway ends: every worker ended again and again; its own lines above say why", err=True)
            return printing.FINDING
    return 0


def _arguments(path: str, operator: str, number: int, port: int) -> tuple[str, ...]:
    begun = ("-m", "gateway.cli", "serve", "--config", path, "--seat", str(number), str(port), "-o", "json")
    return (*begun, "--operator", operator) if operator else begun


def _reload(supervisor: Supervisor, reloading: set[asyncio.Task[object]]) -> None:
    task: asyncio.Task[object] = asyncio.ensure_future(supervisor.handle({"do": "reload", "trigger": "signal"}))
    reloading.add(task)
    task.add_done_callback(reloading.discard)


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(each.wait()) for each in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()


def _say(address: str, supervisor: Supervisor, loaded: Loaded, *, as_json: bool) -> None:
    metrics = [str(each.said["metrics"]) for each in supervisor.workers]
    if as_json:
        pids = [each.pid for each in supervisor.workers]
        printing.as_json({"event": "serving", "gateway": address, "metrics": metrics, "workers": pids})
        return
    told = ", ".join(each for each in metrics if each) or "no port"
    click.echo(f"serving on {address} with {len(metrics)} workers, metrics on {told}; edition {loaded.world.edition}")
