"""Bytes that are no message reach the services as None and become a refusal like any other.

Left to itself grpc would say UNKNOWN and the name of a Python class, which tells a caller neither whose fault it is nor what to do.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

Decode = Callable[[bytes], Any]


def soft(decode: Decode) -> Decode:
    """The deserialiser that gives None where the other raises DecodeError."""

    def softly(body: bytes) -> Any:
        try:
            return decode(body)
        except DecodeError:
            return None

    return softly
