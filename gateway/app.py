"""The composition root: builds every part once, in order, and takes it down in reverse.

Laws: nothing is built anywhere else; what does not come up keeps the gateway from serving; an exchange that an earlier run left open
gets its UNKNOWN outcome before the first call is let in; where witnesses are configured, they are asked before it too.
"""

import asyncio
import contextlib
import logging
import platform
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from adapters.guarding.guarded import Bounds, Guarded
from certs import seen
from certs.denying import DenyListUnusable
from certs.preflight import Trust, examine
from certs.seen import Sightings
from gateway import acts, asking, connecting, reauthenticating, rotation, sighting, standings, storage
from gateway.clock import SystemClock, entropy, fraction, new_id
from gateway.config import Loaded, System, WitnessMaterial
from gateway.deferred import DeferredFile
from gateway.exchange import Ports
from gateway.fitness import unfit
from gateway.ledger import kept
from gateway.ledger.appending import Appending
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import Collector, Watched, check_extends
from gateway.ledger.keys import signers
from gateway.ledger.note import Note
from gateway.ledger.policy import Policy, PolicyRefused, collecting_faults
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.source import LogSource
from gateway.ledger.submitting import HttpPost
from gateway.ledger.usages import LogUsages
from gateway.model.act import Act, HostRole
from gateway.model.identity import Revoked
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Clock, Ledger, Meter
from gateway.reloading import Making, Reloader, Standing
from gateway.revoking import Revoking
from gateway.rpc.core_log import Heard
from gateway.rpc.door import Door
from gateway.rpc.metering import Metering
from gateway.rpc.pace import PACE_SECONDS, Pace
from gateway.rpc.rotating import Shown
from gateway.rpc.server import Listener, Server
from gateway.rpc.services import Inside
from gateway.rpc.status import WORDINGS
from gateway.telemetry.access import AccessLog
from gateway.telemetry.lag import watch_lag
from gateway.telemetry.metrics import Metrics
from gateway.vouching import Means, Vouching

_log = logging.getLogger("kuacheng.app")

GRACE_SECONDS = 10.0
_ADOPTED_SECONDS = 5.0
_FIRST_ROUND_SECONDS = 5.0
"""That serving waits for the witnesses' first answers; without them it serves, and refuses what needs them."""
_SWEEP_SECONDS = 1.0
_SEAT_SECONDS = 0.2
"""Between two looks whether the metrics port of a seat has been left by whoever had it before."""


class NotBuildable(Exception):  # noqa: N818  named for what was found
    """The configuration reads well and yet no gateway can be made of it; the message says why and what to do."""


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
class Seat:
    """One worker's place among several that serve one address: its number from 0, and the real port of the address.

    Its metrics are at the configured port plus the number, as soon as whoever had the seat before is gone.
    """

    number: int
    port: int


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

    Raises NotBuildable, OSError, or what the ledger says of its file.
    """
    for problem in problems(loaded):
        raise NotBuildable(problem)
    clock = SystemClock()
    metrics = Metrics(AccessLog(stream))
    async with AsyncExitStack() as stack:
        _check_not_rolled_back(loaded)
        rotation.check(loaded)
        ledger = storage.ledger(loaded)
        stack.push_async_callback(ledger.close)
        _metered(metrics, ledger, clock, stack)
        await rotation.close_interrupted(ledger, clock)
        await _recorded(ledger, clock, loaded, operator, stack)
        stack.push_async_callback(_ended, asyncio.create_task(_close_adopted(ledger, clock)))
        making = _making(read or (lambda: loaded), clock, ledger, operator)
        standing = Standing(loaded, making.connect)
        stack.push_async_callback(standing.close)
        metrics.watch_systems(lambda: {name: each.standing for name, each in standing.adapters.items()})
        door = Door()
        watched = await _watched(loaded, ledger, clock, metrics, stack)
        receipts = LogReceipts(*storage.openings(loaded), cosigned=storage.cosigned(loaded))
        stack.push_async_callback(receipts.close)
        usages = LogUsages(*storage.openings(loaded))
        stack.push_async_callback(usages.close)
        sightings = Sightings(seen.beside(loaded.beside), clock.now, clock.monotonic)
        stack.push_async_callback(sighting.write, sightings)
        stack.push_async_callback(_ended, asyncio.create_task(sighting.keep(sightings)))
        deferrals = DeferredFile.open(Path(f"{loaded.beside}.deferred"))
        stack.push_async_callback(deferrals.close)
        ports = Ports(standing.adapters, watched, clock, _traced(loaded, metrics, clock, stack), deferrals)
        noting = partial(sighting.note, sightings, standing.world, clock)
        revoking, vouching = await _believing(standing, clock, metrics, lambda: server.sweep(), stack)  # noqa: PLW0108  it is made below
        inside = Inside(standing.world, ports, receipts, usages, door, new_id, entropy, noting, vouching)
        server = Server(_listener(loaded, seat), inside, Metering(metrics, clock.monotonic))
        metrics.watch(lambda: float(door.inside))
        metrics.door(lambda: door.turned_away)
        metrics.connections(server.accepted)
        metrics.handshakes((heard or Heard()).failed)
        metrics.authorities(lambda: standings.authorities(standing.loaded, clock))
        metrics.renewing(lambda: standings.renewing(standing.loaded))
        reloader = Reloader(standing, making, server, metrics, version("kuacheng"))
        where = _serve_metrics(loaded, metrics, stack, seat)
        await _first(revoking)
        port = await server.start()
        stack.push_async_callback(server.stop, GRACE_SECONDS)
        for each in (
            reloader.watch(),
            revoking.watch(),
            vouching.watch(),
            _sweeping(server),
            watch_lag(Pace(door).late, clock.monotonic, PACE_SECONDS),
            reauthenticating.watch(loaded.beside, server.reauthenticate),
        ):
            stack.push_async_callback(_ended, asyncio.create_task(each))
        yield Running(str(replace(loaded.server.address, port=port)), where, reloader.reload, reloader)


def problems(loaded: Loaded) -> tuple[str, ...]:
    """What keeps a gateway from being made of this configuration, although each part of it reads well."""
    return (
        *connecting.problems(loaded),
        *(_witness_problems(loaded, loaded.witnesses) if loaded.witnesses else ()),
        *_untraceable(loaded),
        *(f"Reason {each.name} has no wording" for each in Reason if each not in WORDINGS),
    )


def _untraceable(loaded: Loaded) -> tuple[str, ...]:
    if loaded.settings.traces is None or find_spec("opentelemetry"):
        return ()
    return ("traces are configured and OpenTelemetry is not installed: pip install kuacheng[traces], or take `traces` out",)


def material_findings(loaded: Loaded) -> tuple[str, ...]:
    """What is wrong with the authorities that this gateway would trust, now."""
    now = SystemClock().now()
    trusted = [(f"authorities of region {each.region}", each.authorities) for each in loaded.world.trust.anchors.values()]
    if loaded.witnesses and loaded.witnesses.authorities:
        trusted.append(("authorities of the witnesses", loaded.witnesses.authorities))
    trusted += [(f"authorities of system {each.name}", each.authorities) for each in loaded.systems.values()]
    return tuple(str(finding) for name, pem in trusted for finding in examine(Trust(name=name, authorities=pem), now))


def _making(read: Callable[[], Loaded], clock: SystemClock, ledger: Ledger, operator: str) -> Making:
    async def record(loaded: Loaded) -> None:
        facts = {"world": loaded.world.edition, "version": version("kuacheng")}
        await acts.record(ledger, clock, Act.CONFIGURATION_IN_FORCE, acts.actor(HostRole.GATEWAY, operator), facts)

    def fit(loaded: Loaded, before: Loaded) -> tuple[str, ...]:
        return unfit(loaded, before, clock.now())

    return Making(read, problems, fit, lambda system: _guard(system, clock), _shown, record)


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


def _witness_problems(loaded: Loaded, wanted: WitnessMaterial) -> list[str]:
    try:
        policy = Policy.parse(wanted.policy)
    except PolicyRefused as refused:
        return [f"policy of the witnesses: {refused}"]
    keys = [each.verifier for each in signers(loaded.settings.log, loaded.log_keys)]
    faults = collecting_faults(policy, keys, authorities=wanted.authorities is not None)
    return [f"policy of the witnesses: {each}" for each in faults]


async def _watched(loaded: Loaded, ledger: Ledger, clock: Clock, metrics: Metrics, stack: AsyncExitStack) -> Ledger:
    """The ledger that needs its witnesses, if it has any, who are asked from now on until the stack ends."""
    wanted = loaded.witnesses
    if wanted is None:
        return ledger
    trust = ssl.create_default_context(cadata=wanted.authorities.decode()) if wanted.authorities else None
    post = await stack.enter_async_context(HttpPost(trust))
    collector = Collector(
        LogSource(storage.opening(loaded)),
        Policy.parse(wanted.policy),
        post,
        clock,
        kept=storage.kept(loaded),
        keep=partial(kept.keep, wanted.kept),
    )
    first = asyncio.Event()

    def told(faults: Sequence[str]) -> None:
        metrics.witnesses_failed(faults)
        first.set()

    metrics.witnessed(lambda: collector.age(clock.now()))
    rounds = asyncio.create_task(collector.run(asyncio.Event(), fraction, wanted.interval, told))
    stack.push_async_callback(_ended, rounds)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(first.wait(), _FIRST_ROUND_SECONDS)
    return Watched(ledger, collector, clock, wanted.limit)


async def _believing(
    standing: Standing, clock: Clock, metrics: Metrics, sweep: Callable[[], Awaitable[None]], stack: AsyncExitStack
) -> tuple[Revoking, Vouching]:
    """Whom the CAs do not vouch for any more, by their lists and by their responders: what changes ends streams at once."""

    async def changed(revoked: Revoked) -> None:
        standing.revoke(revoked)
        await sweep()

    post = await stack.enter_async_context(HttpPost(seconds=asking.SECONDS, kind=asking.CONTENT_TYPE))
    kept, now = asking.beside(standing.loaded.beside), clock.now
    revoking = Revoking(lambda: standing.loaded, now, clock.monotonic, metrics, changed, lambda: vouching.answers)
    means = Means(lambda: standing.loaded, clock, kept, post, entropy, metrics, revoking.listed, revoking.answered)
    vouching = Vouching(means)
    return revoking, vouching


async def _first(revoking: Revoking) -> None:
    """What is revoked is known before anybody is let in."""
    try:
        await revoking.first()
    except (DenyListUnusable, OSError) as error:
        raise NotBuildable(str(error)) from error


async def _sweeping(server: Server) -> None:
    """A certificate that expires, and an authority that is believed no more, end streams as well."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        await server.sweep()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _metered(metrics: Metrics, ledger: Appending, clock: Clock, stack: AsyncExitStack) -> None:
    """What is counted of the process itself and of the log."""
    metrics.built(version("kuacheng"), platform.python_version(), version("grpcio"), sqlite3.sqlite_version)
    metrics.watch_queue(lambda: ledger.waiting)
    ledger.watch(metrics.appended)
    stack.push_async_callback(_ended, asyncio.create_task(watch_lag(metrics.lagged, clock.monotonic)))


def _traced(loaded: Loaded, metrics: Metrics, clock: Clock, stack: AsyncExitStack) -> Meter:
    """The metrics, and traces where they are configured."""
    wanted = loaded.settings.traces
    if wanted is None:
        return metrics
    from gateway.telemetry.traces import Traced, Traces

    traces = Traces(str(wanted.address), version("kuacheng"), clock, entropy)
    stack.push_async_callback(asyncio.to_thread, traces.close)
    return Traced(metrics, traces)


def _serve_metrics(loaded: Loaded, metrics: Metrics, stack: AsyncExitStack, seat: Seat | None) -> str:
    wanted = loaded.settings.metrics
    if wanted is None:
        return ""
    host, port = wanted.address.host, wanted.address.port

    def serve(port: int) -> int:
        server, real = metrics.serve(host, port)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        return real

    async def follow(port: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                serve(port)
                return
            await asyncio.sleep(_SEAT_SECONDS)

    if seat is None or not port:
        return str(replace(wanted.address, port=serve(port)))
    stack.push_async_callback(_ended, asyncio.create_task(follow(port + seat.number)))
    return str(replace(wanted.address, port=port + seat.number))
