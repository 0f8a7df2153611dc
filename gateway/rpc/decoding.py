"""Bytes that are no message reach the services as None and become a refusal like any other.

Left to itself grpc would say UNKNOWN and the name of a Python class, which tells a caller neither whose fault it is nor what to do.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

_OURS = "/kuacheng."


class Decoding(grpc.aio.ServerInterceptor):
    """Softens the deserialisers of our own unary methods. Stands inside Metering, which keeps the handlers that it was given."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The handler, with a deserialiser that does not raise."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or not handler_call_details.method.startswith(_OURS):
            return handler
        soft = _soft(handler.request_deserializer)
        return grpc.unary_unary_rpc_method_handler(handler.unary_unary, soft, handler.response_serializer)


def _soft(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def soft(body: bytes) -> Any:
        try:
            return decode(body)
        except DecodeError:
            return None

    return soft
