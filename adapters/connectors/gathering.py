"""What comes while a batch is under way goes together in the next: one round for many who ask the same place at the same moment.

Laws: whoever comes alone goes at once; a batch is bounded, and as many take part in the next; each hears of its own result, and of a
fault of the whole batch; what one item alone brings about befalls that item alone; who stops waiting before the batch begins was never in
it, and afterwards disturbs nobody; a batch that takes long does not hold up the next; nothing is kept of an item once nobody waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from adapters.connectors.verdict import ItemFault, likewise, timed_out

_Item = TypeVar("_Item")
_Told = TypeVar("_Told")

_PATIENCE: Final = 1.0
"""Seconds after which the next batch goes beside one that is still under way."""


class Gathering(Generic[_Item, _Told]):
    """Batches of at most `most` items for `run`, which gives one result an item, in their order, and raises what befalls all of them.

    An ItemFault may be that of one item: then each of the batch is run by itself.
    """

    def __init__(self, system: str, run: Callable[[Sequence[_Item]], Awaitable[Sequence[_Told]]], most: int) -> None:
        self._system = system
        self._run = run
        self._most = most
        self._waiting: dict[asyncio.Future[_Told], _Item] = {}
        self._last: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def put(self, item: _Item, seconds: float) -> _Told:
        """The item's result. Raises what `run` raises, or CITY_TIMEOUT."""
        future: asyncio.Future[_Told] = asyncio.get_running_loop().create_future()
        self._waiting[future] = item
        self._begin()
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise timed_out(self._system) from None
        finally:
            self._waiting.pop(future, None)

    def _begin(self) -> None:
        """The next batch, unless there is one to wait for. It is made up a turn of the loop later, so that those of this turn are in."""
        if self._last is not None or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._last = flight = loop.create_task(self._fly())
        self._under_way.add(flight)
        alarm = loop.call_later(_PATIENCE, self._wait_no_more, flight)
        flight.add_done_callback(lambda _: alarm.cancel())
        flight.add_done_callback(self._under_way.discard)
        flight.add_done_callback(self._wait_no_more)

    def _wait_no_more(self, flight: asyncio.Task[None]) -> None:
        if self._last is flight:
            self._last = None
            self._begin()

    async def _fly(self) -> None:
        taken = {each: self._waiting.pop(each) for each in tuple(islice(self._waiting, self._most))}
        batch = {future: item for future, item in taken.items() if not future.done()}  # who left in this very turn is still there
        try:
            if batch:
                await self._told(batch)
        except ItemFault:
            for future, item in batch.items():
                await self._alone(future, item)
        finally:
            for future in batch:
                future.cancel()  # where it has no result, for the place was closed

    async def _told(self, batch: dict[asyncio.Future[_Told], _Item]) -> None:
        """Raises ItemFault where it may be the fault of one of several."""
        try:
            told = await self._run(tuple(batch.values()))
        except Exception as error:
            if isinstance(error, ItemFault) and len(batch) > 1:
                raise
            for future in batch:
                if not future.done():
                    future.set_exception(likewise(error))
        else:
            for future, result in zip(batch, told, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _alone(self, future: asyncio.Future[_Told], item: _Item) -> None:
        if not future.done():
            await self._told({future: item})
