"""Only permitted fields leave, with what is odd about them; a smaller permit never discloses more."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.evidence import Evidence, Finding, FindingCode
from gateway.model.exchange import Result
from gateway.model.query import Claimed
from gateway.stages.disclose import disclose
from tests.gateway.stages.builders import KIND, permit, query

NAMES = sorted(KIND.fields)
FINDINGS = (
    Finding(FindingCode.IDENTIFIER_CHECK_FAILED, "identifier"),
    Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),
    Finding(FindingCode.UNKNOWN_DIVISION, "holders"),
)
FIELDS = st.frozensets(st.sampled_from(NAMES))
EVIDENCE = st.lists(
    st.builds(
        Evidence,
        st.just(KIND),
        st.dictionaries(st.sampled_from(NAMES), st.text(max_size=3)).map(MappingProxyType),
        st.lists(st.sampled_from(FINDINGS), unique=True).map(tuple),
    ),
    max_size=3,
).map(tuple)


@given(EVIDENCE, FIELDS)
def test_what_leaves_is_what_is_there_and_permitted(evidence: tuple[Evidence, ...], fields: frozenset[str]) -> None:
    shown = disclose(evidence, permit(fields=fields))
    assert len(shown.evidence) == len(evidence)
    for told, whole in zip(shown.evidence, evidence, strict=True):
        assert told.type is whole.type
        assert dict(told.values) == {name: value for name, value in whole.values.items() if name in fields}
        assert told.findings == tuple(each for each in whole.findings if each.field in fields)


@given(EVIDENCE, FIELDS, FIELDS)
def test_a_smaller_permit_never_discloses_more(
    evidence: tuple[Evidence, ...], fields: frozenset[str], other: frozenset[str]
) -> None:
    less, more = disclose(evidence, permit(fields=fields & other)), disclose(evidence, permit(fields=fields))
    assert set(less.fields) <= set(more.fields)
    for few, many in zip(less.evidence, more.evidence, strict=True):
        assert few.values.items() <= many.values.items()
        assert set(few.findings) <= set(many.findings)


@given(EVIDENCE, FIELDS)
def test_the_fields_that_left_are_told_once_and_in_order(evidence: tuple[Evidence, ...], fields: frozenset[str]) -> None:
    shown = disclose(evidence, permit(fields=fields))
    assert shown.fields == tuple(sorted({name for each in shown.evidence for name in each.values}))


@pytest.mark.parametrize("fields", [frozenset(), frozenset({"number"})])
def test_findings_leave_with_their_field_only(fields: frozenset[str]) -> None:
    found = Evidence(KIND, {"number": "1", "identifier": "2", "holders": "3"}, FINDINGS)
    assert disclose((found,), permit(fields=fields)).evidence[0].findings == ()
    assert disclose((found,), permit(fields=frozenset({"holders"}))).evidence[0].findings == FINDINGS[1:]


def test_no_record_discloses_nothing_but_itself() -> None:
    shown = disclose((), permit())
    assert (shown.evidence, shown.fields) == ((), ())


def test_a_disclosure_does_not_show_itself() -> None:
    found = Evidence(KIND, {"number": "canary"})
    assert "canary" not in repr(disclose((found,), permit()))


@given(EVIDENCE)
def test_of_claims_nothing_leaves_but_a_verdict_on_each(evidence: tuple[Evidence, ...]) -> None:
    claims = (Claimed("number", "text", "1"), Claimed("employer", "text", "2"))
    shown = disclose(evidence, permit(query(claims=claims), fields=frozenset({"number", "employer"})))
    assert (shown.evidence, shown.fields, shown.result) == ((), ("employer", "number"), Result.VERIFIED)
    assert [field for field, _ in shown.verdicts] == ["number", "employer"]
    assert "verdicts" not in repr(shown)
