"""Which share of its places the door gives now: all of them, and fewer while the process cannot keep up.

Laws: only lateness of the event loop takes places away, because neither a slow city nor a slow disk makes it late; never below three
eighths. To refuse costs a part of an answer, so where more are told to come again than are answered, places are given back: the loop then
takes up fewer calls a second, and gRPC refuses the rest on the wire, which costs next to nothing.
After congestion avoidance by additive increase and multiplicative decrease (Chiu and Jain, 1989).
"""

from typing import Final

from gateway.model.refusal import Reason
from gateway.rpc.door import Door

PACE_SECONDS: Final = 0.1
"""Between two looks."""
_LATE: Final = 0.025
"""Seconds; half of what `make soak` lets the event loop be late."""
_LEAST: Final = 0.375
_LESS, _MORE, _BACK = 0.9, 0.05, 0.25


class Pace:
    """Widens and narrows the door by what was seen since the last look."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._refused, self._ended = self._counts()

    def late(self, seconds: float) -> None:
        """The event loop woke so late."""
        before, (self._refused, self._ended) = (self._refused, self._ended), self._counts()
        refused, ended = self._refused - before[0], self._ended - before[1]
        self._door.share = next_share(self._door.share, seconds, refused, ended)

    def _counts(self) -> tuple[int, int]:
        return self._door.turned_away.get(Reason.OVERLOADED, 0), self._door.left


def next_share(now: float, late: float, refused: int, ended: int) -> float:
    """From the one now, and since then: seconds late, calls refused, calls ended."""
    if refused > ended:
        return min(1.0, now + _BACK)
    return max(_LEAST, now * _LESS) if late > _LATE else min(1.0, now + _MORE)
