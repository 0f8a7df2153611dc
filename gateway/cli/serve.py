"""`kuacheng serve`: runs the gateway until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.config import Loaded


@click.command("serve")
@printing.config
@printing.operator
@printing.output
def command(path: str, operator: str, output: str) -> None:
    """Run the gateway. SIGTERM and SIGINT let those inside finish, then end it. SIGHUP has it take up what the files say now.

    A link that leads to another generation of certificates (pki/current) is noticed without a signal. One JSON line an
    exchange goes to standard error; metrics are at the configured address.
    """
    import os

    import uvloop

    from gateway.cli.problems import loaded_or_fail
    from gateway.config import load

    loaded = loaded_or_fail(Path(path), output)
    uvloop.run(_serve(loaded, operator, lambda: load(Path(path), os.environ), as_json=output == "json"))


async def _serve(loaded: Loaded, operator: str, read: Callable[[], Loaded], *, as_json: bool) -> None:
    import asyncio
    import gc
    import signal
    import sys

    from gateway.app import NotBuildable, gateway
    from gateway.ledger.records import LogUnusable
    from gateway.telemetry.access import configure

    configure(sys.stderr)
    stop, told = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with gateway(loaded, sys.stderr, operator, read) as running:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told.set)
            reloading = asyncio.create_task(_reload(told, running.reload))
            # What is there now stays: no later collection need look at it, and stop every exchange for as long as that takes.
            gc.collect()
            gc.freeze()
            if as_json:
                printing.as_json({"event": "serving", "gateway": running.address, "metrics": running.metrics})
            else:
                click.echo(
                    f"serving on {running.address}, metrics on {running.metrics or 'no port'}; edition {loaded.world.edition}"
                )
            await stop.wait()
            reloading.cancel()
    except (NotBuildable, LogUnusable, OSError) as error:
        printing.fail(f"the gateway does not start: {error}", printing.FINDING)


async def _reload(told: asyncio.Event, reload: Callable[[str], Awaitable[tuple[str, ...]]]) -> None:
    while True:
        await told.wait()
        told.clear()
        await reload("signal")
