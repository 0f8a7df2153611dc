"""Counts every call by service, method and gRPC code, under the names that the gRPC ecosystem's dashboards know."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import grpc

Handler = Callable[[Any, Any], Awaitable[Any]]


class RpcMeter(Protocol):
    """Where the counts go. `kind` is unary or stream as grpc_type knows it."""

    def started(self, service: str, method: str) -> None:
        """A call arrived."""
        ...

    def handled(self, service: str, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        ...

    def cut_off(self, reason: str) -> None:
        """Somebody who is not believed (any more) was refused a call or lost a stream."""
        ...


class Metering:
    """Wraps handlers when they are registered: an interceptor would cost every call what a wrapper costs once."""

    def __init__(self, meter: RpcMeter, monotonic: Callable[[], float]) -> None:
        self.meter = meter
        self._monotonic = monotonic

    def counted(self, service: str, method: str, inner: Handler) -> Handler:
        """The handler of one unary method, counted."""
        meter, monotonic = self.meter, self._monotonic

        async def count(request: Any, context: Any) -> Any:
            meter.started(service, method)
            began = monotonic()
            code = grpc.StatusCode.CANCELLED.name
            try:
                answer = await inner(request, context)
            except grpc.aio.AbortError:
                code = _name(context.code())
                raise
            else:
                code = grpc.StatusCode.OK.name
                return answer
            finally:
                meter.handled(service, method, code, monotonic() - began)

        return count


def _name(code: Any) -> str:
    """grpc.aio gives the status as a number once it is set."""
    return next((each.name for each in grpc.StatusCode if code in (each, each.value[0])), grpc.StatusCode.UNKNOWN.name)
