"""Looks at the gateway again and again: its metrics, its log's size, its configuration; and says how each part stands, and since when.

Laws: what cannot be read is told as such, and never ends the looking; the configuration is read anew when the gateway judges by another
edition than was read last, and when a link leads to another generation of certificates; one that does not read well changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from certs import denying
from certs.denying import Denied, DenyListUnusable
from gateway.config import ConfigError, Loaded, followed
from gateway.console.history import RECENT, History
from gateway.console.judging import Reading, Standing, Subject, judge, stands
from gateway.ledger.reader import Reader
from gateway.ledger.reading import Log
from gateway.model.refusal import Refusal
from gateway.ports import Clock
from gateway.storage import opening
from gateway.telemetry.merging import Merging
from gateway.telemetry.scraped import Scrape, Stands, Traffic

Lives = Callable[[Loaded, datetime], tuple[float, ...]]
"""The part of its life that each certificate of ours has left, at a moment."""
INTERVAL: Final = 10.0
"""Seconds between two looks."""
_LIVES_EVERY: Final = timedelta(minutes=1)
_log: Final = logging.getLogger("kuacheng.console")


class Watch:
    """What is known. Belongs to one event loop."""

    def __init__(
        self, load: Callable[[], Loaded], scrapes: Sequence[Callable[[], Awaitable[str]]], clock: Clock, lives: Lives
    ) -> None:
        """`load` and `lives` run in a thread; `scrapes` gives the metrics of each worker. Raises what `load` does, and DenyListUnusable."""
        self.loaded = load()
        self.history = History()
        self.standings: dict[str, Standing] = {}
        self.log_size: int | None = None
        self._load = load
        self._scrapes = tuple(scrapes)
        self._merging = Merging(len(self._scrapes))
        self._clock = clock
        self._lives = lives
        self._left: tuple[float, ...] = ()
        self._left_at = clock.now() - _LIVES_EVERY
        self._tried: tuple[str, Mapping[Path, Path]] = ("", {})
        self._reader = Reader("kuacheng-console-size")
        self.denied = denying.read(self.loaded.deny_list)

    @property
    def edition(self) -> str:
        """Of the configuration that the gateway judges by; empty where it is not read."""
        traffic = self.history.traffic()
        return traffic.edition if traffic else ""

    @property
    def is_behind(self) -> bool:
        """Whether the gateway judges by another configuration than the one that was read here."""
        return self.edition not in ("", self.loaded.world.edition)

    async def run(self, interval: float = INTERVAL) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(interval)

    async def look(self) -> None:
        """Once."""
        now = self._clock.now()
        self.history.take(now, await self._scraped())
        await self._follow()
        self.denied = await asyncio.to_thread(self._denied)
        self.log_size = await self._size()
        if now - self._left_at >= _LIVES_EVERY:
            self._left, self._left_at = await asyncio.to_thread(self._lives, self.loaded, now), now
        for name, (subject, reading) in self._readings().items():
            self.standings[name] = stands(self.standings.get(name), judge(subject, reading), now)

    async def close(self) -> None:
        """Let what is being read finish. May be called again."""
        await self._reader.close()

    def systems(self, region: str) -> tuple[Stands, ...]:
        """Those of a region, as they stand; empty where the gateway is not read."""
        traffic = self.history.traffic()
        own = {name for name, each in self.loaded.systems.items() if each.region == region}
        return tuple(each for each in traffic.systems if each.name in own) if traffic else ()

    async def _scraped(self) -> Scrape | None:
        found = await asyncio.gather(*(self._one(each) for each in self._scrapes))
        return self._merging.take(found, self._clock.monotonic())

    async def _one(self, scrape: Callable[[], Awaitable[str]]) -> Scrape | None:
        try:
            text = await scrape()
            return await asyncio.to_thread(_gateways, text, self._clock.monotonic())
        except (OSError, TimeoutError, ValueError) as error:
            _log.warning("the metrics cannot be read", extra={"kind": type(error).__name__})
            return None

    async def _follow(self) -> None:
        """Reads the configuration that the gateway has taken up, or will: it follows a link by itself as well."""
        links = await asyncio.to_thread(followed, self.loaded.links)
        wanted = (self.edition, links)
        if not (self.is_behind or links != self.loaded.links) or self._tried == wanted:
            return
        self._tried = wanted
        try:
            self.loaded = await asyncio.to_thread(self._load)
        except ConfigError:
            _log.warning("the configuration that the gateway took up cannot be read")
        else:
            self._left_at -= _LIVES_EVERY

    def _denied(self) -> tuple[Denied, ...]:
        try:
            return denying.read(self.loaded.deny_list)
        except (DenyListUnusable, OSError):
            _log.error("the deny-list cannot be read, the last one stays in force")
            return self.denied

    async def _size(self) -> int | None:
        try:
            return await self._reader.read(opening(self.loaded), Log.size)
        except Refusal:
            return None

    def _readings(self) -> dict[str, tuple[Subject, Reading]]:
        traffic, recent = self.history.traffic(), self.history.traffic(RECENT)
        regions = self.loaded.world.regions
        cities = {code: (Subject.CITY, Reading(traffic, recent, code, self.systems(code))) for code in regions}
        return {**cities, **{each.value: (each, self._own(traffic, recent)) for each in Subject if each is not Subject.CITY}}

    def _own(self, traffic: Traffic | None, recent: Traffic | None) -> Reading:
        witnesses = self.loaded.witnesses
        return Reading(
            traffic,
            recent,
            places=self.loaded.world.limits.in_flight,
            log_size=self.log_size,
            checkpoint_age=self.history.checkpoint_age(),
            checkpoint_limit=witnesses.limit if witnesses else 0.0,
            lives=self._left,
        )


def _gateways(text: str, at: float) -> Scrape:
    """Raises ValueError for what is not of a gateway."""
    scrape = Scrape.of(text, at)
    if not any(name == "kuacheng_world_info" for name, _ in scrape.samples):
        raise ValueError("no metrics of a gateway")
    return scrape
