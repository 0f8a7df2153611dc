"""The places at a system, and the queue that ends before them.

Law: who finds a place free does not wait, and no more wait than the queue holds.
"""

import asyncio


class NoPlace(Exception):  # noqa: N818  named for what was found
    """There is none, and the message says why no longer wait helps."""


class Places:
    """So many places, and so many who may wait for one."""

    def __init__(self, count: int, queue: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._queue = queue
        self.inside = self.waiting = 0

    @property
    def taken(self) -> bool:
        """Whether the next one would have to wait."""
        return self._free.locked()

    async def enter(self, seconds: float) -> None:
        """Into a place, at once or after a wait of at most `seconds`; whoever is in leaves it again. Raises NoPlace."""
        if self._free.locked():
            if self.waiting >= self._queue:
                raise NoPlace("too many questions wait for it already")
            await self._wait(seconds)
        else:
            await self._free.acquire()
        self.inside += 1

    def leave(self) -> None:
        """The place is another's."""
        self.inside -= 1
        self._free.release()

    async def _wait(self, seconds: float) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise NoPlace("no place became free in time") from None
        finally:
            self.waiting -= 1
