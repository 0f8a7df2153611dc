"""So many at a time: places that are taken at once where one is free, and in the order of asking where none is.

Laws: a place that is given back goes to whoever has waited longest; whoever stops waiting loses none. Unlike asyncio.Semaphore, whose laws
these are too, it makes no coroutine for a place that is free, which is how nearly every question finds it.
"""

import asyncio
from collections import deque


class Places:
    """The places of one system, for one event loop."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """How many are taken now."""
        return self._count - self._free

    def take(self) -> bool:
        """Takes a place where one is free. Then nobody waits, for what is given back goes to those who wait."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Takes the place that is given back next, after those who wait already."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn had just come
                self.give_back()
            raise

    def give_back(self) -> None:
        """Gives a place back that was taken."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
