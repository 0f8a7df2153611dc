"""Any gRPC error becomes one typed failure, whatever stands in its trailer."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2
from grpc.aio import AioRpcError, Metadata
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client.failure import QueryRefused, Unreachable, of
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc.status import WORDINGS, worded

TRAILER = "grpc-status-details-bin"
CODES = [each for each in grpc.StatusCode if each is not grpc.StatusCode.OK]
fast = settings(deadline=None, database=None)
kinds = st.sampled_from(["ErrorInfo", "RetryInfo", "BadRequest", "LocalizedMessage", "Help"])


def error(trailer: bytes | None, code: grpc.StatusCode = grpc.StatusCode.INTERNAL) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(*([(TRAILER, trailer)] if trailer is not None else [])), "said")


@pytest.mark.parametrize("reason", Reason, ids=lambda each: each.name)
def test_what_the_gateway_words_the_client_reads(reason: Reason) -> None:
    violations = (Violation("holder.name", "is required"), Violation("", "甲"))
    status = worded(Refusal(reason, "detail", violations=violations), "exchange-7")
    got = of(error(status.SerializeToString(), WORDINGS[reason].code))
    assert isinstance(got, QueryRefused)
    assert (got.reason, got.blame, got.code) == (reason.name, reason.blame.value, WORDINGS[reason].code)
    assert (got.told.exchange_id, got.told.message_zh, got.told.violations) == ("exchange-7", WORDINGS[reason].zh, violations)
    assert got.told.retry_after == (WORDINGS[reason].after or None)


@fast
@given(st.one_of(st.none(), st.binary(max_size=80)), st.sampled_from(CODES))
def test_any_trailer_is_a_failure_and_no_crash(trailer: bytes | None, code: grpc.StatusCode) -> None:
    got = of(error(trailer, code))
    assert isinstance(got, QueryRefused | Unreachable)
    assert got.code is code
    assert "said" in got.message


@fast
@given(st.lists(st.tuples(kinds, st.binary(max_size=30)), max_size=5))
def test_any_details_are_a_failure_and_no_crash(parts: list[tuple[str, bytes]]) -> None:
    packed = [Any(type_url=f"type.googleapis.com/google.rpc.{kind}", value=body) for kind, body in parts]
    got = of(error(status_pb2.Status(details=packed).SerializeToString()))
    assert isinstance(got, QueryRefused | Unreachable)


@fast
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_delay_is_a_number_or_a_failure_that_does_not_read(seconds: int, nanos: int) -> None:
    retry = details.RetryInfo()
    retry.retry_delay.seconds, retry.retry_delay.nanos = seconds, nanos
    status = worded(Refusal(Reason.INTERNAL, ""), "x")
    status.details.add().Pack(retry)
    got = of(error(status.SerializeToString()))
    assert isinstance(got, Unreachable) or isinstance(got.told.retry_after, float)  # type: ignore[attr-defined]


def test_details_without_an_error_info_are_somebody_elses() -> None:
    status = status_pb2.Status(code=14, message="proxy")
    status.details.add().Pack(details.RetryInfo())
    assert isinstance(of(error(status.SerializeToString())), Unreachable)


def test_a_failure_tells_its_code_where_the_gateway_said_nothing() -> None:
    got = of(AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), None))
    assert isinstance(got, Unreachable)
    assert got.message == "UNAVAILABLE: UNAVAILABLE"
