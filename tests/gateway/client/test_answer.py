"""An answer of a newer gateway is read as far as it is known, and no guess is made at the rest.

What is written and read of every kind of value, tests/gateway/rpc/test_writing.py tries over the wire.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client import ClientFailure, Outcome
from gateway.client.answer import Answer, named, read
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.stages import builders

ASKED = builders.query()
numbers = st.integers(-(2**31), 2**31 - 1)


@settings(deadline=None, database=None)
@given(numbers, numbers, st.binary(max_size=6))
def test_a_status_or_finding_of_tomorrow_stands_as_its_number(status: int, finding: int, value: bytes) -> None:
    paper = pb.Evidence(status=status, findings=[pb.Finding(code=finding, field="x")])  # type: ignore[arg-type]
    paper.fields["newer"].MergeFromString(b"\x9a\x06" + bytes([len(value)]) + value)
    got = read(pb.QueryResponse(outcome=pb.OUTCOME_ISSUED, evidence=[paper]), ASKED).evidence[0]
    known = {each.number for each in pb.EvidenceStatus.DESCRIPTOR.values}
    assert got.status == str(status) if status not in known else not got.status.isdigit()
    assert got.findings[0][0] == named(pb.FindingCode.DESCRIPTOR, finding)
    assert got.fields["newer"] == ""


@pytest.mark.parametrize("number", [0, 4, 99, -1])
def test_an_unknown_outcome_is_a_failure_and_never_no_record(number: int) -> None:
    with pytest.raises(ClientFailure, match="install a newer client"):
        read(pb.QueryResponse(outcome=number), ASKED)  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_of_the_contract_is_known(outcome: Outcome) -> None:
    assert read(pb.QueryResponse(outcome=pb.Outcome.Value(f"OUTCOME_{outcome.value}")), ASKED).outcome is outcome
    assert len(Outcome) == len(pb.Outcome.items()) - 1


def test_an_empty_response_has_all_its_parts() -> None:
    got = read(pb.QueryResponse(outcome=pb.OUTCOME_NO_RECORD, evidence=[pb.Evidence()]), ASKED)
    assert isinstance(got, Answer)
    assert (got.evidence[0].status, got.evidence[0].holders, dict(got.evidence[0].fields)) == ("", (), {})
    assert got.provenance.request_in.year == 1970
    assert (got.receipt.leaf_hash, got.receipt.leaf, got.receipt.proof, got.receipt.binding_key) == (b"", b"", "", b"")


def test_the_question_is_kept_with_the_answer_and_not_shown() -> None:
    # 15 digits: the example of GB 11643 itself.
    short = replace(ASKED.holder, id_number="110105491231002")
    got = read(pb.QueryResponse(outcome=pb.OUTCOME_NO_RECORD), replace(ASKED, holder=short, request_id=ASKED.request_id.upper()))
    assert (got.question.request_id, len(got.question.holder.id_number)) == (ASKED.request_id, 18)
    assert not any(each in repr(got) for each in (got.question.holder.id_number, short.id_number, short.name))


def test_names_lose_what_they_share() -> None:
    assert named(pb.Outcome.DESCRIPTOR, pb.OUTCOME_NO_RECORD) == "NO_RECORD"
    assert named(directory_pb.ValueKind.DESCRIPTOR, directory_pb.VALUE_KIND_MONTH_RANGE) == "MONTH_RANGE"
    assert named(pb.FindingCode.DESCRIPTOR, 77) == "77"
