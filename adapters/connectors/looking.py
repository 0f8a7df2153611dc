"""The looker: tickets that are waited for at one table of answers, and the one schedule by which it is looked whether there is something.

Laws: one look at a time, for all tickets that are waited for, as far as they fit into one statement, those first that are due first; a
ticket is due when it comes, 20 ms later, then after half as long again each time, up to a second; between two looks there is as long a
rest as the look took, 20 ms at least and a second at most; a look that fails fails for each that it was for, and for nobody else; who stops
waiting disturbs nobody; nothing is kept of a ticket that nobody waits for, and without tickets there is no look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from operator import attrgetter
from typing import Final

from adapters.connectors.verdict import likewise

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.02, 1.0, 0.5
"""Seconds between two looks for a ticket: the first, the longest, and by which part of the time that it has waited they grow."""
MOST_TICKETS: Final = 64
"""In one look."""


class Unlooked(TimeoutError):  # noqa: N818  named for what did not happen
    """The time was up before a look began: it says nothing of the city."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """One who waits. Seconds of the loop. `once`: it is to be told of the next look, whatever that finds; `begun`: a look was for it."""

    ticket: str = field(repr=False)
    future: asyncio.Future[bool] = field(repr=False)
    since: float
    due: float
    once: bool
    begun: bool = False


class Looker:
    """Of one table. `look` says for which of some tickets there is something to fetch."""

    def __init__(self, look: Callable[[Sequence[str]], Awaitable[Collection[str]]]) -> None:
        self._look = look
        self._waiting: dict[_Waiting, None] = {}
        self._rested = 0.0
        self._alarm: asyncio.Handle | None = None
        self._at = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def turned(self, ticket: str, seconds: float) -> bool:
        """Waits until there is something to fetch; False when the time is up before. Raises what the look raised."""
        return await self._told(ticket, seconds, once=False)

    async def glance(self, ticket: str, seconds: float) -> bool:
        """Whether the next look finds something to fetch. Raises what the look raised, or TimeoutError; Unlooked where none began."""
        return await self._told(ticket, seconds, once=True)

    def close(self) -> None:
        """Looks no more; who waits is told that there is nothing."""
        self._disarm()
        if self._looking is not None:
            self._looking.cancel()
        for each in self._waiting:
            if not each.future.done():
                each.future.set_result(False)

    async def _told(self, ticket: str, seconds: float, *, once: bool) -> bool:
        loop = asyncio.get_running_loop()
        now = loop.time()
        own = _Waiting(ticket, loop.create_future(), now, now, once)
        self._waiting[own] = None
        self._arm()
        try:
            async with asyncio.timeout(seconds):
                return await own.future
        except TimeoutError:
            if once and not own.begun:
                raise Unlooked from None
            if once:
                raise
            return False
        finally:
            del self._waiting[own]
            if not self._waiting:
                self._disarm()

    def _arm(self) -> None:
        """Sets the alarm for the next look, unless one is under way: it does so when it ends."""
        if self._looking is not None or not self._waiting:
            return
        at = max(self._rested, min(each.due for each in self._waiting))
        if self._alarm is None or at < self._at:
            self._disarm()
            self._at = at
            self._alarm = asyncio.get_running_loop().call_at(at, self._begin)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _begin(self) -> None:
        self._alarm = None
        chosen = nsmallest(MOST_TICKETS, self._waiting, key=attrgetter("due"))
        for each in chosen:
            each.begun = True
        self._looking = asyncio.get_running_loop().create_task(self._looked(chosen))

    async def _looked(self, chosen: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            found = await self._look(tuple({each.ticket: None for each in chosen}))
        except Exception as error:  # noqa: BLE001  a bug too has to reach those who wait
            _fail(chosen, error)
        else:
            _tell(chosen, found, loop.time())
        finally:
            now = loop.time()
            self._rested = now + min(max(_FIRST_PAUSE, now - began), _LONGEST_PAUSE)
            self._looking = None
            self._arm()


def _tell(chosen: Sequence[_Waiting], found: Collection[str], now: float) -> None:
    for each in chosen:
        each.due = now + min(_FIRST_PAUSE + (now - each.since) * _GROWTH, _LONGEST_PAUSE)
        there = each.ticket in found
        if (there or each.once) and not each.future.done():
            each.future.set_result(there)


def _fail(chosen: Sequence[_Waiting], error: Exception) -> None:
    for each in chosen:
        if not each.future.done():
            each.future.set_exception(likewise(error))
