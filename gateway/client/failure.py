"""How a query can fail for the one who asked, and what each failure says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2

from gateway.model.refusal import Violation

_TRAILER = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Told:
    """What the gateway said of a refusal. `retry_after` in seconds, None where asking again is of no use."""

    reason: str
    blame: str
    exchange_id: str
    message_zh: str
    violations: tuple[Violation, ...]
    retry_after: float | None


class ClientFailure(Exception):  # noqa: N818  named for what happened
    """Any failure of a query; `code` is the gRPC status."""

    def __init__(self, message: str, code: grpc.StatusCode) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class QueryRefused(ClientFailure):
    """The gateway refused, and said why: reason, blame, and what to do. `exchange_id` is what its operator wants to hear."""

    def __init__(self, message: str, code: grpc.StatusCode, told: Told) -> None:
        super().__init__(message, code)
        self.told = told

    @property
    def reason(self) -> str:
        """The reason's name; text, because it may be newer than this client."""
        return self.told.reason

    @property
    def blame(self) -> str:
        """CALLER, POLICY, COUNTERPARTY or OURS (the gateway)."""
        return self.told.blame


class Unreachable(ClientFailure):
    """The gateway could not be reached, or the connection was lost before it answered."""


class OutcomeUnknown(ClientFailure):
    """The question may have been asked and its answer was lost on the way; ask again with a new request_id, or a new code."""


def of(error: grpc.aio.AioRpcError) -> ClientFailure:
    """The failure that a gRPC error means. The error loses its frames inside gRPC: they hold the call, and so the channel, which
    with a key in a token has a thread that a program waits for at its end.
    """
    error.__traceback__ = None
    message = error.details() or error.code().name
    told = told_in(next((value for name, value in error.trailing_metadata() or () if name == _TRAILER), None))
    if told is not None:
        return QueryRefused(message, error.code(), told)
    return Unreachable(f"{error.code().name}: {message}", error.code())


def told_in(trailer: str | bytes | None) -> Told | None:
    """What grpc-status-details-bin says; None where it does not read, because anybody between us and the gateway may have written it."""
    try:
        return _read(status_pb2.Status.FromString(trailer).details) if isinstance(trailer, bytes) else None
    except (DecodeError, ValueError, OverflowError):
        return None


def _read(packed: Sequence[Any]) -> Told | None:
    info, chinese, retry, bad = details.ErrorInfo(), details.LocalizedMessage(), details.RetryInfo(), details.BadRequest()
    if not _unpack(packed, info):
        return None
    _unpack(packed, chinese)
    after = retry.retry_delay.ToTimedelta().total_seconds() if _unpack(packed, retry) else None
    _unpack(packed, bad)
    violations = tuple(Violation(each.field, each.description) for each in bad.field_violations)
    blame, exchange_id = info.metadata.get("blame", ""), info.metadata.get("exchange_id", "")
    return Told(info.reason, blame, exchange_id, chinese.message, violations, after)


def _unpack(packed: Iterable[Any], into: object) -> bool:
    return any(each.Unpack(into) for each in packed)
