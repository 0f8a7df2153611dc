"""A city's system behind its guard: a bounded queue before it, a breaker, one more try where nothing was sent.

Laws: at most `places` questions are inside and `queue` wait, whoever asks, so that a system that hangs holds up nobody else's questions;
of the places no more than a share is files', which stay as long as whoever reads them; a question that waited in vain, or met an open
breaker, was not asked, and says so; a second try is made only where no byte of the question left (Unreached) and not where that took
all the time there was, once, within the deadline and the budget. A caller's own short deadline is no failure of the system, nor is a
caller who reads slowly: a file is judged by how long the system has kept us waiting for its next byte.
Serves: gateway.ports.CityAdapter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from adapters.connectors.verdict import Unreached
from adapters.guarding.breaker import Breaker, Thresholds, Verdict
from adapters.guarding.budget import Budget
from adapters.guarding.places import NoPlace, Places
from adapters.guarding.reading import Reading
from gateway.model.city import CityAnswer, CityFile, CityRequest, CityTicket
from gateway.model.refusal import Reason, Refusal, Unasked
from gateway.model.standing import Passage, Standing
from gateway.ports import CityAdapter, Clock, FileSource, LateAdapter

_Told = TypeVar("_Told")

_FAILURES: Final = frozenset({Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT})
_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.1
"""Seconds before the second try."""
FILES: Final = 4
"""One in so many places, and of those who wait, is a file's at most."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many at a time, how many may wait, and after how many seconds without an answer a wait counts as the system's failure."""

    places: int
    queue: int
    patience: float
    thresholds: Thresholds = field(default_factory=Thresholds)


class Guarded:
    """One system, guarded. `fraction` gives a number in [0, 1), for the pause before a second try."""

    def __init__(self, system: str, adapter: CityAdapter, bounds: Bounds, clock: Clock, fraction: Callable[[], float]) -> None:
        self._system = system
        self._adapter = adapter
        self._bounds = bounds
        self._clock = clock
        self._fraction = fraction
        self._breaker = Breaker(bounds.thresholds)
        self._budget = Budget()
        self._places = Places(bounds.places, bounds.queue)
        self._files = Places(max(1, bounds.places // FILES), bounds.queue // FILES)
        self._turned_away = self._tried_again = 0

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        return Standing(
            passage=self._breaker.passage(self._clock.monotonic()),
            inside=self._places.inside,
            places=self._bounds.places,
            waiting=self._places.waiting + self._files.waiting,
            queue=self._bounds.queue,
            turned_away=self._turned_away,
            tried_again=self._tried_again,
        )

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer | CityTicket:
        """As the port says; besides, CITY_UNAVAILABLE where the question was turned away here."""
        until = self._clock.monotonic() + seconds
        await self._enter(self._places, seconds)
        try:
            return await self._tried(request, until)
        finally:
            self._places.leave()

    async def ready(self, request: CityRequest, seconds: float) -> bool:
        """As the port says (gateway.ports.LateAdapter): behind the same guard, but never waiting for a place, nor tried twice."""
        if not hasattr(self._adapter, "ready"):
            raise RuntimeError(f"{self._system} gives no tickets")
        late: LateAdapter = self._adapter  # type: ignore[assignment]
        if self._places.taken:
            raise self._away("no place is free to look")
        await self._enter(self._places, seconds)
        try:
            return await self._judging(late.ready, request, self._clock.monotonic() + seconds)
        finally:
            self._places.leave()

    @asynccontextmanager
    async def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """As the port says, in a place of its own until the last byte; it is not tried again. CITY_UNAVAILABLE as in `ask`."""
        if not isinstance(self._adapter, FileSource):
            raise RuntimeError(f"{self._system} gives no files, and no table may say so")  # noqa: TRY004  our fault, whatever its type
        until = self._clock.monotonic() + seconds
        async with self._place_of_a_file(min(until, self._clock.monotonic() + self._bounds.patience)):
            reading, verdict = Reading(self._clock.monotonic), Verdict.NOTHING
            # No file is a probe: it may take minutes, and nothing else would go through meanwhile.
            given = self._begin(reading.since, probing=False)
            try:
                async with self._adapter.fetch(request, file, until - reading.since) as pieces:
                    yield reading.of(pieces)
                verdict = Verdict.ANSWERED
            except Refusal as refusal:
                verdict = self._told(refusal, reading.since)
                raise
            except asyncio.CancelledError:
                verdict = self._judged(Reason.CITY_TIMEOUT, reading.since)
                raise
            finally:
                self._breaker.leave(given, verdict, self._clock.monotonic())

    async def close(self) -> None:
        """As the port says."""
        await self._adapter.close()

    @asynccontextmanager
    async def _place_of_a_file(self, until: float) -> AsyncIterator[None]:
        """In one of the places that files may have."""
        await self._enter(self._files, until - self._clock.monotonic())
        try:
            await self._enter(self._places, until - self._clock.monotonic())
            try:
                yield
            finally:
                self._places.leave()
        finally:
            self._files.leave()

    async def _enter(self, places: Places, seconds: float) -> None:
        try:
            await places.enter(seconds)
        except NoPlace as none:
            raise self._away(str(none)) from None

    async def _tried(self, request: CityRequest, until: float) -> CityAnswer | CityTicket:
        try:
            return await self._judging(self._adapter.ask, request, until)
        except Unreached as refusal:
            if refusal.reason is Reason.CITY_TIMEOUT:
                raise
            pause = _SHORTEST_PAUSE + (_LONGEST_PAUSE - _SHORTEST_PAUSE) * self._fraction()
            if self._clock.monotonic() + pause >= until or not self._budget.spend():
                raise
        await asyncio.sleep(pause)
        self._tried_again += 1
        return await self._judging(self._adapter.ask, request, until)

    async def _judging(self, call: Callable[[CityRequest, float], Awaitable[_Told]], request: CityRequest, until: float) -> _Told:
        began = self._clock.monotonic()
        given = self._begin(began)
        verdict = Verdict.NOTHING
        try:
            answer = await call(request, until - began)
            verdict = Verdict.ANSWERED
            self._budget.earn()
        except Refusal as refusal:
            verdict = self._told(refusal, began)
            raise
        except asyncio.CancelledError:
            verdict = self._judged(Reason.CITY_TIMEOUT, began)
            raise
        else:
            return answer
        finally:
            self._breaker.leave(given, verdict, self._clock.monotonic())

    def _begin(self, now: float, *, probing: bool = True) -> int:
        """The pass of a call that begins; one that is not `probing` has to find the breaker closed."""
        given = self._breaker.enter(now) if probing or self._breaker.passage(now) is Passage.CLOSED else None
        if given is None:
            raise self._away("it failed too often, and is left alone for some seconds")
        return given

    def _told(self, refusal: Refusal, since: float) -> Verdict:
        """What a refusal says of the system: nothing where nobody so much as tried to reach it."""
        if isinstance(refusal, Unasked) and not isinstance(refusal, Unreached):
            return Verdict.NOTHING
        return self._judged(refusal.reason, since)

    def _judged(self, reason: Reason, since: float) -> Verdict:
        """What a reason says of the system: that it answers badly is another matter than that it does not answer.

        `since` is when it began to be waited for.
        """
        if reason not in _FAILURES:
            return Verdict.ANSWERED
        cut_short = reason is Reason.CITY_TIMEOUT and self._clock.monotonic() - since < self._bounds.patience
        return Verdict.NOTHING if cut_short else Verdict.FAILED

    def _away(self, why: str) -> Unasked:
        self._turned_away += 1
        return Unasked(Reason.CITY_UNAVAILABLE, f"{self._system} was not asked: {why}")
