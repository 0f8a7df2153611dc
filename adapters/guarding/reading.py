"""A file that is read as it comes, and since when its city keeps us waiting.

Law: the time that our own reader takes between two pieces is not the city's.
"""

import math
from collections.abc import AsyncIterator, Callable


class Reading:
    """One file. `since`, by `monotonic`, is when the wait for what comes next began; infinity while nobody waits for the city."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.since = monotonic()

    def of(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same pieces. The first wait, for there to be any, is over."""
        self.since = math.inf
        return _Pieces(self, pieces, self._monotonic)


class _Pieces:
    def __init__(self, reading: Reading, pieces: AsyncIterator[bytes], monotonic: Callable[[], float]) -> None:
        self._reading = reading
        self._pieces = pieces
        self._monotonic = monotonic

    def __aiter__(self) -> "_Pieces":
        return self

    async def __anext__(self) -> bytes:
        self._reading.since = self._monotonic()
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            self._reading.since = math.inf
            raise
        self._reading.since = math.inf
        return piece
