"""Ports that behave: a ledger that refuses what a real one refuses, a city that answers, refuses, breaks or hangs, a clock by hand.

Laws: each port writes in one journal what befell it, in order; time moves only by hand; nothing waits for time, only for what happens.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from gateway.cohort import Cohort
from gateway.exchange import Ports
from gateway.ledger.encoding import NONCE_SIZE, encode
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.deferral import Deferral
from gateway.model.exchange import Ended, Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal
from tests.gateway.stages.builders import EPOCH, NOW, answer

_PATIENCE = 60.0
"""Seconds until a test that waits for what does not happen fails."""


class Journal:
    """What befell the ports, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()

    def write(self, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def until(self, line: str) -> None:
        """Waits until the line is written."""
        async with asyncio.timeout(_PATIENCE):
            while line not in self.lines:
                self._news.clear()
                await self._news.wait()


class HandClock:
    """gateway.ports.Clock, moved by hand."""

    def __init__(self) -> None:
        self._elapsed = self._set = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._elapsed + self._set)

    def monotonic(self) -> float:
        return EPOCH + self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds

    def put(self, seconds: float) -> None:
        """The clock on the wall is put forward, or back; no time passes."""
        self._set += seconds


class MemoryLedger:
    """gateway.ports.Ledger in memory: in order, no replay, no entry that cannot follow or be written; slow or failing on request."""

    def __init__(self, journal: Journal) -> None:
        self.entries: list[Entry] = []
        self.fails: Callable[[Entry], bool] = lambda _: False
        self._journal = journal
        self._held = False
        self._waiting: deque[tuple[Entry, asyncio.Future[Recorded]]] = deque()

    def append(self, entry: Entry) -> asyncio.Future[Recorded]:
        encode(entry)  # raises at once for an entry that no log could write
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recorded] = loop.create_future()
        self._journal.write(f"queued {_told(entry)}")
        self._waiting.append((entry, future))
        if not self._held:
            loop.call_soon(self._write)
        return future

    def hold(self) -> None:
        """From now on nothing becomes durable."""
        self._held = True

    def release(self) -> None:
        """What waits becomes durable, and whatever comes."""
        self._held = False
        self._write()

    def _write(self) -> None:
        while self._waiting and not self._held:
            entry, future = self._waiting.popleft()
            refusal = self._refusal(entry)
            if refusal is None:
                self._journal.write(f"durable {_told(entry)}")
                self.entries.append(entry)
            if future.done():
                continue
            if refusal is None:
                future.set_result(Recorded("log.test", len(self.entries) - 1, bytes(NONCE_SIZE) + encode(entry), ""))
            else:
                future.set_exception(refusal)

    def _refusal(self, entry: Entry) -> Exception | None:
        if self.fails(entry):
            return Refusal(Reason.LEDGER_UNAVAILABLE, "the evidence log could not be written: full disk")
        if entry.kind is EntryKind.INTENT and entry.replay_key and entry.replay_key in {each.replay_key for each in self.entries}:
            return Refusal(Reason.REPLAYED_REQUEST, "an INTENT with this replay key is in the evidence log")
        before = tuple(each.kind for each in self.entries if each.exchange_id == entry.exchange_id)
        lawful = (EntryKind.INTENT,) if entry.kind is EntryKind.OUTCOME else ()
        return None if before == lawful else RuntimeError(f"{entry.kind} cannot follow {before}")


def _told(entry: Entry) -> str:
    """INTENT, REFUSED, or OUTCOME with its result."""
    return f"{entry.kind} {entry.facts['result']}" if entry.kind is EntryKind.OUTCOME else entry.kind.value


class City:
    """gateway.ports.CityAdapter: answers, refuses or breaks as `told` says; None never answers at all."""

    def __init__(self, journal: Journal, told: CityAnswer | CityTicket | BaseException | None) -> None:
        self.told = told
        self.requests: list[CityRequest] = []
        self.seconds: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._journal = journal

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        self._journal.write("asked")
        self.requests.append(request)
        self.seconds.append(seconds)
        await asyncio.sleep(0)
        self.meanwhile()
        if self.told is None:
            await self._hang()
        if isinstance(self.told, BaseException):
            raise self.told
        self._journal.write("told")
        return cast("CityAnswer", self.told)

    async def close(self) -> None:
        self._journal.write("closed")

    async def _hang(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self._journal.write("dropped")


class MemoryDeferrals:
    """gateway.ports.Deferrals: keeps them here, and fails where it is told to."""

    def __init__(self) -> None:
        self.kept: dict[str, Deferral] = {}
        self.fails = False

    async def keep(self, deferral: Deferral) -> None:
        self._check()
        self.kept[deferral.key] = deferral

    async def find(self, key: str) -> Deferral | None:
        self._check()
        return self.kept.get(key)

    def _check(self) -> None:
        if self.fails:
            raise Refusal(Reason.LEDGER_UNAVAILABLE, "the tickets of deferred questions cannot be kept or read")


class Counts:
    """gateway.ports.Meter: keeps what it was told."""

    def __init__(self) -> None:
        self.all: list[Ended] = []

    def ended(self, ended: Ended) -> None:
        self.all.append(ended)


@dataclass(slots=True)
class Stand:
    """One of each port, and the journal that they share."""

    journal: Journal = field(default_factory=Journal)
    clock: HandClock = field(default_factory=HandClock)
    meter: Counts = field(default_factory=Counts)
    deferrals: MemoryDeferrals = field(default_factory=MemoryDeferrals)
    ledger: MemoryLedger = field(init=False)
    city: City = field(init=False)
    arrived: Cohort = field(default_factory=Cohort)
    answered: Cohort = field(default_factory=Cohort)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.journal)
        self.city = City(self.journal, answer())

    @property
    def ports(self) -> Ports:
        city = {"foshan.test": self.city}
        return Ports(city, self.ledger, self.clock, self.meter, self.deferrals, self.arrived, self.answered)
