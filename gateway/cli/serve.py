"""`kuacheng serve`: runs the gateway until it is told to end, in this process or in several under this one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing
from gateway.cli.options import control as control_option
from gateway.cli.service_manager import ServiceManager

if TYPE_CHECKING:
    from gateway.app import Running
    from gateway.config import Loaded
    from gateway.ground import Seat
    from gateway.workers.control import Answer, Handler, Order

_MOST = 64


@click.command("serve")
@printing.config
@printing.operator
@click.option("--workers", type=click.IntRange(1, _MOST), default=1, show_default=True, help="Processes that share the address.")
@control_option
@click.option("--seat", nargs=2, type=int, hidden=True)
@printing.output
def command(path: str, operator: str, output: str, *, workers: int, control: Path | None, seat: tuple[int, int] | None) -> None:
    """Run the gateway. SIGTERM and SIGINT let those inside finish, then end it. SIGHUP has it take up what the files say now.

    A link that leads to another generation of certificates (pki/current) is noticed without a signal. One JSON line an
    exchange goes to standard error; metrics are at the configured address. What is wrong with the configuration is told as
    `kuacheng config check` tells it, with exit status 1.

    With --workers N, N processes share the address and the evidence log; metrics of worker n are at the configured port plus n.
    One that crashes is replaced. `kuacheng reload` has all of them take up the files, or none, and restarts them one by one.

    A service manager that waits for it (systemd's Type=notify) is told when callers are let in.
    """
    import os

    os.environ.pop("GRPC_VERBOSITY", None)  # or C-core would keep to itself why handshakes fail
    manager = ServiceManager.taken(os.environ)
    from gateway.cli.problems import loaded_or_fail
    from gateway.config import load
    from gateway.connecting import PROGRAMS

    loaded = loaded_or_fail(Path(path), output, programs=PROGRAMS)
    if workers > 1:
        from gateway.cli.supervise import supervise

        raise SystemExit(
            asyncio.run(supervise(loaded, path, operator, workers, control, manager=manager, as_json=output == "json"))
        )
    import uvloop

    from gateway.ground import Seat

    serving = _Serving(
        loaded, operator, lambda: load(Path(path), os.environ, programs=PROGRAMS), manager, as_json=output == "json"
    )
    if seat is not None:
        uvloop.run(serving.run(Seat(*seat), obey))
    else:
        uvloop.run(serving.run(None, partial(listen, Path(path), control)))


class _Serving:
    """One process that serves."""

    def __init__(
        self, loaded: Loaded, operator: str, read: Callable[[], Loaded], manager: ServiceManager, *, as_json: bool
    ) -> None:
        self._loaded = loaded
        self._operator = operator
        self._read = read
        self._manager = manager
        self._as_json = as_json

    async def run(self, seat: Seat | None, listen: Callable[[asyncio.Event, Running, AsyncExitStack], Awaitable[None]]) -> None:
        """Until a signal; `listen` says who else may tell it something."""
        import gc
        import resource
        import signal
        import sys

        from gateway.app import NotBuildable, gateway
        from gateway.cli.problems import refuse
        from gateway.config import ConfigError
        from gateway.ledger.records import LogUnusable
        from gateway.rpc.core_log import Heard, taken
        from gateway.telemetry.access import configure
        from gateway.workers.control import ControlTaken

        heard = Heard()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        stop, told = asyncio.Event(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            async with AsyncExitStack() as stack:
                stack.callback(configure, sys.stderr)  # for what is said when the stream below is closed
                lines = stack.enter_context(taken(heard))
                configure(lines)
                made = gateway(self._loaded, lines, self._operator, self._read, seat, heard=heard)
                running = await stack.enter_async_context(made)
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told.set)
                await listen(stop, running, stack)
                reloading = asyncio.create_task(_reload(told, running.reload))
                # What is there now stays: no later collection need look at it, and stop every exchange for as long as that takes.
                gc.collect()
                gc.freeze()
                self._manager.serves(f"serving on {running.address}")
                self._say(running)
                await stop.wait()
                reloading.cancel()
        except ConfigError as error:
            refuse(error, "json" if self._as_json else "text")
        except (NotBuildable, LogUnusable, ControlTaken, OSError) as error:
            printing.fail(f"the gateway does not start: {error}", printing.FINDING)

    def _say(self, running: Running) -> None:
        if self._as_json:
            printing.as_json({"event": "serving", "gateway": running.address, "metrics": running.metrics})
            return
        edition = self._loaded.world.edition
        click.echo(f"serving on {running.address}, metrics on {running.metrics or 'no port'}; edition {edition}")


async def listen(config: Path, control: Path | None, _: asyncio.Event, running: Running, stack: AsyncExitStack) -> None:
    """Has the one process hear operators."""
    from gateway.workers.together import Local, take_up

    async def handle(order: Order) -> Answer:
        import os

        if order.get("do") == "health":
            return {"result": "serving", "problems": [], "workers": [os.getpid()]}
        if order.get("do") != "reload":
            told = "one process cannot restart without a gap; run it with --workers 2 or more, or restart the service"
            return {"result": "refused", "problems": [told], "workers": [os.getpid()]}
        answer = await take_up([Local(running.reloader)], "command", dry_run=bool(order.get("dry_run")))
        return {**answer, "workers": [os.getpid()]}

    await heard(config, control, handle, stack)


async def heard(config: Path, control: Path | None, handle: Handler, stack: AsyncExitStack) -> None:
    """Listens for operators until the stack ends. Raises ControlTaken; OSError where the socket was named and cannot be."""
    import logging

    from gateway.workers.control import beside
    from gateway.workers.control import control as door

    try:
        await stack.enter_async_context(door(control or beside(config), handle))
    except OSError as error:
        if control is not None:
            raise
        told = {"kind": type(error).__name__}
        logging.getLogger("kuacheng.workers").warning("no socket for kuacheng reload; give --control", extra=told)


async def obey(stop: asyncio.Event, running: Running, stack: AsyncExitStack) -> None:
    """Has a worker hear its supervisor, and end with it."""
    import json
    import sys

    from gateway.workers.together import carry_out

    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    stack.callback(transport.close)

    async def hear() -> None:
        while line := await reader.readline():
            answer: Any = await carry_out(running.reloader, json.loads(line))
            printing.as_json(answer)
        stop.set()

    stack.callback(asyncio.create_task(hear()).cancel)


async def _reload(told: asyncio.Event, reload: Callable[[str], Awaitable[tuple[str, ...]]]) -> None:
    while True:
        await told.wait()
        told.clear()
        await reload("signal")
