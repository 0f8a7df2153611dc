"""Takes up a new configuration, with its certificates, while calls go on: all of it or none of it.

Laws: it is read and judged before anything changes; world, connections to cities and what the listener shows change together, and back
together where the listener's own handshake does not meet what was meant; what cannot change without a restart is said, not ignored.
With several workers all prepare before one switches (gateway.workers.together); between the two nothing else is taken up.
Whatever comes of it is logged and counted. An exchange ends with the world, and with the connections, that it began with.
"""

import asyncio
import hashlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

from cryptography import x509

from adapters.guarding.guarded import Guarded
from gateway import internal_fault
from gateway.config import ConfigError, Loaded, System, followed, generations, moved
from gateway.difference import Change, difference
from gateway.model.identity import Revoked
from gateway.model.refusal import Refusal
from gateway.model.world import World
from gateway.rpc.rotating import NotShown, Shown

EVERY_SECONDS: Final = 0.5
"""Between two looks whether a link leads elsewhere."""
AGAIN_SECONDS: Final = 15.0
"""Until a generation that was refused is tried again, and twice as long after each further refusal, up to the longest."""
LONGEST_SECONDS: Final = 900.0

_log = logging.getLogger("kuacheng.reload")


class Listening(Protocol):
    """The front door."""

    async def show(self, shown: Shown) -> None:
        """Shows this from now on. Raises NotShown."""
        ...


class Meter(Protocol):
    """Where it is counted."""

    def reloaded(self, result: str) -> None:
        """One attempt ended: applied or refused."""
        ...

    def stands(self, edition: str, version: str) -> None:
        """This edition judges."""
        ...

    def answers(self, kinds: Iterable[tuple[str, str]]) -> None:
        """These kinds of evidence, by alias, may be asked of these regions."""
        ...

    def material(self, lives: list[tuple[str, str, float, float]], generations: tuple[str, ...]) -> None:
        """These certificates are in force: role, whose, when they began and when they end (Unix time)."""
        ...


@dataclass(frozen=True, slots=True)
class Making:
    """How the parts are made of a configuration. `read` raises ConfigError; `problems` tells what keeps a gateway from being made.

    `unfit` tells what is newly wrong with the certificates that the first shows where the second stands. Raises OSError.
    `record` writes into the evidence log that a configuration is in force. Raises Refusal.
    """

    read: Callable[[], Loaded]
    problems: Callable[[Loaded], tuple[str, ...]]
    unfit: Callable[[Loaded, Loaded], tuple[str, ...]]
    connect: Callable[[System], Guarded]
    shown: Callable[[Loaded], Shown]
    record: Callable[[Loaded], Awaitable[None]]


class Standing:
    """What is in force. `adapters` by name; one whose system is gone stays until nobody can be at it any more."""

    def __init__(self, loaded: Loaded, connect: Callable[[System], Guarded]) -> None:
        self.loaded = loaded
        self._revoked = Revoked()
        self._world = loaded.world
        self._adapters = {name: connect(system) for name, system in loaded.systems.items()}
        self.adapters: Mapping[str, Guarded] = MappingProxyType(self._adapters)
        self._retiring: dict[Guarded, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def world(self) -> World:
        """The edition that judges now."""
        return self._world

    def revoke(self, revoked: Revoked) -> None:
        """These are believed no more, from now on, whatever edition judges."""
        self._revoked = revoked
        self._judge_by(self.loaded)

    def _judge_by(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._world = replace(loaded.world, trust=replace(loaded.world.trust, revoked=self._revoked))

    def renewed(self, loaded: Loaded, connect: Callable[[System], Guarded]) -> dict[str, Guarded]:
        """Adapters of the systems that are new or were changed. Raises ValueError for settings that cannot serve."""
        before = self.loaded.systems
        return {name: connect(system) for name, system in loaded.systems.items() if before.get(name) != system}

    def put(self, loaded: Loaded, renewed: Mapping[str, Guarded]) -> tuple[Loaded, Mapping[str, Guarded]]:
        """In force from now on; gives back what was, to be put again or retired."""
        was = self.loaded, {name: self._adapters[name] for name in renewed if name in self._adapters}
        self._judge_by(loaded)
        self._adapters.update(renewed)
        return was

    def retire(self, adapters: Mapping[str, Guarded]) -> None:
        """Closes them once the last exchange that may be at one of them has ended."""
        loop, seconds = asyncio.get_running_loop(), self.loaded.world.limits.maximum_deadline
        for each in adapters.values():
            self._retiring[each] = loop.call_later(seconds, self._end, each)

    def _end(self, adapter: Guarded) -> None:
        self._retiring.pop(adapter, None)
        closing = asyncio.ensure_future(adapter.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Ends all connections."""
        for timer in self._retiring.values():
            timer.cancel()
        await asyncio.gather(*(each.close() for each in (*self._retiring, *self._adapters.values())), *self._closing)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read: what keeps it from being taken up, what it would change, and a digest by which two readings are known as one."""

    problems: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    digest: str = ""


class Reloader:
    """Reloads when told to, and when a link leads elsewhere."""

    def __init__(self, standing: Standing, making: Making, listening: Listening, meter: Meter, version: str) -> None:
        self._standing = standing
        self._making = making
        self._listening = listening
        self._meter = meter
        self._version = version
        self._turn = asyncio.Lock()
        self._next: tuple[Loaded, dict[str, Guarded]] | None = None
        self._before: Loaded | None = None
        self._tell(standing.loaded)

    async def reload(self, trigger: str) -> tuple[str, ...]:
        """Takes up what the files say now; what keeps it from that, empty where it was taken up."""
        return (await self.prepare(trigger)).problems or await self.commit(trigger)

    async def prepare(self, trigger: str) -> Prepared:
        """Reads and judges what the files say now. Without problems, nothing else is taken up until `commit` or `abandon`."""
        await self._turn.acquire()
        try:
            faults, self._next = await self._read()
        except BaseException:
            self._turn.release()
            raise
        if self._next is None:
            self._turn.release()
            self._told(trigger, faults)
            return Prepared(faults)
        loaded = self._next[0]
        return Prepared((), difference(self._standing.loaded, loaded), _digest(loaded))

    async def commit(self, trigger: str) -> tuple[str, ...]:
        """Puts in force what was prepared; what kept it from that. Raises RuntimeError where nothing was."""
        loaded, renewed = self._taken()
        before = self._standing.loaded
        try:
            faults = await self._swap(loaded, renewed)
        finally:
            self._turn.release()
        self._before = None if faults else before
        self._told(trigger, faults)
        return faults

    def abandon(self) -> None:
        """Lets go of what was prepared. Raises RuntimeError where nothing was."""
        _, renewed = self._taken()
        self._standing.retire(renewed)
        self._turn.release()

    async def revert(self, trigger: str) -> tuple[str, ...]:
        """Puts back what stood before the last commit, because others could not follow it."""
        async with self._turn:
            before, self._before = self._before, None
            if before is None:
                return ()
            faults = await self._swap(before, self._standing.renewed(before, self._making.connect))
        self._told(trigger, faults)
        return faults

    def _taken(self) -> tuple[Loaded, dict[str, Guarded]]:
        prepared, self._next = self._next, None
        if prepared is None:
            raise RuntimeError("nothing was prepared")
        return prepared

    def _told(self, trigger: str, faults: tuple[str, ...]) -> None:
        self._meter.reloaded("refused" if faults else "applied")
        names = ", ".join(generations(self._standing.loaded.links))
        if faults:
            told = {"trigger": trigger, "problems": faults, "generation": names}
            _log.error("the new configuration is refused, the one before stays in force", extra=told)
        else:
            _log.info(
                "a new configuration is in force", extra={"trigger": trigger, "generation": names, "edition": self._edition}
            )

    async def watch(self) -> None:
        """Looks after the links until it is cancelled.

        What was refused is tried again, ever more seldom, for it may have been for a while only: a machine that stood still, a clock
        that was behind, a disk that was full.
        """
        loop = asyncio.get_running_loop()
        tried, pause, due = self._standing.loaded.links, AGAIN_SECONDS, math.inf
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            if await asyncio.to_thread(moved, tried):
                # Looked at before it is read: a link that changes meanwhile is noticed the next time.
                tried, pause = await asyncio.to_thread(followed, tried), AGAIN_SECONDS
            elif loop.time() < due or tried == self._standing.loaded.links:
                continue
            if await self.reload("generation"):
                due, pause = loop.time() + pause, min(2 * pause, LONGEST_SECONDS)
            else:
                tried, due = self._standing.loaded.links, math.inf

    @property
    def _edition(self) -> str:
        return self._standing.loaded.world.edition

    async def _read(self) -> tuple[tuple[str, ...], tuple[Loaded, dict[str, Guarded]] | None]:
        """What keeps it from being taken up; or what was read, and the connections that it needs anew."""
        try:
            loaded = await asyncio.to_thread(self._making.read)
            faults = (*_fixed(self._standing.loaded, loaded), *await asyncio.to_thread(self._making.problems, loaded))
            faults = faults or await asyncio.to_thread(self._making.unfit, loaded, self._standing.loaded)
            if faults:
                return faults, None
            return (), (loaded, self._standing.renewed(loaded, self._making.connect))
        except ConfigError as error:
            return tuple(map(str, error.problems)), None
        except (ValueError, OSError) as error:
            return (str(error),), None
        except Exception as fault:  # noqa: BLE001  a fault of ours must not end the watch over what comes next
            return (f"a fault of the gateway's own, {internal_fault.record(_log, fault)}; report it",), None

    async def _swap(self, loaded: Loaded, renewed: Mapping[str, Guarded]) -> tuple[str, ...]:
        try:
            await self._making.record(loaded)
        except Refusal as refusal:
            self._standing.retire(renewed)
            return (f"the evidence log has no entry of it: {refusal.detail}",)
        # The world first: whoever the listener lets in is known by then, and whom the world no longer knows is refused at once.
        before, replaced = self._standing.put(loaded, renewed)
        try:
            await self._listening.show(self._making.shown(loaded))
        except NotShown as error:
            self._standing.put(before, replaced)
            self._standing.retire(renewed)
            with suppress(Refusal):  # the log then has the start of the one that never served, and this line in our own log
                await self._making.record(before)
            return (str(error),)
        self._standing.retire(replaced)
        self._tell(loaded)
        return ()

    def _tell(self, loaded: Loaded) -> None:
        self._meter.stands(loaded.world.edition, self._version)
        self._meter.answers((table.type.alias, region) for (region, _), table in loaded.world.tables.items())
        self._meter.material(lives(loaded), generations(loaded.links))


def lives(loaded: Loaded) -> list[tuple[str, str, float, float]]:
    """When what is in force began and ends (Unix time), by role and whose. Of a file of authorities the first that ends."""
    shown = [("server", "listen", *_leaf_life(loaded.server.certificate))]
    shown += [("client", name, *_leaf_life(each.shown)) for name, each in loaded.systems.items()]
    trusted = [(f"region {each.region}", each.authorities) for each in loaded.world.trust.anchors.values()]
    trusted += [(name, each.authorities) for name, each in loaded.systems.items()]
    return [*shown, *(("trusted", of, *_first_life(pem)) for of, pem in trusted)]


def _digest(loaded: Loaded) -> str:
    """Two readings with one digest are one configuration. Keys are in it only as digests of a digest."""
    systems = [(each.name, each.url, each.pair, each.authorities) for each in loaded.systems.values()]
    pair = hashlib.sha256(loaded.server.certificate + loaded.server.key).hexdigest()
    parts = (loaded.world.edition, sorted(loaded.links.items()), pair, systems, loaded.world.limits)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _leaf_life(pem: bytes) -> tuple[float, float]:
    return _life(x509.load_pem_x509_certificates(pem)[0])


def _first_life(pem: bytes) -> tuple[float, float]:
    return min(map(_life, x509.load_pem_x509_certificates(pem)), key=lambda each: each[1])


def _life(certificate: x509.Certificate) -> tuple[float, float]:
    return certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()


def _fixed(before: Loaded, after: Loaded) -> tuple[str, ...]:
    """What a running gateway cannot change."""
    told = "changed, and that takes a restart; restart the gateway, or put it back"
    pairs = {
        "listen.address": (before.settings.listen.address, after.settings.listen.address),
        "listen.connections": (before.server.connections, after.server.connections),
        "metrics": (before.settings.metrics, after.settings.metrics),
        "traces": (before.settings.traces, after.settings.traces),
        "log": (before.settings.log, after.settings.log),
        "ledger.file": (before.ledger, after.ledger),
        "ledger.key, ledger.next_key": (before.log_keys, after.log_keys),
        "ledger.former": (before.former, after.former),
        "ledger.witnesses": (before.witnesses, after.witnesses),
        "state": (before.settings.state, after.settings.state),
    }
    return tuple(f"{name} {told}" for name, (was, now) in pairs.items() if was != now)
