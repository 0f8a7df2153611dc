"""Bytes that are not read reach the services as `Unread` and become a refusal like any other.

Laws: what is larger than a request may be is not even parsed, since nobody knows yet who sent it; bytes that do not parse are told as
such. Left to itself grpc would say UNKNOWN and the name of a Python class, which tells a caller neither whose fault it is nor what to do.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

from gateway.model.refusal import Reason, Refusal, Violation

LARGEST: Final = 64 * 1024
"""Bytes of a request. gRPC takes more, so that whoever sends more is told the reason, and the log of it."""

Decode = Callable[[bytes], Any]


class Unread(Enum):
    """Why a body was not read."""

    NO_MESSAGE = "the bytes are no message"
    TOO_LARGE = "the request is too large"


def soft(decode: Decode) -> Decode:
    """The deserialiser that gives `Unread` where the other raises DecodeError or would have too much to do."""

    def softly(body: bytes) -> Any:
        if len(body) > LARGEST:
            return Unread.TOO_LARGE
        try:
            return decode(body)
        except DecodeError:
            return Unread.NO_MESSAGE

    return softly


def refusal(unread: Unread, kind: type[Message]) -> Refusal:
    """The refusal of a body that was to be a message of this kind. One that is none may for instance hold a text in GBK."""
    wanted = f"at most {LARGEST} bytes in all"
    if unread is Unread.NO_MESSAGE:
        wanted = f"a message {kind.DESCRIPTOR.full_name} in protobuf's binary form, its texts in UTF-8"
    return Refusal(Reason.INVALID_REQUEST, unread.value, violations=(Violation("", wanted),))
