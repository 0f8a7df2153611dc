"""Puts services on a server, each unary method counted and given bytes that it can refuse, each stream held while its caller is believed.

The generated code registers handlers with whatever it is handed; this stands in the server's place and hands on the wrapped ones.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import grpc

from gateway.rpc.decoding import soft
from gateway.rpc.metering import Metering
from gateway.rpc.open_calls import OpenCalls

_OURS = "kuacheng."


class Registrar:
    """What `add_..._to_server` of generated code is given instead of the server."""

    def __init__(self, server: grpc.aio.Server, metering: Metering, calls: OpenCalls) -> None:
        self._server = server
        self._calls = calls
        self._metering = metering

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Nothing: the same handlers come by their names."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """The methods of one service, by name."""
        wrapped = {method: self._wrapped(service, method, handler) for method, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))

    def _wrapped(self, service: str, method: str, handler: Any) -> Any:
        """Our own services know who calls; whoever calls another is judged here. Streams are not worth a series, and are held."""
        if handler.response_streaming:
            return self._held(handler, own=service.startswith(_OURS))
        if handler.unary_unary is None or not inspect.iscoroutinefunction(handler.unary_unary):
            return handler
        own = service.startswith(_OURS)
        inner = self._metering.counted(service, method, handler.unary_unary if own else self._calls.judged(handler.unary_unary))
        return grpc.unary_unary_rpc_method_handler(inner, soft(handler.request_deserializer), handler.response_serializer)

    def _held(self, handler: Any, *, own: bool) -> Any:
        make = grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        inner = self._calls.held(handler.stream_stream if handler.request_streaming else handler.unary_stream, judged=not own)
        decode = soft(handler.request_deserializer) if own else handler.request_deserializer
        return make(inner, decode, handler.response_serializer)
