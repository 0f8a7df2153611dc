"""The door: how many may be inside at once, whose they are, whether it is still open, and how long a caller lets us take.

Laws: while there is room everybody is let in; the last quarter of the places is for callers who hold less than an equal share, reckoned
with one more who may yet come, so that who asks without measure keeps nobody else out. What the door turns away was never an exchange: it
is counted and answered, but makes no entry in the evidence log, or a flood of calls would become a flood of entries.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits


class Door:
    """Counts who is inside. Used on one event loop only. A caller is whatever bytes tell one from another.

    `share` of the places that the limits allow is given now; see rpc.pace.
    """

    def __init__(self) -> None:
        self.share = 1.0
        self._inside = 0
        self._left = 0
        self._of: dict[bytes, int] = {}
        self._turned_away: Counter[Reason] = Counter()
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many exchanges are in flight."""
        return self._inside

    @property
    def left(self) -> int:
        """How many have been let in and have ended, since the beginning."""
        return self._left

    @property
    def turned_away(self) -> Mapping[Reason, int]:
        """How many were not let in, by why."""
        return self._turned_away

    def turn_away(self, reason: Reason) -> None:
        """Counts one who was not let in."""
        self._turned_away[reason] += 1

    def crowded(self, limits: Limits) -> bool:
        """Whether it now depends on who comes."""
        return not self._closing and 4 * self._inside >= 3 * self._places(limits)

    def has_room(self, who: bytes, limits: Limits) -> bool:
        """Whether this caller may come in: there is room, or a reserved place and it holds less than an equal share of all."""
        if not self.crowded(limits):
            return True
        places, callers = self._places(limits), len(self._of) + (who not in self._of) + 1
        return self._inside < places and self._of.get(who, 0) * callers < places

    def pass_through(self, limits: Limits, who: bytes) -> "Passage":
        """Lets one call in for as long as the context lasts, which raises SHUTTING_DOWN or OVERLOADED."""
        return Passage(self, limits, who)

    def let_in(self, limits: Limits, who: bytes) -> None:
        """One call comes in, and will leave. Raises SHUTTING_DOWN or OVERLOADED."""
        if self._closing:
            self.turn_away(Reason.SHUTTING_DOWN)
            raise Refusal(Reason.SHUTTING_DOWN, "the gateway is stopping")
        if not self.has_room(who, limits):
            self.turn_away(Reason.OVERLOADED)
            raise Refusal(Reason.OVERLOADED, "too many exchanges are in flight")
        self._inside += 1
        self._of[who] = self._of.get(who, 0) + 1
        self._empty.clear()

    def let_out(self, who: bytes) -> None:
        """One that was let in has ended, however."""
        self._inside -= 1
        self._left += 1
        self._of[who] -= 1
        if not self._of[who]:
            del self._of[who]
        if not self._inside:
            self._empty.set()

    def _places(self, limits: Limits) -> int:
        return max(1, round(limits.in_flight * self.share))

    async def close(self) -> None:
        """Lets nobody in any more, and waits until the last has left."""
        self._closing = True
        await self._empty.wait()


class Passage:
    """One call inside. A class, because a generator in its place costs several times as much, and every exchange has one."""

    __slots__ = ("_door", "_limits", "_who")

    def __init__(self, door: Door, limits: Limits, who: bytes) -> None:
        self._door = door
        self._limits = limits
        self._who = who

    def __enter__(self) -> None:
        self._door.let_in(self._limits, self._who)

    def __exit__(self, *_: object) -> None:
        self._door.let_out(self._who)


def time_left(asked: float | None, limits: Limits) -> float | Refusal:
    """Seconds that this exchange may take: the caller's own deadline, or ours where there is none or a longer one."""
    if asked is None:
        return limits.default_deadline
    if asked < limits.minimum_deadline:
        return Refusal(Reason.DEADLINE_TOO_SHORT, "the deadline is below the minimum")
    return min(asked, limits.maximum_deadline)
