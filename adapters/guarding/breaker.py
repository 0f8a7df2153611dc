"""When a system that fails is left alone, and when it is tried again. A state machine: time comes in, judgements go out.

Laws: closed until, of at least `volume` calls that ended within `window`, more than `ratio` failed; then open, and nothing goes through,
for `rest`; then one probe at a time; a probe that succeeds closes and forgets, one that fails opens for twice as long, up to
`longest_rest`; a probe that tells nothing leaves its place to the next. What began before the breaker opened is not counted after it.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.model.standing import Passage

_BUCKETS: Final = 10


class Verdict(StrEnum):
    """What the end of a call says of the system."""

    ANSWERED = "answered"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When it opens, and for how long. `window`, `rest` and `longest_rest` in seconds; `ratio` of failed calls, above which it opens."""

    window: float = 10.0
    volume: int = 20
    ratio: float = 0.5
    rest: float = 2.0
    longest_rest: float = 30.0


@dataclass(slots=True)
class _Bucket:
    number: int
    ended: int = 0
    failed: int = 0


class Breaker:
    """One system's. Seconds of a monotonic clock."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._set = thresholds
        self._buckets: deque[_Bucket] = deque()
        self._passage = Passage.CLOSED
        self._round = 0
        self._until = 0.0
        self._rest = thresholds.rest
        self._probing = False

    def passage(self, now: float) -> Passage:
        """What goes through at this moment."""
        return Passage.HALF_OPEN if self._passage is Passage.OPEN and now >= self._until else self._passage

    def enter(self, now: float) -> int | None:
        """The pass of a call that may begin, to be handed back when it ends; None where it may not."""
        if self._passage is Passage.CLOSED:
            return self._round
        if now < self._until or self._probing:
            return None
        self._probing = True
        return self._round

    def leave(self, given: int, verdict: Verdict, now: float) -> None:
        """The call with this pass ended so."""
        if given != self._round:
            return
        if self._passage is Passage.OPEN:
            self._probed(verdict, now)
        elif verdict is not Verdict.NOTHING:
            self._count(verdict is Verdict.FAILED, now)

    def _probed(self, verdict: Verdict, now: float) -> None:
        self._probing = False
        if verdict is Verdict.ANSWERED:
            self._turn(Passage.CLOSED)
            self._rest = self._set.rest
        elif verdict is Verdict.FAILED:
            self._rest = min(self._rest * 2, self._set.longest_rest)
            self._open(now)

    def _count(self, failed: bool, now: float) -> None:  # noqa: FBT001  a count, not a switch
        number = int(now * _BUCKETS / self._set.window)
        while self._buckets and self._buckets[0].number <= number - _BUCKETS:
            self._buckets.popleft()
        if not self._buckets or self._buckets[-1].number != number:
            self._buckets.append(_Bucket(number))
        last = self._buckets[-1]
        last.ended += 1
        last.failed += failed
        if failed and self._is_too_much():
            self._open(now)

    def _is_too_much(self) -> bool:
        ended = sum(each.ended for each in self._buckets)
        return ended >= self._set.volume and sum(each.failed for each in self._buckets) > ended * self._set.ratio

    def _open(self, now: float) -> None:
        self._until = now + self._rest
        self._turn(Passage.OPEN)

    def _turn(self, passage: Passage) -> None:
        """Into this state; whatever is under way belongs to the last one and is not counted."""
        self._passage = passage
        self._round += 1
        self._probing = False
        self._buckets.clear()
