"""Group commit: many callers on one event loop, one thread that writes, one transaction for all who wait.

Laws: items are written in the order of the calls; a caller who stops waiting takes nothing back; whatever befalls a batch, each
of its callers hears of it; the thread outlives every fault of the store; what was taken before `close` is finished by it.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from gateway.model.refusal import Reason, Refusal

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

BATCH_LIMIT: Final = 256
LINGER: Final = 0.003
"""Seconds. Fewer, fuller batches cost the event loop less; see docs/ledger.md for the figures."""
LINGER_ABOVE: Final = 4
"""As many callers, expected at once, make lingering worth their while."""

_NEVER: Final = 1 << 62


class Store(Protocol[T_contra, R_co]):
    """What writes a batch. Called by the writer's thread only."""

    def commit(self, items: Sequence[T_contra]) -> Sequence[R_co | Exception]:
        """Make the items durable together; one result an item, in their order."""
        ...

    def in_flight(self) -> int:
        """Return how many callers may come again soon."""
        ...

    def rest(self) -> None:
        """Do what can wait until the callers of a batch have their results."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class GroupCommit(Generic[T, R]):
    """A bounded queue before a store, and the thread between them. Belongs to the first event loop that submits."""

    def __init__(self, store: Store[T, R], *, name: str, queue_limit: int) -> None:
        self._store = store
        self._limit = queue_limit
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake_at = _NEVER
        self._bell = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: T) -> asyncio.Future[R]:
        """Queue an item and return its result to come: LEDGER_UNAVAILABLE at once when the queue is full or closed."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        future: asyncio.Future[R] = loop.create_future()
        if self._closing or len(self._queue) >= self._limit:
            what = "closed" if self._closing else "behind: too many entries wait"
            future.set_exception(Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log is {what}"))
            return future
        self._queue.append((item, future))
        if len(self._queue) >= self._wake_at:
            self._wake_at = _NEVER
            self._bell.set()
        return future

    async def close(self) -> None:
        """Take nothing more, write what waits, end the thread. May be called again."""
        self._closing = True
        self._bell.set()
        await asyncio.to_thread(self._thread.join)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None:
            raise RuntimeError("a group commit serves one event loop")
        self._loop = loop

    def _run(self) -> None:
        """The thread: wait for a caller, linger for more, write, answer, rest."""
        last = 0
        while self._is_wanted():
            expected = min(max(last, self._store.in_flight()), BATCH_LIMIT)
            if expected > LINGER_ABOVE:
                self._wait_for(expected, LINGER)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
            last = len(batch)
            self._answer(batch, self._write([item for item, _ in batch]))
            with suppress(Exception):  # what could wait can wait again
                self._store.rest()
        self._store.close()

    def _is_wanted(self) -> bool:
        while not self._queue and not self._closing:
            self._wait_for(1, None)
        return bool(self._queue)

    def _wait_for(self, count: int, seconds: float | None) -> None:
        """Wait until so many are queued, or the time is over, or nothing more will come."""
        self._bell.clear()
        self._wake_at = count
        # Looked at after `_wake_at` is set, so a caller in between either rings the bell or is seen here.
        if len(self._queue) < count and not self._closing:
            self._bell.wait(seconds)
        self._wake_at = _NEVER

    def _write(self, items: Sequence[T]) -> Sequence[R | Exception]:
        try:
            return self._store.commit(items)
        except Exception as bug:  # noqa: BLE001 - a bug in the store has to reach the callers, or they wait for ever
            return [bug] * len(items)

    def _answer(self, batch: Sequence[tuple[T, asyncio.Future[R]]], results: Sequence[R | Exception]) -> None:
        # Futures exist, so a loop is bound. A closed one has nobody left who waits.
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_settle, batch, results)


def _settle(batch: Sequence[tuple[object, asyncio.Future[R]]], results: Sequence[R | Exception]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
