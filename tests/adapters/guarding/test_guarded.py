"""A guarded system: a bounded queue, a breaker, one more try where nothing was sent; against a system that does as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from adapters.connectors.verdict import Unreached
from adapters.guarding.breaker import Thresholds
from adapters.guarding.guarded import Bounds, Guarded
from gateway.model.city import CityAnswer, CityFile, CityRequest
from gateway.model.refusal import Reason, Refusal, Unasked
from gateway.model.standing import Passage

REQUEST = CityRequest("foshan.f1", "ask", {})
FILE = CityFile("OFD", "reference", "0" * 64, 13)
ANSWER = CityAnswer("0", no_record=True)
SET = Thresholds(volume=4, rest=2.0)
PATIENT = Thresholds(volume=1000)
UNREACHED = Unreached(Reason.CITY_UNAVAILABLE, "nobody there")


class Wristwatch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


class System:
    """Does at each question what stands next in its plan, and answers when that is at its end; a file's second piece `takes` seconds."""

    def __init__(self, clock: Wristwatch) -> None:
        self.clock, self.takes = clock, 0.0
        self.plan: list[Refusal | asyncio.Event] = []
        self.asked: list[float] = []
        self.inside = 0
        self.most = 0
        self.closed = False

    async def ready(self, request: CityRequest, seconds: float) -> bool:
        await self.ask(request, seconds)
        return True

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        assert request is REQUEST
        self.asked.append(seconds)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            told = self.plan.pop(0) if self.plan else None
            if isinstance(told, Refusal):
                raise told
            if told is not None:
                await told.wait()
            return ANSWER
        finally:
            self.inside -= 1

    @asynccontextmanager
    async def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        assert (request, file) == (REQUEST, FILE)
        self.inside += 1
        try:
            yield self._pieces()
        finally:
            self.inside -= 1

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"a piece"
        self.clock.seconds += self.takes
        told = self.plan.pop(0) if self.plan else None
        if isinstance(told, Refusal):
            raise told
        if told is not None:
            await told.wait()
        yield b"another"

    async def close(self) -> None:
        self.closed = True


async def settled() -> None:
    """Every task has gone as far as it goes by itself."""
    for _ in range(10):
        await asyncio.sleep(0)


class Site:
    """A system, its guard and the clock that both go by."""

    def __init__(self, places: int = 2, queue: int = 1, thresholds: Thresholds = SET) -> None:
        self.clock = Wristwatch()
        self.system = System(self.clock)
        self.guard = Guarded("foshan.f1", self.system, Bounds(places, queue, 5.0, thresholds), self.clock, lambda: 0.0)

    async def refused(self, seconds: float = 10.0) -> Refusal:
        with pytest.raises(Refusal) as refusal:
            await self.guard.ask(REQUEST, seconds)
        return refusal.value

    async def fail(self, times: int, refusal: Refusal | None = None) -> None:
        for _ in range(times):
            told = refusal or Refusal(Reason.CITY_UNAVAILABLE, "down")
            self.system.plan = [told]
            assert await self.refused() == told

    @asynccontextmanager
    async def held(self, count: int) -> AsyncIterator[asyncio.Event]:
        """So many questions that hang until the event is set."""
        gate = asyncio.Event()
        self.system.plan = [gate] * count
        tasks = [asyncio.create_task(self.guard.ask(REQUEST, 10.0)) for _ in range(count)]
        await settled()
        yield gate
        gate.set()
        assert await asyncio.gather(*tasks) == [ANSWER] * count


async def test_an_answer_goes_through_with_the_time_there_is() -> None:
    site = Site()
    assert await site.guard.ask(REQUEST, 7.0) is ANSWER
    assert site.system.asked == [7.0]
    await site.guard.close()
    assert site.system.closed


async def test_no_more_are_inside_than_there_are_places_and_no_more_wait_than_the_queue_holds() -> None:
    site = Site(places=2, queue=1)
    async with site.held(3):
        assert (site.guard.standing.inside, site.guard.standing.waiting) == (2, 1)
        refusal = await site.refused()
        assert (refusal.reason, refusal.blame.value) == (Reason.CITY_UNAVAILABLE, "COUNTERPARTY")
        assert "foshan.f1 was not asked: too many questions wait" in refusal.detail
    assert site.system.most == 2
    assert (site.guard.standing.inside, site.guard.standing.waiting, site.guard.standing.turned_away) == (0, 0, 1)


async def test_who_waits_in_vain_was_not_asked_and_leaves_no_trace() -> None:
    site = Site(places=1, queue=1)
    async with site.held(1):
        assert "no place became free in time" in (await site.refused(0.01)).detail
        left = asyncio.create_task(site.guard.ask(REQUEST, 10.0))
        await settled()
        assert site.guard.standing.waiting == 1
        left.cancel()
        await asyncio.wait([left])
        assert site.guard.standing.waiting == 0
    assert len(site.system.asked) == 1
    assert await site.guard.ask(REQUEST, 1.0) is ANSWER


async def test_a_system_that_fails_is_left_alone_then_probed_then_asked_again() -> None:
    site = Site()
    await site.fail(4)
    assert site.guard.standing.passage is Passage.OPEN
    asked = len(site.system.asked)
    assert "left alone" in (await site.refused()).detail
    assert len(site.system.asked) == asked
    site.clock.seconds += 2.0
    async with site.held(1):
        assert "left alone" in (await site.refused()).detail, "one probe at a time"
    assert site.guard.standing.passage is Passage.CLOSED
    assert await site.guard.ask(REQUEST, 1.0) is ANSWER


@pytest.mark.parametrize("reason", [Reason.CITY_REFUSED, Reason.CITY_ANSWER_INVALID, Reason.HOLDER_AMBIGUOUS])
async def test_a_system_that_answers_badly_still_answers(reason: Reason) -> None:
    site = Site()
    await site.fail(40, Refusal(reason, "its word"))
    assert site.guard.standing.passage is Passage.CLOSED


async def test_a_question_that_its_adapter_did_not_put_says_nothing_of_the_system() -> None:
    site = Site()
    await site.fail(3)
    await site.fail(5, Unasked(Reason.CITY_REFUSED, "resting"))
    assert site.guard.standing.passage is Passage.CLOSED
    await site.fail(1)
    assert site.guard.standing.passage is Passage.OPEN
    site.clock.seconds += 2.0
    await site.fail(1, Unasked(Reason.CITY_REFUSED, "resting"))
    assert site.guard.standing.passage is Passage.HALF_OPEN


@pytest.mark.parametrize(("seconds", "passage"), [(4.9, Passage.CLOSED), (5.0, Passage.OPEN)])
async def test_a_callers_short_deadline_is_no_failure_and_a_long_wait_is(seconds: float, passage: Passage) -> None:
    site = Site(places=4)
    tasks = [asyncio.create_task(site.guard.ask(REQUEST, 10.0)) for _ in range(4)]
    site.system.plan = [asyncio.Event()] * 4
    await settled()
    site.clock.seconds += seconds
    for each in tasks:
        each.cancel()
    await asyncio.wait(tasks)
    assert site.guard.standing.passage is passage


async def test_what_never_left_is_asked_once_more_and_nothing_else_is() -> None:
    site = Site(thresholds=PATIENT)
    site.system.plan = [UNREACHED]
    assert await site.guard.ask(REQUEST, 10.0) is ANSWER
    assert (len(site.system.asked), site.guard.standing.tried_again) == (2, 1)
    site.system.plan = [UNREACHED, UNREACHED]
    assert await site.refused() == UNREACHED
    assert len(site.system.asked) == 4
    site.system.plan = [Refusal(Reason.CITY_UNAVAILABLE, "the connection broke")]
    await site.refused()
    assert len(site.system.asked) == 5, "it may have arrived"
    site.system.plan = [Unreached(Reason.CITY_TIMEOUT, "no connection in time")]
    await site.refused()
    assert len(site.system.asked) == 6, "another wait would hold the place for as long again"


async def test_no_second_try_without_time_or_budget() -> None:
    site = Site(thresholds=PATIENT)
    site.system.plan = [UNREACHED]
    assert await site.refused(0.01) == UNREACHED
    assert len(site.system.asked) == 1
    for _ in range(10):
        site.system.plan = [UNREACHED]
        await site.guard.ask(REQUEST, 10.0)
    asked = len(site.system.asked)
    site.system.plan = [UNREACHED]
    await site.refused()
    assert len(site.system.asked) == asked + 1


async def test_to_look_for_an_answer_goes_through_the_same_guard_and_never_waits() -> None:
    site = Site(places=1, queue=1)
    assert await site.guard.ready(REQUEST, 1.0)
    async with site.held(1):
        with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
            await site.guard.ready(REQUEST, 1.0)
        assert site.guard.standing.waiting == 0
    other = Site()
    await other.fail(4)
    with pytest.raises(Refusal, match="left alone"):
        await other.guard.ready(REQUEST, 1.0)


async def pieces(site: Site) -> list[bytes]:
    async with site.guard.fetch(REQUEST, FILE, 60.0) as found:
        return [each async for each in found]


async def test_a_file_holds_a_place_until_its_end_and_counts_as_an_answer() -> None:
    site = Site(places=1, queue=0)
    async with site.guard.fetch(REQUEST, FILE, 60.0) as found:
        assert await anext(found) == b"a piece"
        assert site.guard.standing.inside == 1
        with pytest.raises(Refusal, match="too many questions wait"):
            await pieces(site)
    assert (site.guard.standing.inside, site.system.inside) == (0, 0)
    assert await pieces(site) == [b"a piece", b"another"]


async def test_a_file_that_breaks_off_is_a_failure_and_is_not_tried_again() -> None:
    site = Site()
    for _ in range(SET.volume):
        site.system.plan = [Refusal(Reason.CITY_UNAVAILABLE, "broke off")]
        with pytest.raises(Refusal, match="broke off"):
            await pieces(site)
    assert site.guard.standing.passage is Passage.OPEN
    with pytest.raises(Refusal, match="left alone"):
        await pieces(site)
    assert (site.guard.standing.inside, site.guard.standing.tried_again) == (0, 0)


@pytest.mark.parametrize(("silent", "passage"), [(4.9, Passage.CLOSED), (5.0, Passage.OPEN)])
async def test_a_file_is_judged_by_how_long_its_next_byte_is_waited_for(silent: float, passage: Passage) -> None:
    site = Site(thresholds=Thresholds(window=1000.0, volume=4))

    async def read_slowly() -> None:
        async with site.guard.fetch(REQUEST, FILE, 60.0) as found:
            await anext(found)
            site.clock.seconds += 50.0  # the caller's own
            site.system.takes = silent
            await anext(found)

    for _ in range(4):
        site.system.plan = [Refusal(Reason.CITY_TIMEOUT, "no answer in time")]
        with pytest.raises(Refusal, match="CITY_TIMEOUT"):
            await read_slowly()
    assert site.guard.standing.passage is passage


@pytest.mark.parametrize(("silent", "passage"), [(4.9, Passage.CLOSED), (5.0, Passage.OPEN)])
async def test_a_file_that_nobody_waits_for_any_more_is_judged_by_how_long_it_was_waited_for(
    silent: float, passage: Passage
) -> None:
    site = Site(places=16)
    site.system.plan = [asyncio.Event()] * 4
    reading = [asyncio.create_task(pieces(site)) for _ in range(4)]
    await settled()
    site.clock.seconds += silent
    for each in reading:
        each.cancel()
    await asyncio.wait(reading)
    assert site.guard.standing.passage is passage


async def test_a_caller_who_reads_slowly_is_no_failure_of_the_system() -> None:
    site = Site()

    async def give_up() -> None:
        async with site.guard.fetch(REQUEST, FILE, 60.0) as found:
            await anext(found)
            raise Refusal(Reason.DEADLINE_TOO_SHORT, "the caller did not read the file within its deadline")

    for _ in range(SET.volume):
        with pytest.raises(Refusal, match="DEADLINE_TOO_SHORT"):
            await give_up()
    assert site.guard.standing.passage is Passage.CLOSED


async def test_files_have_a_share_of_the_places_and_of_the_queue() -> None:
    site = Site(places=8, queue=8)
    gates = [asyncio.Event() for _ in range(4)]
    site.system.plan = [*gates]
    reading = [asyncio.create_task(pieces(site)) for _ in gates]
    await settled()
    assert (site.guard.standing.inside, site.guard.standing.waiting) == (2, 2)
    with pytest.raises(Refusal, match="too many questions wait"):
        await pieces(site)
    site.system.plan = []
    assert await site.guard.ask(REQUEST, 1.0) is ANSWER
    for each in gates:
        each.set()
    assert await asyncio.gather(*reading) == [[b"a piece", b"another"]] * 4
    assert (site.guard.standing.inside, site.guard.standing.waiting, site.system.inside) == (0, 0, 0)


async def test_a_file_waits_no_longer_for_a_place_than_a_system_is_waited_for() -> None:
    site = Site(places=1, queue=4)
    async with site.held(1):
        with pytest.raises(Refusal, match="no place became free in time"):
            async with site.guard.fetch(REQUEST, FILE, 0.01):
                pass
    assert await pieces(site) == [b"a piece", b"another"]


async def test_a_file_is_no_probe() -> None:
    site = Site()
    await site.fail(4)
    site.clock.seconds += 2.0
    assert site.guard.standing.passage is Passage.HALF_OPEN
    with pytest.raises(Refusal, match="left alone"):
        await pieces(site)
    assert await site.guard.ask(REQUEST, 1.0) is ANSWER
    assert await pieces(site) == [b"a piece", b"another"]
