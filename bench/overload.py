"""Five times what a gateway can do, for some seconds: how much of it is answered, and what the rest is told, how soon.

Laws: the load takes little of the machine (bench.wire), because what it takes the gateway has not; it asks by the clock and not by the
answers, each question once; capacity is measured over the same connections before and after, for others use the machine too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from google.protobuf.message import DecodeError

from bench.hostile import Door
from bench.load import ISSUED, Ends
from bench.stage import METHOD
from bench.verdicts import Verdicts
from bench.wire import ConnectionEnded, Reply, Wire
from gateway.client.failure import Told, told_in
from gateway.development.layout import SERVER_NAME
from gateway.rpc.pb.v1 import evidence_pb2 as pb

GOODPUT_MARK: Final = 0.80
RECOVERY_MARK: Final = 5.0
AT_ONCE: Final = 1.0
"""Seconds within which 99 of 100 are to be refused that a gateway refuses in words."""
TIMES: Final = 5
IN_FLIGHT: Final = 64

_WORDS_MARK: Final = 0.99
_PATIENCE: Final = 20.0
_OK: Final = 0
_ON_THE_WIRE, _LET_GO = "on the wire (REFUSED_STREAM)", "let go after two seconds (CANCELLED)"
_REFUSED_STREAM: Final = 7
_CANCELLED: Final = 1
_OVERLOADED: Final = "OVERLOADED"
_KNOWN: Final = (_OVERLOADED, "CITY_UNAVAILABLE", _ON_THE_WIRE, _LET_GO)
_WELL_MS: Final = 250.0


@dataclass
class Way:
    """Connections to one door, how they are called, and how often evidence was the answer; the seconds of processor that what serves there
    took so far, and those in which the gateway's event loop had something to do.
    """

    name: str
    wires: Sequence[Wire]
    fresh: Callable[[], bytes]
    spent: Callable[[], float]
    busy: Callable[[], float]
    answered: int = 0

    async def capacity(self, seconds: float) -> tuple[float, float]:
        """Answers a second with `IN_FLIGHT` at a time, and answers for a second of processor."""
        began, spent, before = time.perf_counter(), self.spent(), self.answered

        async def one_after_another(wire: Wire) -> None:
            while time.perf_counter() < began + seconds:
                reply = await wire.ask(self.fresh())
                self.answered += _named(reply) == ISSUED

        await asyncio.gather(*(one_after_another(self.wires[number % len(self.wires)]) for number in range(IN_FLIGHT)))
        answers = self.answered - before
        return answers / (time.perf_counter() - began), answers / (self.spent() - spent)

    async def paced(
        self, rate: float, seconds: float, each_second: Callable[[], None] = lambda: None, *, patient: bool = False
    ) -> Ends:
        """At this rate; a latency counts from when the question was due. See `_Asking` for `patient`."""
        asking, second = _Asking(self, patient=patient), 0
        for number in range(int(rate * seconds)):
            due = number / rate
            await asyncio.sleep(max(0.0, asking.began + due - time.perf_counter()))
            asking.ask(self.wires[number % len(self.wires)], self.fresh(), due)
            if due > second + 1:
                second += 1
                each_second()
        await asking.done()
        return asking.ends


def _named(reply: Reply, advice: Told | None = None) -> str:
    """How it ended, in a word or two."""
    if reply.reset is not None:
        return _ON_THE_WIRE if reply.reset == _REFUSED_STREAM else f"reset {reply.reset}"
    if reply.status != _OK:
        return advice.reason if advice else _LET_GO if reply.status == _CANCELLED else f"{reply.status} {reply.words}"
    try:
        return pb.Outcome.Name(pb.QueryResponse.FromString(reply.message).outcome).removeprefix("OUTCOME_")
    except DecodeError:
        return "unreadable"


class _Asking:
    """Questions under way. Where they are `patient`, who is told OVERLOADED, and when to come again, comes again then as a client does."""

    def __init__(self, through: Way, *, patient: bool) -> None:
        self.ends, self.began = Ends(), time.perf_counter()
        self._through = through
        self._patient = patient
        self._under_way = 0
        self._quiet = asyncio.Event()

    def ask(self, wire: Wire, question: bytes, due: float) -> None:
        """Once more than are under way."""
        self._under_way += 1
        wire.ask(question).add_done_callback(partial(self._ended, wire, question, due))

    async def done(self) -> None:
        """Waits until all have ended."""
        while self._under_way:
            self._quiet.clear()
            await self._quiet.wait()

    def _ended(self, wire: Wire, question: bytes, due: float, reply: asyncio.Future[Reply]) -> None:
        took = time.perf_counter() - self.began - due
        self._under_way -= 1
        if isinstance(reply.exception(), ConnectionEnded):
            self.ends.add("connection ended", took, due)
        else:
            self._told(wire, question, due, reply.result())
        if not self._under_way:
            self._quiet.set()

    def _told(self, wire: Wire, question: bytes, due: float, reply: Reply) -> None:
        advice, took = told_in(reply.details), time.perf_counter() - self.began - due
        self.ends.unadvised += advice is not None and advice.retry_after is None
        after = advice.retry_after if advice and advice.reason == _OVERLOADED and self._patient and took < _PATIENCE else None
        if after is None:
            named = _named(reply, advice)
            self._through.answered += named == ISSUED
            self.ends.add(named, took, due)
            return
        self.ends.again += 1
        self._under_way += 1
        asyncio.get_running_loop().call_later(after, self._again, wire, question, due)

    def _again(self, wire: Wire, question: bytes, due: float) -> None:
        self._under_way -= 1
        self.ask(wire, question, due)


@asynccontextmanager
async def way(
    name: str, door: Door, connections: int, fresh: Callable[[], bytes], *, spent: Callable[[], float], busy: Callable[[], float]
) -> AsyncIterator[Way]:
    """So many connections to this door. Raises OSError."""
    wires = [await Wire.to(door, SERVER_NAME, METHOD, _PATIENCE) for _ in range(connections)]
    try:
        yield Way(f"{name} over {connections} connections", wires, fresh, spent, busy)
    finally:
        for each in wires:
            each.close()


async def overload(through: Way, seconds: float, verdicts: Verdicts, *, in_words: bool) -> None:
    """Tells what comes of it; `in_words` where everybody who is not answered is to be told OVERLOADED, at once."""
    tell = verdicts.add
    before, calm = await through.capacity(seconds / 2)
    print(f"\n{TIMES} times the capacity of {before:.0f} a second, {through.name}, {seconds:g} s", flush=True)
    spent, busy, began = through.spent(), through.busy(), time.perf_counter()
    ends = await through.paced(before * TIMES, seconds)
    took, spent, busy = time.perf_counter() - began, through.spent() - spent, through.busy() - busy
    recovered = await _well(through)
    after, calm_after = await through.capacity(seconds / 2)
    capacity, calm = (before + after) / 2, (calm + calm_after) / 2
    share = ends.told[ISSUED] / took / capacity
    tell(
        f"{TIMES} times the capacity offered, {through.name}",
        f"{ends.told.total() / took:.0f} a second came through, the capacity is {capacity:.0f}",
    )
    tell("answered meanwhile", f"{share:.0%} of the capacity", f"{GOODPUT_MARK:.0%}", kept=share >= GOODPUT_MARK)
    tell("those answers", f"half within {ends.quantile_ms(0.5):.0f} ms, 99 of 100 within {ends.quantile_ms(0.99):.0f} ms")
    _tell_refused(verdicts, ends, in_words=in_words)
    worth = ends.told[ISSUED] / spent / calm
    tell(
        "processor meanwhile",
        f"{spent / took:.0%} of one core; a second of it answers {worth:.0%} of what it does without overload",
    )
    tell("event loop", f"busy for {busy / took:.0%} of the time")
    tell("well again", f"{recovered:.1f} s", f"{RECOVERY_MARK:g} s", kept=recovered <= RECOVERY_MARK)


async def _well(through: Way) -> float:
    """Seconds until a few questions are all answered, and soon."""
    began = time.perf_counter()
    while True:
        ends = await through.paced(20.0, 0.5)
        if set(ends.told) == {ISSUED} and ends.quantile_ms(0.99) < _WELL_MS:
            return time.perf_counter() - began


def _tell_refused(verdicts: Verdicts, ends: Ends, *, in_words: bool) -> None:
    """What they were told, how soon, and whether with advice."""
    lost = ends.told.total() - ends.told[ISSUED] - sum(ends.told[each] for each in _KNOWN)
    words = "; ".join(
        f"{ends.told[each]} {each}, half within {ends.quantile_ms(0.5, each):.0f} ms" for each in _KNOWN if ends.told[each]
    )
    verdicts.add("the rest", f"{words or 'none'}; {lost} ended otherwise", "none lost", kept=not lost)
    if in_words:
        late = ends.quantile_ms(0.99, _OVERLOADED)
        part = ends.told[_OVERLOADED] / max(1, ends.told.total() - ends.told[ISSUED])
        seen, mark = (
            f"{part:.1%} of the rest, 99 of 100 within {late:.0f} ms",
            f"{_WORDS_MARK:.0%}, within {AT_ONCE * 1e3:.0f} ms",
        )
        verdicts.add("told OVERLOADED", seen, mark, kept=part >= _WORDS_MARK and late <= AT_ONCE * 1e3)
    verdicts.add("refusals in words without advice when to return", f"{ends.unadvised}", "0", kept=not ends.unadvised)
