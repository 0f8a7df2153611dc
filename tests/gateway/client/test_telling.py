"""A paper as rows for a terminal: what was disclosed stands there, and nothing that was not."""

from types import MappingProxyType

import pytest

from gateway.client.answer import Paper
from gateway.client.telling import rows, text_of
from gateway.model.evidence import Coded, EvidenceHolder, Holders, Period, Rows, Value


def paper(**parts: object) -> Paper:
    empty: dict[str, object] = dict.fromkeys(
        ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to", "status"), ""
    )
    return Paper(type="t", name="n", **{**empty, "holders": (), "fields": MappingProxyType({}), **parts})  # type: ignore[arg-type]


def test_a_part_that_was_not_disclosed_has_no_row() -> None:
    assert list(rows(paper())) == []
    assert list(rows(paper(number="7", status="VALID"))) == [("number", "7"), ("status", "VALID")]


def test_holders_fields_and_findings_have_rows() -> None:
    holders = (EvidenceHolder("甲", "111", "x", "MALE"), EvidenceHolder("乙", "", "y"))
    fields: dict[str, Value] = {"employer": "丙", "months_paid": 0}
    told = list(rows(paper(holders=holders, fields=fields, findings=(("UNKNOWN_DIVISION", "holders"),))))
    assert told == [
        ("holder", "甲 111 x MALE"),
        ("holder", "乙 y"),
        ("employer", "丙"),
        ("months_paid", "0"),
        ("finding", "UNKNOWN_DIVISION on holders"),
    ]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (8, 8), (9, 8), (400, 8)])
def test_a_table_has_a_head_and_a_long_one_is_cut_and_says_so(count: int, shown: int) -> None:
    table = Rows(tuple({"month": f"2024-{place}", "kind": Coded("PENSION", "110")} for place in range(count)))
    ((_, text),) = rows(paper(fields={"payments": table}))
    head, *rest = text.splitlines() or [""]
    assert head.split() == (["month", "kind"] if count else [])
    assert [each.split() for each in rest[:shown]] == [[f"2024-{place}", "PENSION"] for place in range(shown)]
    assert rest[shown:] == ([f"... and {count - shown} more; -o json shows all"] if count > shown else [])


def test_columns_stand_under_each_other_whatever_the_script_and_whatever_is_missing() -> None:
    table = Rows(({"place": "越秀区", "area": "89.50"}, {"place": "a"}, {"area": "7"}))
    ((_, text),) = rows(paper(fields={"homes": table}))
    assert text == "place   area\n越秀区  89.50\na\n        7"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Coded("ACTIVE", "1"), "ACTIVE (1)"),
        (Period("2024-01-01", "2025-01-01"), "2024-01-01 to 2025-01-01"),
        (Period("2024-01-01"), "2024-01-01 to no end"),
        (Rows(({}, {})), "2 rows"),
        (Holders((EvidenceHolder("甲", "111", "x"),)), "1 holders"),
        (41, "41"),
        ("甲", "甲"),
    ],
)
def test_a_value_in_one_line(value: Value, text: str) -> None:
    assert text_of(value) == text
