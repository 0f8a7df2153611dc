"""How a running gateway is seen from outside: what is counted of each part, where the metrics are served, and traces.

Laws: what is counted is read where it is known, at each scrape; nothing here holds up a call.
"""

import asyncio
import logging
import platform
import sqlite3
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Final

from gateway import standings
from gateway.clock import ThreadClock, entropy
from gateway.ground import Ground
from gateway.ledger.appending import Appending
from gateway.ports import Meter
from gateway.reloading import Standing
from gateway.rpc.door import Door
from gateway.rpc.server import Server
from gateway.telemetry.together import Together

_SEAT_SECONDS: Final = 0.2
"""Between two looks whether the metrics port of a seat has been left by whoever had it before."""
_ENDED_SECONDS: Final = 45.0
"""By then a worker that had the seat before has ended, for it has 30 s (gateway.workers.process): another program has the port."""

_log = logging.getLogger("kuacheng.app")


def of_log(ground: Ground, ledger: Appending) -> None:
    """What is counted of the process itself, whose event loop runs in this thread, and of the log."""
    metrics, thread = ground.metrics, ThreadClock()
    metrics.busy(thread.running, thread.waiting)
    metrics.built(version("kuacheng"), platform.python_version(), version("grpcio"), sqlite3.sqlite_version)
    metrics.watch_queue(lambda: ledger.waiting)
    ledger.watch(metrics.appended)


def of_front(ground: Ground, standing: Standing, door: Door, server: Server) -> None:
    """What is counted of callers, and of the certificates that judge them."""
    metrics, clock = ground.metrics, ground.clock
    metrics.watch(lambda: float(door.inside))
    metrics.door(lambda: door.turned_away)
    metrics.connections(server.accepted)
    metrics.authorities(lambda: standings.authorities(standing.loaded, clock))
    metrics.renewing(lambda: standings.renewing(standing.loaded))


def meter(ground: Ground) -> Meter:
    """The metrics, and traces where they are configured."""
    wanted, counted = ground.loaded.settings.traces, Together(ground.metrics.ended)
    if wanted is None:
        return counted
    from gateway.telemetry.traces import Traced, Traces

    traces = Traces(str(wanted.address), version("kuacheng"), ground.clock, entropy)
    ground.stack.push_async_callback(asyncio.to_thread, traces.close)
    return Traced(counted, traces)


def serve(ground: Ground) -> str:
    """Where the metrics are served from now on, host:port; empty where nobody wants them. Raises OSError."""
    wanted, seat = ground.loaded.settings.metrics, ground.seat
    if wanted is None:
        return ""
    host, port = wanted.address.host, wanted.address.port
    if seat is None or not port:
        return str(replace(wanted.address, port=_served(ground, host, port)))
    ground.keep("metrics", partial(_follow, ground, host, port + seat.number))
    return str(replace(wanted.address, port=port + seat.number))


def _served(ground: Ground, host: str, port: int) -> int:
    server, real = ground.metrics.serve(host, port)
    ground.stack.callback(server.server_close)
    ground.stack.callback(server.shutdown)
    return real


async def _follow(ground: Ground, host: str, port: int) -> None:
    told, until = False, ground.clock.monotonic() + _ENDED_SECONDS
    while True:
        try:
            _served(ground, host, port)
        except OSError as error:
            if not told and ground.clock.monotonic() >= until:
                told = True
                where = {"where": f"{host}:{port}", "kind": type(error).__name__}
                _log.warning("this worker's metrics cannot be read: another program has their port; move it", extra=where)
        else:
            return
        await asyncio.sleep(_SEAT_SECONDS)
