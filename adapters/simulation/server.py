"""The frame of a city's program: options, mutual TLS, the ready line, control, and an orderly end.

Laws: no client certificate, no connection; one JSON line on stdout when serving; SIGTERM, SIGINT and the end of a piped
stdin end the program with status 0. A city hands in its operations and knows nothing of sockets.

A city's `__main__` is:

    def build(settings: Settings) -> Sequence[Operation]: ...

    if __name__ == "__main__":
        raise SystemExit(main("adapters.guangzhou.simulator", build))

Control, behind the same listener and the same mutual TLS:

    GET    /_simulator/tape?after=N   {"last", "entries": [...]}, the last 200 exchanges numbered above N; `last` is the newest number
    GET    /_simulator/faults         what is offered and what is armed
    POST   /_simulator/faults         arm {"interface", "fault", "times"?, "operation"?, "seconds"?}; 400 for nonsense
    DELETE /_simulator/faults         disarm all
"""

import argparse
import asyncio
import json
import os
import signal
import ssl
import stat
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.simulation.delivery import deliver
from adapters.simulation.faults import CLOCK_SKEW, SKEWED_SECONDS, FaultBook, WrongFaultError, spoil
from adapters.simulation.front import Front, Store, end, work_off
from adapters.simulation.operation import TABLE, Asked, Operation
from adapters.simulation.tape import Tape

_LARGEST_REQUEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says to a city. `secrets` is the parsed --secrets file; `token_life` is in seconds."""

    secrets: dict[str, Any] = field(repr=False)
    people: int
    companies: int
    seed: int
    token_life: float | None


def main(
    program: str,
    build: Callable[[Settings], Sequence[Operation]],
    arguments: Sequence[str] | None = None,
    front: Callable[[Settings], Front | None] = lambda _: None,
) -> int:
    """Serve what `build` makes of the settings until told to end; the exit status. `front` is its front-end database, if it has one."""
    options = _parser(program).parse_args(arguments)
    settings = Settings(
        secrets=json.loads(options.secrets.read_text(encoding="utf-8")),
        people=options.people,
        companies=options.companies,
        seed=options.seed,
        token_life=options.token_life,
    )
    operations = tuple(build(settings))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(operations, options, front(settings)))
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--cert", required=True, type=Path, help="the server's certificate chain, PEM")
    parser.add_argument("--key", required=True, type=Path, help="its key, PEM")
    parser.add_argument("--client-ca", required=True, type=Path, help="whose client certificates are let in, PEM")
    parser.add_argument("--secrets", required=True, type=Path, help="accounts and shared secrets, JSON")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--companies", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--token-life", type=float, default=None, metavar="SECONDS")
    parser.add_argument("--clock-offset", type=float, default=0.0, metavar="SECONDS", help="how far this clock is off")
    return parser


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


async def _serve(operations: tuple[Operation, ...], options: argparse.Namespace, front: Front | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tape, book = Tape(), FaultBook(operations)
    runner = web.AppRunner(
        application(operations, tape, book, options.clock_offset),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=0.5,
    )
    await runner.setup()
    host, _, port = options.listen.rpartition(":")
    context = _tls(options.cert, options.key, options.client_ca)
    await web.TCPSite(runner, host, int(port), ssl_context=context).start()
    at_tables = tuple(each for each in operations if each.method == TABLE)
    work = asyncio.create_task(work_off(Store(front), at_tables, tape, book, options.clock_offset)) if front else None
    interfaces = list(dict.fromkeys(operation.interface for operation in operations))
    sys.stdout.write(json.dumps({"url": f"https://{host}:{runner.addresses[0][1]}", "interfaces": interfaces}) + "\n")
    sys.stdout.flush()
    _watch_parent(loop, stop)
    try:
        await stop.wait()
    finally:
        if work is not None:
            await end(work)
        await runner.cleanup()


def _tls(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """End with the parent: a piped stdin is readable without data once its other end is gone."""
    if sys.stdin is None or not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        return
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)


def application(operations: tuple[Operation, ...], tape: Tape, book: FaultBook, clock_offset: float = 0.0) -> web.Application:
    """The city's operations and the control endpoints as one aiohttp application."""
    app = web.Application(client_max_size=_LARGEST_REQUEST)
    _add_control(app, tape, book)
    for operation in (each for each in operations if each.method != TABLE):
        app.router.add_route(operation.method, operation.path, _handler(operation, tape, book, clock_offset))
    return app


def _handler(operation: Operation, tape: Tape, book: FaultBook, clock_offset: float) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked = Asked(
            method=request.method,
            path=request.path_qs,
            query=request.query,
            headers=request.headers,
            body=await request.read(),
            now=time.time() + clock_offset,  # noqa: TID251 - a city has a clock of its own
        )
        called = operation.called(asked)
        fault = book.take(operation, called)
        if fault and fault.name == CLOCK_SKEW:
            asked = replace(asked, now=asked.now + SKEWED_SECONDS)
        own = fault is not None and fault.name in operation.faults | operation.if_named
        reply = operation.answer(replace(asked, fault=fault.name) if fault and own else asked)
        if fault and not own:
            reply = spoil(fault.name, reply)
        tape.record(operation, called, asked, reply, fault.name if fault else None)
        return await deliver(request, reply, fault)

    return handle


def _add_control(app: web.Application, tape: Tape, book: FaultBook) -> None:
    async def show_tape(request: web.Request) -> web.Response:
        return web.json_response({"last": tape.last, "entries": tape.after(int(request.query.get("after", "0")))})

    async def show_faults(_: web.Request) -> web.Response:
        return web.json_response(book.listing())

    async def arm(request: web.Request) -> web.Response:
        try:
            book.arm(await request.json())
        except (WrongFaultError, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(book.listing())

    async def disarm(_: web.Request) -> web.Response:
        book.clear()
        return web.json_response(book.listing())

    app.router.add_get("/_simulator/tape", show_tape)
    app.router.add_get("/_simulator/faults", show_faults)
    app.router.add_post("/_simulator/faults", arm)
    app.router.add_delete("/_simulator/faults", disarm)
