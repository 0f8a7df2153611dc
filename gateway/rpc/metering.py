"""Counts every call by service, method and gRPC code, under the names that the gRPC ecosystem's dashboards know.

Laws: each call once, however it ends; a stream's time is until its end, whoever brought that about.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, Protocol

import grpc

Handler = Callable[[Any, Any], Awaitable[Any]]
Generator = Callable[[Any, Any], Any]

UNARY, SERVER_STREAM, BIDI_STREAM = "unary", "server_stream", "bidi_stream"
_OK: Final = grpc.StatusCode.OK.name


class RpcMeter(Protocol):
    """Where the counts go. `kind` is as grpc_type knows it: unary, server_stream, bidi_stream."""

    def started(self, kind: str, service: str, method: str) -> None:
        """A call arrived."""
        ...

    def handled(self, kind: str, service: str, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        ...

    def turned_away(self, service: str, method: str, code: str) -> None:
        """A call was refused before anything was received: it arrived and ended, and its time is none of the handler's."""
        ...

    def cut_off(self, reason: str) -> None:
        """Somebody who is not believed (any more) was refused a call or lost a stream."""
        ...


class Metering:
    """Wraps handlers when they are registered: an interceptor would cost every call what a wrapper costs once."""

    def __init__(self, meter: RpcMeter, monotonic: Callable[[], float]) -> None:
        self.meter = meter
        self.monotonic = monotonic

    def counted(self, service: str, method: str, inner: Handler, kind: str = UNARY) -> Handler:
        """The handler of one method that answers once, or writes what it answers; counted."""

        async def count(request: Any, context: Any) -> Any:
            began = self._begins(kind, service, method)
            try:
                answer = await inner(request, context)
            except BaseException:
                self._ends(kind, service, method, _name(context.code()), began)
                raise
            self._ends(kind, service, method, _OK, began)
            return answer

        return count

    def generated(self, service: str, method: str, inner: Generator, kind: str) -> Generator:
        """The handler of one method that yields what it answers; counted."""

        async def count(request: Any, context: Any) -> AsyncIterator[Any]:
            began = self._begins(kind, service, method)
            try:
                async with aclosing(inner(request, context)) as answers:
                    async for each in answers:
                        yield each
            except BaseException:
                self._ends(kind, service, method, _name(context.code()), began)
                raise
            self._ends(kind, service, method, _OK, began)

        return count

    def _begins(self, kind: str, service: str, method: str) -> float:
        self.meter.started(kind, service, method)
        return self.monotonic()

    def _ends(self, kind: str, service: str, method: str, code: str, began: float) -> None:
        self.meter.handled(kind, service, method, code, self.monotonic() - began)


def _name(code: Any) -> str:
    """What the caller was told, which grpc.aio has as a number once it is set; CANCELLED where nobody was told anything."""
    told = code or grpc.StatusCode.OK
    found = next((each for each in grpc.StatusCode if told in (each, each.value[0])), grpc.StatusCode.UNKNOWN)
    return grpc.StatusCode.CANCELLED.name if found is grpc.StatusCode.OK else found.name
