"""Puts services on a server, each method counted and given bytes that it can refuse, each stream held while its caller is believed.

The generated code registers handlers with whatever it is handed; this stands in the server's place and hands on the wrapped ones.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import grpc

from gateway.rpc.decoding import soft
from gateway.rpc.metering import BIDI_STREAM, SERVER_STREAM, Metering
from gateway.rpc.open_calls import OpenCalls
from gateway.rpc.shedding import Methods, Shedding

_OURS = "kuacheng."


class Registrar:
    """What `add_..._to_server` of generated code is given instead of the server."""

    def __init__(self, server: grpc.aio.Server, metering: Metering, calls: OpenCalls, shedding: Shedding) -> None:
        self._server = server
        self._shedding = shedding
        self._calls = calls
        self._metering = metering

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Nothing: the same handlers come by their names."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """The methods of one service, by name."""
        calm = {f"/{service}/{method}": self._wrapped(service, method, handler) for method, handler in handlers.items()}
        crowded = {name: self._crowded(service, name, handler) for name, handler in calm.items() if handler.unary_unary}
        found = Methods(calm, crowded if service.startswith(_OURS) else {}, self._shedding.crowded)
        self._server.add_generic_rpc_handlers((found,))

    def _crowded(self, service: str, name: str, calm: Any) -> Any:
        judge = self._shedding.guarded(service, name.rpartition("/")[2], calm.unary_unary)
        return grpc.stream_stream_rpc_method_handler(judge, calm.request_deserializer, calm.response_serializer)

    def _wrapped(self, service: str, method: str, handler: Any) -> Any:
        """Our own services know who calls; whoever calls another is judged here. Streams are held."""
        if handler.response_streaming:
            return self._held(service, method, handler)
        if handler.unary_unary is None or not inspect.iscoroutinefunction(handler.unary_unary):
            return handler
        own = service.startswith(_OURS)
        asked = self._calls.vouched if own else self._calls.judged
        inner = self._metering.counted(service, method, asked(handler.unary_unary))
        return grpc.unary_unary_rpc_method_handler(inner, _decode(handler, own=own), handler.response_serializer)

    def _held(self, service: str, method: str, handler: Any) -> Any:
        own, both = service.startswith(_OURS), handler.request_streaming
        make = grpc.stream_stream_rpc_method_handler if both else grpc.unary_stream_rpc_method_handler
        held = self._calls.held(handler.stream_stream if both else handler.unary_stream, judged=not own)
        count = self._metering.generated if inspect.isasyncgenfunction(held) else self._metering.counted
        inner = count(service, method, held, BIDI_STREAM if both else SERVER_STREAM)
        return make(inner, _decode(handler, own=own), handler.response_serializer)


def _decode(handler: Any, *, own: bool) -> Any:
    """Only our own services know what `Unread` is."""
    return soft(handler.request_deserializer) if own else handler.request_deserializer
