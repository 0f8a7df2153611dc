"""Counts every call by service, method and gRPC code, under the names that the gRPC ecosystem's dashboards know."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import grpc


class RpcMeter(Protocol):
    """Where the counts go. `kind` is unary or stream as grpc_type knows it."""

    def started(self, service: str, method: str) -> None:
        """A call arrived."""
        ...

    def handled(self, service: str, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        ...


class Metering(grpc.aio.ServerInterceptor):
    """Wraps the handlers of unary methods; streams of health and reflection are not worth a series."""

    def __init__(self, meter: RpcMeter, monotonic: Callable[[], float]) -> None:
        self._meter = meter
        self._monotonic = monotonic
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The handler, wrapped once a method."""
        name = handler_call_details.method
        known = self._wrapped.get(name)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or not inspect.iscoroutinefunction(handler.unary_unary):
            return handler
        wrapped = self._wrap(handler, name)
        self._wrapped[name] = wrapped
        return wrapped

    def _wrap(self, handler: Any, name: str) -> Any:
        _, service, method = name.split("/")
        meter, monotonic, inner = self._meter, self._monotonic, handler.unary_unary

        async def counted(request: Any, context: Any) -> Any:
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

        return grpc.unary_unary_rpc_method_handler(counted, handler.request_deserializer, handler.response_serializer)


def _name(code: Any) -> str:
    """grpc.aio gives the status as a number once it is set."""
    return next((each.name for each in grpc.StatusCode if code in (each, each.value[0])), grpc.StatusCode.UNKNOWN.name)
