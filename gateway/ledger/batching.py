"""Group commit: many callers on one event loop, one thread that writes, one transaction for all who wait.

Laws: items are written in the order of the calls; a caller who stops waiting takes nothing back; whatever befalls a batch, each
of its callers hears of it; the thread outlives every fault of the store; what was taken before `close` is finished by it.
A batch waits for a lull (gateway.cohort), so that it is full where that saves most, and nobody waits on an idle loop. See docs/ledger.md
for the figures.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final, Generic, Protocol, TypeVar

from gateway.cohort import Lull
from gateway.model.refusal import Reason, Refusal

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

BATCH_LIMIT: Final = 256
ENOUGH: Final = 16
"""With as many it waits for nobody: the others take their steps meanwhile, and are the next batch. Where it waited for 64, an exchange
cost a tenth more at 32 in flight."""


class Store(Protocol[T_contra, R_co]):
    """What writes a batch. Called by the writer's thread only."""

    def commit(self, items: Sequence[T_contra]) -> Sequence[R_co | Exception]:
        """Make the items durable together; one result an item, in their order."""
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
        self._queue: deque[tuple[T, asyncio.Future[R], float]] = deque()
        self._handed: SimpleQueue[Sequence[tuple[T, asyncio.Future[R], float]]] = SimpleQueue()
        self.settled: Callable[[Sequence[R | Exception], float], None] = lambda _results, _seconds: None
        """Told of each batch, on the event loop: its results, and the seconds since its oldest item came."""
        self._loop: asyncio.AbstractEventLoop | None = None
        # Whether a batch is being gathered or written; until it is, nobody else has to see to the queue.
        self._busy = False
        self._lull = Lull(lambda: len(self._queue), self._hand_over, ENOUGH)
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
        self._queue.append((item, future, loop.time()))
        if not self._busy:
            self._busy = True
            self._lull.await_(loop)
        return future

    @property
    def waiting(self) -> int:
        """Items that no batch has taken yet."""
        return len(self._queue)

    async def close(self) -> None:
        """Take nothing more, write what waits, end the thread. May be called again."""
        if not self._closing:
            self._closing = True
            while self._queue:
                self._hand_over()
            self._handed.put(())
        await asyncio.to_thread(self._thread.join)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None:
            raise RuntimeError("a group commit serves one event loop")
        self._loop = loop

    def _hand_over(self) -> None:
        count = min(len(self._queue), BATCH_LIMIT)
        if count:  # none where `close` was quicker than a lull
            self._handed.put([self._queue.popleft() for _ in range(count)])

    def _run(self) -> None:
        """The thread: write a batch, answer it, rest."""
        while batch := self._handed.get():
            self._answer(batch, self._write([item for item, _, _ in batch]))
            with suppress(Exception):  # what could wait can wait again
                self._store.rest()
        self._store.close()

    def _write(self, items: Sequence[T]) -> Sequence[R | Exception]:
        try:
            return self._store.commit(items)
        except Exception as bug:  # noqa: BLE001 - a bug in the store has to reach the callers, or they wait for ever
            return [bug] * len(items)

    def _answer(self, batch: Sequence[tuple[T, asyncio.Future[R], float]], results: Sequence[R | Exception]) -> None:
        # Futures exist, so a loop is bound. A closed one has nobody left who waits.
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, self._loop, batch, results)

    def _settle(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: Sequence[tuple[T, asyncio.Future[R], float]],
        results: Sequence[R | Exception],
    ) -> None:
        self.settled(results, loop.time() - batch[0][2])
        for (_, future, _), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._busy = bool(self._queue)
        if self._busy:
            self._lull.await_(loop)
