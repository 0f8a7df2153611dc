"""The streams that are open, and whose they are: who is not believed any more loses them at once.

Laws: nobody holds a stream whom a new call would refuse; the caller is told as a new call would be, by a status of its own and not by
silence; every call is judged, those of health and reflection too, which ask nothing else of who calls.
gRPC: a handler that is cancelled leaves its caller waiting, so the status is set first, from outside, and the handler cancelled after it.
While a message is on its way out the status cannot be set (TOO_MANY_OPERATIONS, and no second try): then the handler sets it itself, as
soon as the message has left.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from gateway.model.identity import Peer
from gateway.model.refusal import Reason, Refusal

_AT_ONCE = 256

Context = grpc.aio.ServicerContext[Any, Any]
Refuse = Callable[[Context, Refusal], Awaitable[object]]


class CutOffMeter(Protocol):
    """Where it is counted."""

    def cut_off(self, reason: str) -> None:
        """A stream was ended, or a call refused, for this reason."""
        ...


class Vouching(Protocol):
    """Has CAs vouch for certificates, where a region wants that. `wanted` is asked at each call."""

    @property
    def wanted(self) -> bool:
        """Whether any region does."""
        ...

    def settled(self, peer: Peer) -> bool:
        """Whether it was asked about; it is from now on where it was not."""
        ...

    async def vouch(self, peer: Peer) -> None:
        """Asks where it must; never raises, for what comes of it is found when the caller is judged."""
        ...


@dataclass(slots=True, eq=False)
class _Held:
    """One open stream. `writing` while a message is on its way out; `ended` once its caller is not believed any more."""

    context: Context
    peer: Peer
    task: asyncio.Task[Any]
    refuse: Refuse
    writing: bool = False
    ended: Refusal | None = None

    async def out(self, message: Any) -> None:
        """Writes, unless it has ended; and ends it if that was told meanwhile."""
        if self.ended:
            raise asyncio.CancelledError
        self.writing = True
        try:
            await self.context.write(message)
        finally:
            self.writing = False
        await self.ends()

    async def ends(self) -> None:
        """After a message has left: sets the status where nobody else could."""
        if self.ended:
            await self.refuse(self.context, self.ended)


class _Writing:
    """A context whose messages are watched on their way out; everything else is the context's own."""

    def __init__(self, held: _Held) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held.context, name)

    async def write(self, message: Any) -> None:
        """As the context's."""
        await self._held.out(message)


class OpenCalls:
    """Who may call now, and which streams are open. `judge` gives what a call of this peer would be refused with now."""

    def __init__(
        self,
        judge: Callable[[Peer], Refusal | None],
        refuse: Refuse,
        peer: Callable[[Context], Peer],
        meter: CutOffMeter,
        vouching: Vouching,
    ) -> None:
        self._judge = judge
        self._refuse = refuse
        self._peer = peer
        self._meter = meter
        self._vouching = vouching
        self._open: set[_Held] = set()

    def vouched(self, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The handler of one answer that knows who calls, once that caller's CA was asked where it has to be."""

        async def run(request: Any, context: Any) -> Any:
            if self._vouching.wanted:
                await self._vouching.vouch(self._peer(context))
            return await inner(request, context)

        return run

    def judged(self, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The handler of one answer, for those who may call."""

        async def run(request: Any, context: Any) -> Any:
            await self._admitted(context)
            return await inner(request, context)

        return run

    def held(self, inner: Callable[[Any, Any], Any], *, judged: bool = True) -> Callable[[Any, Any], Any]:
        """The handler of a stream of answers, for those who may call, and until they may no more.

        Without `judged` it is the handler that knows who calls, and refuses with an entry in the log; it is no generator.
        """
        if inspect.isasyncgenfunction(inner):
            return self._generating(inner)

        async def run(request: Any, context: Any) -> Any:
            peer = await self._admitted(context) if judged else await self._asked(context)
            with self._holding(context, peer) as held:
                return await inner(request, _Writing(held))

        return run

    async def sweep(self) -> int:
        """Ends the streams of those who may call no more; how many."""
        found = 0
        for number, held in enumerate(tuple(self._open)):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            refusal = self._judge(held.peer)
            if refusal is not None and held in self._open and not self._is_being_asked(held.peer, refusal):
                found += 1
                await self._cut_off(held, refusal)
        return found

    def _is_being_asked(self, peer: Peer, refusal: Refusal) -> bool:
        """Who has been here since before a region had its CA asked is asked about now, and judged when that has ended."""
        return refusal.reason is not Reason.CERTIFICATE_REVOKED and self._vouching.wanted and not self._vouching.settled(peer)

    def _generating(self, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def run(request: Any, context: Any) -> AsyncIterator[Any]:
            with self._holding(context, await self._admitted(context)) as held:
                async for each in inner(request, context):
                    if held.ended:
                        return
                    held.writing = True
                    yield each
                    held.writing = False
                    await held.ends()

        return run

    async def _asked(self, context: Context) -> Peer:
        peer = self._peer(context)
        if self._vouching.wanted:
            await self._vouching.vouch(peer)
        return peer

    async def _admitted(self, context: Context) -> Peer:
        peer = await self._asked(context)
        refusal = self._judge(peer)
        if refusal is not None:
            self._meter.cut_off(refusal.reason.name)
            await self._refuse(context, refusal)
        return peer

    @contextmanager
    def _holding(self, context: Context, peer: Peer) -> Iterator[_Held]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a handler runs in a task")
        held = _Held(context, peer, task, self._refuse)
        self._open.add(held)
        try:
            yield held
        finally:
            self._open.discard(held)

    async def _cut_off(self, held: _Held, refusal: Refusal) -> None:
        self._open.discard(held)
        self._meter.cut_off(refusal.reason.name)
        held.ended = refusal
        if held.writing:
            return
        # It may have ended by itself meanwhile, and then there is nobody to tell.
        with suppress(grpc.aio.AbortError, grpc.aio.UsageError, grpc.aio.InternalError):
            await self._refuse(held.context, refusal)
        held.task.cancel()
