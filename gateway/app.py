"""The composition root: builds every part once, in order, and takes it down in reverse.

Laws: nothing is built anywhere else, but for what `witnessed` and `measured` build when they are told to; what does not come up keeps
the gateway from serving; an exchange that an earlier run left open gets its UNKNOWN outcome before the first call is let in; where
witnesses are configured, they are asked before it too.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from adapters.guarding.guarded import Bounds, Guarded
from certs import seen
from certs.denying import DenyListUnusable
from certs.seen import Sightings
from gateway import acts, asking, connecting, keeping, measured, rotation, sighting, storage, witnessed
from gateway.clock import SystemClock, entropy, fraction, new_id
from gateway.config import ConfigError, Loaded, System
from gateway.deferred import DeferredFile
from gateway.exchange import Ports
from gateway.fitness import unfit
from gateway.ground import Ground, Seat
from gateway.ledger.appending import Appending
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import check_extends
from gateway.ledger.note import Note
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.source import LogSource
from gateway.ledger.submitting import HttpPost
from gateway.ledger.usages import LogUsages
from gateway.model.act import Act, HostRole
from gateway.model.identity import Peer, Revoked
from gateway.model.refusal import Refusal
from gateway.obstacles import obstacles, problems
from gateway.ports import Clock, Ledger
from gateway.reauthenticating import Asked
from gateway.reloading import Making, Reloader, Standing
from gateway.revoking import Revoking
from gateway.rpc.core_log import Heard
from gateway.rpc.door import Door
from gateway.rpc.metering import Metering
from gateway.rpc.pace import PACE_SECONDS, Pace
from gateway.rpc.rotating import Shown
from gateway.rpc.server import Listener, Server
from gateway.rpc.services import Inside
from gateway.telemetry.access import AccessLog
from gateway.telemetry.lag import watch_lag
from gateway.telemetry.metrics import Metrics
from gateway.vouching import Means, Vouching

_log = logging.getLogger("kuacheng.app")

GRACE_SECONDS = 10.0
_ADOPTED_SECONDS = 5.0
_SWEEP_SECONDS = 1.0


class NotBuildable(Exception):  # noqa: N818  named for what was found
    """The configuration is sound and yet no gateway can be made of it now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves. `address` and `metrics` are host:port with the real port; `metrics` is empty where none was wanted.

    `reload` takes up what the files say now, and tells what keeps it from that; `reloader` does it in two steps.
    """

    address: str
    metrics: str
    reload: Callable[[str], Awaitable[tuple[str, ...]]]
    reloader: Reloader


@dataclass(frozen=True, slots=True)
class _Front:
    """The front door, and who judges whether those who come in are vouched for."""

    server: Server
    door: Door
    revoking: Revoking
    vouching: Vouching


@asynccontextmanager
async def gateway(
    loaded: Loaded,
    stream: TextIO,
    operator: str = "",
    read: Callable[[], Loaded] | None = None,
    seat: Seat | None = None,
    *,
    heard: Heard | None = None,
) -> AsyncIterator[Running]:
    """Serves within the context; log lines go to `stream`; `operator` is the id of who started it, for the log, or empty.

    `read` reads the configuration again, for a reload; with a `seat` it shares the address with others; `heard` is who
    listens to gRPC's C-core in this process.

    Raises ConfigError, NotBuildable, OSError, or what the ledger says of its file.
    """
    if found := await asyncio.to_thread(obstacles, loaded):
        raise ConfigError(found)
    keeping.make(loaded)
    async with AsyncExitStack() as stack:
        ground = Ground(loaded, SystemClock(), Metrics(AccessLog(stream)), stack, seat)
        ledger = await _log_opened(ground, operator)
        making = _making(read or (lambda: loaded), ground.clock, ledger, operator)
        standing = _standing(ground, making)
        front = await _front(ground, standing, await _ports(ground, standing, ledger))
        reloader = Reloader(standing, making, front.server, ground.metrics, version("kuacheng"))
        ground.metrics.handshakes((heard or Heard()).failed)
        where = measured.serve(ground)
        port = await _let_in(ground, front)
        _keep_watch(ground, front, reloader)
        yield Running(str(replace(loaded.server.address, port=port)), where, reloader.reload, reloader)


async def _log_opened(ground: Ground, operator: str) -> Appending:
    """The log, with nothing left open in it by those who are gone, and with our start."""
    loaded, clock = ground.loaded, ground.clock
    _check_not_rolled_back(loaded)
    rotation.check(loaded)
    ledger = storage.ledger(loaded)
    ground.stack.push_async_callback(ledger.close)
    measured.of_log(ground, ledger)
    await rotation.close_interrupted(ledger, clock)
    await _recorded(ledger, clock, loaded, operator, ground.stack)
    ground.keep("adopting", lambda: _close_adopted(ledger, clock))
    return ledger


def _standing(ground: Ground, making: Making) -> Standing:
    """What is in force, with the connections to the cities."""
    standing = Standing(ground.loaded, making.connect)
    ground.stack.push_async_callback(standing.close)
    ground.metrics.watch_systems(lambda: {name: each.standing for name, each in standing.adapters.items()})
    return standing


async def _ports(ground: Ground, standing: Standing, ledger: Ledger) -> Ports:
    """What the corridor needs."""
    watched = await witnessed.watched(ground, ledger)
    deferrals = DeferredFile.open(Path(f"{ground.loaded.beside}.deferred"))
    ground.stack.push_async_callback(deferrals.close)
    return Ports(standing.adapters, watched, ground.clock, measured.meter(ground), deferrals)


async def _front(ground: Ground, standing: Standing, ports: Ports) -> _Front:
    """The front door with all behind it; nobody is let in yet."""
    loaded, clock, stack = ground.loaded, ground.clock, ground.stack
    receipts = LogReceipts(*storage.openings(loaded), cosigned=storage.cosigned(loaded))
    stack.push_async_callback(receipts.close)
    usages = LogUsages(*storage.openings(loaded))
    stack.push_async_callback(usages.close)
    door, noting = Door(), _noting(ground, standing)
    revoking, vouching = await _believing(ground, standing, lambda: server.sweep())  # noqa: PLW0108  it is made below
    inside = Inside(standing.world, ports, receipts, usages, door, new_id, entropy, noting, vouching)
    server = Server(_listener(loaded, ground.seat), inside, Metering(ground.metrics, clock.monotonic))
    measured.of_front(ground, standing, door, server)
    return _Front(server, door, revoking, vouching)


def _noting(ground: Ground, standing: Standing) -> Callable[[Peer], None]:
    """Where it is noted who calls."""
    sightings = Sightings(seen.beside(ground.loaded.beside), ground.clock.now, ground.clock.monotonic)
    ground.stack.push_async_callback(sighting.write, sightings)
    ground.keep("sighting", lambda: sighting.keep(sightings))
    return partial(sighting.note, sightings, standing.world, ground.clock)


async def _let_in(ground: Ground, front: _Front) -> int:
    """Serves from now on; the real port. What is revoked is known before anybody is let in."""
    ground.stack.push_async_callback(front.revoking.close)
    try:
        await front.revoking.first()
    except (DenyListUnusable, OSError) as error:
        raise NotBuildable(str(error)) from error
    port = await front.server.start()
    ground.stack.push_async_callback(front.server.stop, GRACE_SECONDS)
    return port


def _keep_watch(ground: Ground, front: _Front, reloader: Reloader) -> None:
    """All that goes on as long as it serves."""
    heard = (ground.metrics.lagged, Pace(front.door).late)
    asked = Asked(ground.loaded.beside, front.server.reauthenticate)
    ground.keep("reloading", reloader.watch)
    ground.keep("revoking", front.revoking.watch)
    ground.keep("vouching", front.vouching.watch)
    ground.keep("sweeping", lambda: _sweeping(front.server))
    ground.keep("lag", lambda: watch_lag(heard, ground.clock.monotonic, PACE_SECONDS))
    ground.keep("reauthenticating", asked.watch)


def _making(read: Callable[[], Loaded], clock: SystemClock, ledger: Ledger, operator: str) -> Making:
    async def record(loaded: Loaded) -> None:
        facts = {"world": loaded.world.edition, "version": version("kuacheng")}
        await acts.record(ledger, clock, Act.CONFIGURATION_IN_FORCE, acts.actor(HostRole.GATEWAY, operator), facts)

    def fit(loaded: Loaded, before: Loaded) -> tuple[str, ...]:
        return unfit(loaded, before, clock.now())

    return Making(
        read, lambda loaded: tuple(map(str, problems(loaded))), fit, lambda system: _guard(system, clock), _shown, record
    )


def _guard(system: System, clock: SystemClock) -> Guarded:
    adapter = connecting.connector(system, clock)
    bounds = Bounds(places=system.connections, queue=system.queue, patience=system.timeout / 2)
    return Guarded(system.name, adapter, bounds, clock, fraction)


def _shown(loaded: Loaded) -> Shown:
    """Trusts the authorities of every region: which of them may speak for whom, stages.identify decides."""
    anchors = loaded.world.trust.anchors.values()
    authorities = b"\n".join(each.authorities for each in anchors)
    return Shown(loaded.server.certificate, loaded.server.key, authorities)


def _listener(loaded: Loaded, seat: Seat | None) -> Listener:
    where = loaded.server.address if seat is None else replace(loaded.server.address, port=seat.port)
    return Listener(str(where), _shown(loaded), shared=seat is not None, connections=loaded.server.connections)


def _check_not_rolled_back(loaded: Loaded) -> None:
    """Nothing may be signed on a log that was put back. Raises LogUnusable."""
    note = storage.cosigned(loaded)(loaded.settings.log)
    held = Checkpoint.parse(Note.parse(note).text) if note is not None else None
    if held is not None and held.origin == loaded.settings.log:
        check_extends(LogSource(storage.opening(loaded)), held)


async def _recorded(ledger: Appending, clock: Clock, loaded: Loaded, operator: str, stack: AsyncExitStack) -> None:
    """That the gateway starts, and by which configuration; and, when everything else has come down, that it stopped."""
    try:
        by = acts.actor(HostRole.GATEWAY, operator)
        facts = {"world": loaded.world.edition, "version": version("kuacheng")}
        begun = (Act.GATEWAY_STARTED, Act.CONFIGURATION_IN_FORCE)
        await asyncio.gather(*(acts.record(ledger, clock, each, by, facts) for each in begun))
    except (acts.OperatorUnclear, Refusal) as error:
        raise NotBuildable(f"its start cannot be recorded: {getattr(error, 'detail', error)}") from error

    async def stopped() -> None:
        try:
            await acts.record(ledger, clock, Act.GATEWAY_STOPPED, by, facts)
        except Refusal as unrecorded:  # it stops all the same: the log has its start, and the next one's
            _log.error("the stop is not recorded", extra={"kind": unrecorded.reason.name})

    stack.push_async_callback(stopped)


async def _close_adopted(ledger: Appending, clock: SystemClock) -> None:
    """While the gateway runs, what others who share the log and have died left open is ended as soon as they are known to be dead."""
    left: tuple[str, ...] = ()
    while True:
        await asyncio.sleep(_ADOPTED_SECONDS)
        left = await rotation.close_adopted(ledger, clock, left)


async def _believing(ground: Ground, standing: Standing, sweep: Callable[[], Awaitable[None]]) -> tuple[Revoking, Vouching]:
    """Whom the CAs do not vouch for any more, by their lists and by their responders: what changes ends streams at once."""

    async def changed(revoked: Revoked) -> None:
        standing.revoke(revoked)
        await sweep()

    clock, metrics = ground.clock, ground.metrics
    post = await ground.stack.enter_async_context(HttpPost(seconds=asking.SECONDS, kind=asking.CONTENT_TYPE))
    kept, now = asking.beside(standing.loaded.beside), clock.now
    revoking = Revoking(lambda: standing.loaded, now, clock.monotonic, changed, lambda: vouching.answers)
    metrics.revocation(revoking.stands)
    means = Means(lambda: standing.loaded, clock, kept, post, entropy, metrics, revoking.listed, revoking.answered)
    vouching = Vouching(means)
    return revoking, vouching


async def _sweeping(server: Server) -> None:
    """A certificate that expires, and an authority that is believed no more, end streams as well."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        await server.sweep()
