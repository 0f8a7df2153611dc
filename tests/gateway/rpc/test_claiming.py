"""Claims as they come in: read into one form, and whatever is at fault told without the value."""

import pytest

from gateway.model.query import Claimed, Query
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc import reading
from gateway.rpc.claiming import MOST
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.rpc.house import verify_request
from tests.gateway.stages.builders import NOW

SECRET = "canary-5284"


def read(*claims: pb.Claim) -> Query | Refusal:
    return reading.verification(verify_request(*claims), NOW)


def test_claims_are_read_in_canonical_form() -> None:
    asked = read(
        pb.Claim(field="capital", value=pb.Value(money="1205000")),
        pb.Claim(field="status", value=pb.Value(coded=pb.CodedValue(code="VALID", text="ignored"))),
        pb.Claim(field="cover", value=pb.Value(period=pb.Period(first="2026-01-01"))),
        pb.Claim(field="months_paid", value=pb.Value(integer=41)),
    )
    assert isinstance(asked, Query)
    assert asked.claims == (
        Claimed("capital", "money", "1205000.00"),
        Claimed("status", "coded", "VALID"),
        Claimed("cover", "period", "2026-01-01/"),
        Claimed("months_paid", "integer", "41"),
    )
    assert SECRET not in repr(Claimed("capital", "money", SECRET))


ONE = pb.Claim(field="number", value=pb.Value(text="1"))


@pytest.mark.parametrize(
    ("claims", "field"),
    [
        ((), "claims"),
        (tuple(pb.Claim(field=f"f{n}", value=pb.Value(text="1")) for n in range(17)), "claims"),
        ((ONE, pb.Claim(field="number", value=pb.Value(text="2"))), "claims"),
        ((ONE, pb.Claim(field="capital", value=pb.Value(money=SECRET))), "claims[1]"),
        ((pb.Claim(field="capital"),), "claims[0]"),
        ((pb.Claim(field="payments", value=pb.Value(rows=pb.Rows())),), "claims[0]"),
        ((pb.Claim(field=f"x {SECRET}", value=pb.Value(text="1")),), "claims[0]"),
    ],
)
def test_what_is_at_fault_is_told(claims: tuple[pb.Claim, ...], field: str) -> None:
    refusal = read(*claims)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, [each.field for each in refusal.violations]) == (Reason.INVALID_REQUEST, [field])
    assert SECRET not in f"{refusal.detail} {refusal.violations}"


def test_too_many_are_not_read_one_by_one() -> None:
    refusal = read(*[pb.Claim(field=SECRET)] * (MOST + 1))
    assert isinstance(refusal, Refusal)
    assert refusal.violations == (Violation("claims", "1 to 16"),)
