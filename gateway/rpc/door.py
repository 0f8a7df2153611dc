"""The door: how many may be inside at once, whether it is still open, and how long a caller lets us take.

What the door turns away was never an exchange: it is counted and answered, but makes no entry in the evidence log, or a flood of calls
would become a flood of entries.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits


class Door:
    """Counts who is inside. Used on one event loop only."""

    def __init__(self) -> None:
        self._inside = 0
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many exchanges are in flight."""
        return self._inside

    @contextmanager
    def pass_through(self, limits: Limits) -> Iterator[None]:
        """Lets one call in for as long as the context lasts. Raises SHUTTING_DOWN or OVERLOADED."""
        if self._closing:
            raise Refusal(Reason.SHUTTING_DOWN, "the gateway is stopping")
        if self._inside >= limits.in_flight:
            raise Refusal(Reason.OVERLOADED, "too many exchanges are in flight")
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def close(self) -> None:
        """Lets nobody in any more, and waits until the last has left."""
        self._closing = True
        await self._empty.wait()


def time_left(asked: float | None, limits: Limits) -> float | Refusal:
    """Seconds that this exchange may take: the caller's own deadline, or ours where there is none or a longer one."""
    if asked is None:
        return limits.default_deadline
    if asked < limits.minimum_deadline:
        return Refusal(Reason.DEADLINE_TOO_SHORT, "the deadline is below the minimum")
    return min(asked, limits.maximum_deadline)
