"""Claims and values meet in one form: what means the same matches, what does not does not, and the order of papers plays no part."""

from itertools import permutations
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.claiming import canonical, claimable, judged
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Holders, Period, Value, Verdict
from gateway.model.query import Claimed
from tests.gateway.stages.builders import KIND, NAME, NUMBER

MATCH, MISMATCH, NO_RECORD = Verdict.MATCH, Verdict.MISMATCH, Verdict.NO_RECORD
HOLDERS = Holders((EvidenceHolder("买买提·吐尔逊", "111", NUMBER), EvidenceHolder(NAME, "111", NUMBER)))


def paper(**values: Value) -> Evidence:
    return Evidence(KIND, MappingProxyType(values))


def claim(field: str, kind: str, text: str) -> Claimed:
    value = canonical(kind, text)
    assert value is not None
    return Claimed(field, kind, value)


@pytest.mark.parametrize(
    ("kind", "text", "value", "verdict"),
    [
        ("text", "  ＡＢ公司  1 号 ", "AB公司 1 号", MATCH),
        ("text", "AB公司1号", "AB公司 1 号", MISMATCH),
        ("text", "ab公司", "AB公司", MISMATCH),
        ("integer", "041", 41, MATCH),
        ("integer", "42", 41, MISMATCH),
        ("money", "5284.5", "5284.50", MATCH),
        ("money", "-0", "0.00", MATCH),
        ("money", "5284.51", "5284.50", MISMATCH),
        ("decimal", "88.600", "88.60", MATCH),
        ("decimal", "100", "100", MATCH),
        ("date", "2030-05-01", "2030-05-01", MATCH),
        ("month", "2030-04", "2030-05", MISMATCH),
        ("coded", "VALID", Coded("VALID", "1"), MATCH),
        ("coded", "REVOKED", Coded("VALID", "REVOKED"), MISMATCH),
        ("period", "2026-01-01/", Period("2026-01-01"), MATCH),
        ("period", "2026-01-01/2026-12-31", Period("2026-01-01"), MISMATCH),
        ("text", "买买提.吐尔逊", HOLDERS, MATCH),
        ("text", "测 试甲", HOLDERS, MATCH),
        ("text", "测试", HOLDERS, MISMATCH),
        ("text", "·", Holders((EvidenceHolder("", "", ""),)), MISMATCH),
    ],
)
def test_what_means_the_same_matches(kind: str, text: str, value: Value, verdict: Verdict) -> None:
    assert judged([paper(field=value)], [claim("field", kind, text)]) == (("field", verdict),)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text", ""), ("text", " "), ("text", "a\x00b"), ("text", "x" * 2001), ("integer", "4.0"), ("integer", "٣"),
        ("money", "1.234"), ("money", "1e3"), ("money", "NaN"), ("decimal", "1.1234567"), ("date", "20300501"), ("date", "2030-02-30"),
        ("month", "2030-13"), ("coded", ""), ("period", "2026-01-01"), ("period", "/2026-01-01"), ("period", "2026-01-01/x"),
    ],
)  # fmt: skip
def test_what_has_no_canonical_form_is_no_claim(kind: str, text: str) -> None:
    assert canonical(kind, text) is None


@given(st.sampled_from(["text", "integer", "money", "decimal", "date", "month", "coded", "period"]), st.text(max_size=20))
def test_a_canonical_form_is_its_own(kind: str, text: str) -> None:
    made = canonical(kind, text)
    assert made is None or canonical(kind, made) == made


def test_without_paper_or_item_there_is_no_record() -> None:
    claims = [claim("number", "text", "1"), claim("remark", "text", "2")]
    assert judged([], claims) == (("number", NO_RECORD), ("remark", NO_RECORD))
    assert judged([paper(number="1")], claims) == (("number", MATCH), ("remark", NO_RECORD))


def test_what_the_city_compared_is_not_compared_again() -> None:
    said = Evidence(KIND, MappingProxyType({}), verdicts=MappingProxyType({"number": MISMATCH}))
    assert judged([said], [claim("number", "text", "1")]) == (("number", MISMATCH),)


def test_all_verdicts_are_of_one_paper() -> None:
    claims = [claim("number", "text", "1"), claim("employer", "text", "b")]
    assert judged([paper(number="1", employer="a"), paper(number="2", employer="b")], claims)[1] == ("employer", MISMATCH)


VALUES = st.fixed_dictionaries({}, optional={name: st.sampled_from(["a", "b"]) for name in ("number", "issuer", "employer")})


@given(st.lists(VALUES, max_size=3))
def test_the_order_of_the_papers_plays_no_part(given_papers: list[dict[str, Value]]) -> None:
    claims = [claim(name, "text", "a") for name in ("number", "issuer", "employer")]
    found = {judged(order, claims) for order in permutations([paper(**each) for each in given_papers])}
    assert len(found) == 1


def test_rows_cannot_be_claimed_and_a_holder_is_a_text() -> None:
    kinds = {name: claimable(field) for name, field in KIND.fields.items()}
    assert (kinds["payments"], kinds["holders"], kinds["capital"]) == ("", "text", "money")
