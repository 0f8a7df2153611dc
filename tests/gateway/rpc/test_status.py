"""What a caller is told of each refusal: one table, whole, in step with the contract, and silent about what happened inside."""

import re

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.refusal import Blame, Reason, Refusal, Violation
from gateway.rpc.pb.v1 import reason_pb2
from gateway.rpc.status import DOMAIN, WORDINGS, Retry, worded

MARK = "ζ"
EACH = pytest.mark.parametrize("reason", Reason, ids=lambda each: each.name)
CODES = {each.value[0]: each for each in grpc.StatusCode}
BLAMES = {
    Blame.CALLER: {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.NOT_FOUND},
    Blame.POLICY: {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.RESOURCE_EXHAUSTED},
    Blame.COUNTERPARTY: {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNKNOWN,
    },
    Blame.OURS: {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL},
}


def unpacked(status: status_pb2.Status) -> dict[str, Message]:
    """The details by the name of their type; each type at most once."""
    found: dict[str, Message] = {}
    for each in status.details:
        kind = each.type_url.rpartition(".")[2]
        assert kind not in found
        message: Message = getattr(details, kind)()
        assert each.Unpack(message)
        found[kind] = message
    return found


def test_the_contract_and_the_model_name_the_same_reasons_with_the_same_numbers() -> None:
    ours = {f"REASON_{each.name}": each.number for each in Reason} | {"REASON_UNSPECIFIED": 0}
    assert dict(reason_pb2.Reason.items()) == ours


def test_no_number_stands_for_two_reasons() -> None:
    assert len({each.number for each in Reason}) == len(Reason)


def test_each_reason_has_one_row_and_no_row_is_without_a_reason() -> None:
    assert WORDINGS.keys() == set(Reason)


def test_no_two_reasons_are_told_alike() -> None:
    for part in ("cause", "zh"):
        assert len({getattr(each, part) for each in WORDINGS.values()}) == len(Reason)


@EACH
def test_a_row_says_what_it_is_and_what_to_do(reason: Reason) -> None:
    row = WORDINGS[reason]
    assert row.code in BLAMES[reason.blame]
    assert len(row.cause) > 10
    assert len(row.mend) > 10
    assert re.search(r"[\u4e00-\u9fff]{4}", row.zh)
    assert (row.after > 0) == (row.retry is not Retry.NEVER)


@EACH
def test_the_status_says_reason_blame_and_exchange(reason: Reason) -> None:
    status = worded(Refusal(reason, f"detail {MARK}", city_status=f"status {MARK}"), "exchange-7")
    found = unpacked(status)
    row = WORDINGS[reason]
    assert CODES[status.code] is row.code is not grpc.StatusCode.OK
    assert status.message == f"{row.cause}: {row.mend}"
    assert status.message.isascii(), "grpc percent-encodes the rest"
    assert found["ErrorInfo"] == details.ErrorInfo(
        reason=reason.name, domain=DOMAIN, metadata={"blame": reason.blame.value, "exchange_id": "exchange-7"}
    )
    assert found["LocalizedMessage"] == details.LocalizedMessage(locale="zh-CN", message=row.zh)
    assert MARK not in str(status) + str(found)
    assert MARK.encode() not in status.SerializeToString()


@EACH
def test_a_retry_is_told_where_it_makes_sense_and_nowhere_else(reason: Reason) -> None:
    row = WORDINGS[reason]
    found = unpacked(worded(Refusal(reason, ""), "x")).get("RetryInfo")
    if row.retry is Retry.NEVER:
        assert found is None
    else:
        assert isinstance(found, details.RetryInfo)
        assert found.retry_delay.ToTimedelta().total_seconds() == row.after


def test_nothing_that_the_city_may_have_done_is_asked_again_under_the_same_id() -> None:
    """The same id is safe only where nothing was asked; a city that failed, or an outcome that is not recorded, may have been."""
    same = {each for each in Reason if WORDINGS[each].retry is Retry.SAME_ID}
    assert same == {Reason.QUOTA_EXCEEDED, Reason.OVERLOADED, Reason.SHUTTING_DOWN}


def test_no_answer_of_a_city_reads_as_no_record() -> None:
    for reason in (Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT, Reason.CITY_REFUSED, Reason.CITY_ANSWER_INVALID):
        assert "not NO_RECORD" in f"{WORDINGS[reason].cause} {WORDINGS[reason].mend}"
        assert "不代表没有记录" in WORDINGS[reason].zh


@settings(max_examples=60, deadline=None, database=None)
@given(st.sampled_from(Reason), st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_violations_arrive_and_nothing_else_of_the_refusal(reason: Reason, text: str, faults: list[tuple[str, str]]) -> None:
    violations = tuple(Violation(*each) for each in faults)
    one = worded(Refusal(reason, text, violations=violations, city_status=text), "x")
    assert one == worded(Refusal(reason, "", violations=violations), "x")
    bad = unpacked(one).get("BadRequest")
    if not violations:
        assert bad is None
    else:
        assert isinstance(bad, details.BadRequest)
        assert [(each.field, each.description) for each in bad.field_violations] == faults
