"""How an opened answer is read: levels, emptiness, counts, echoes, and what is opened within a record."""

import json
from typing import Any

import pytest

from gateway.model.refusal import Refusal
from tests.adapters.configured.described import STAMP, compiled, read

FILE = """\
interface: guangzhou.plain
family: token-rest
login:
  path: /login
  request: {parts: {account: {credential: account}}}
  levels: [{at: code, codes: {"0": ok}}]
  token: token
  life: {for: 1h}
answer: ANSWER
operations: {aidRecord: {path: /ask}}
"""
LEVELS = (
    'levels: [{at: s, codes: {"200": ok, "401": ours}}, {at: c, kind: number, codes: {"0": ok, "4": no-record, "5": ambiguous}}]'
)


def told(answer: str, **body: Any) -> Any:
    """The answer, or the reason of the refusal and the city's status."""
    dialect = compiled(FILE.replace("ANSWER", f"{{{LEVELS}, records: d.r, {answer}}}"))
    try:
        return read(dialect, json.dumps(body).encode())
    except Refusal as refusal:
        return refusal.reason.name, refusal.city_status


ROW = {"a": "1"}
INVALID = "CITY_ANSWER_INVALID"


@pytest.mark.parametrize(
    ("answer", "body", "status"),
    [
        ("", {"s": "200", "c": 0, "d": {"r": ROW}}, "200.0"),
        ("", {"s": "200", "c": 0, "d": {"r": [ROW]}}, "200.0"),
        ("count: n", {"s": "200", "c": 0, "d": {"r": [ROW]}, "n": 1}, "200.0"),
        ("count: n", {"s": "200", "c": 0, "d": {"r": [ROW]}, "n": "1"}, "200.0"),
        ("echo: {id: {from: nonce}}", {"s": "200", "c": 0, "d": {"r": ROW}, "id": STAMP.nonce}, "200.0"),
    ],
)
def test_a_record(answer: str, body: dict[str, Any], status: str) -> None:
    found = told(answer, **body)
    assert (found.status, found.records, found.no_record) == (status, (ROW,), False)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("", {"s": "200", "c": 4}),
        ("", {"s": "200", "c": 4, "d": {"r": []}}),
        ("count: n", {"s": "200", "c": 4, "d": None, "n": 0}),
        ("empty: no-record", {"s": "200", "c": 0, "d": {"r": []}}),
        ("empty: no-record, count: n", {"s": "200", "c": 0, "d": {"r": []}, "n": 0}),
    ],
)
def test_no_record_in_so_many_words(answer: str, body: dict[str, Any]) -> None:
    assert told(answer, **body).no_record


@pytest.mark.parametrize(
    ("answer", "body", "reason"),
    [
        ("", {}, (INVALID, "_other")),
        ("", {"s": "200"}, (INVALID, "200._other")),
        ("", {"s": "200", "c": "0", "d": {"r": ROW}}, (INVALID, "200.0")),
        ("", {"s": "200", "c": True, "d": {"r": ROW}}, (INVALID, "200._other")),
        ("", {"s": 200, "c": 0, "d": {"r": ROW}}, (INVALID, "200")),
        ("", {"s": "404", "c": 4}, (INVALID, "404")),
        ("", {"s": "401", "c": 4}, ("CITY_REFUSED", "401")),
        ("", {"s": "200", "c": 5}, ("HOLDER_AMBIGUOUS", "200.5")),
        ("", {"s": "200", "c": 4, "d": {"r": ROW}}, (INVALID, "200.4")),
        ("count: n", {"s": "200", "c": 4, "n": 1}, (INVALID, "200.4")),
        ("", {"s": "200", "c": 0, "d": {"r": []}}, (INVALID, "200.0")),
        ("", {"s": "200", "c": 0, "d": {"r": {}}}, (INVALID, "200.0")),
        ("empty: no-record", {"s": "200", "c": 0}, (INVALID, "200.0")),
        ("empty: no-record", {"s": "200", "c": 0, "d": {"r": None}}, (INVALID, "200.0")),
        ("empty: no-record", {"s": "200", "c": 0, "d": {"r": ""}}, (INVALID, "200.0")),
        ("empty: no-record, count: n", {"s": "200", "c": 0, "d": {"r": []}, "n": 3}, (INVALID, "200.0")),
        ("count: n", {"s": "200", "c": 0, "d": {"r": [ROW]}, "n": 151}, (INVALID, "200.0")),
        ("", {"s": "200", "c": 0, "d": {"r": [ROW, ROW]}}, ("HOLDER_AMBIGUOUS", "200.0")),
        ("several: true", {"s": "200", "c": 0, "d": {"r": [ROW, 1]}}, (INVALID, "")),
        ("echo: {id: {from: nonce}}", {"s": "200", "c": 4, "id": "another"}, (INVALID, "200.4")),
        ("moment: {at: t, form: seconds}", {"s": "200", "c": 4, "t": 1}, (INVALID, "200.4")),
        ("moment: {at: t, form: '%Y-%m-%d %H:%M:%S'}", {"s": "200", "c": 4, "t": "today"}, (INVALID, "")),
    ],
)
def test_what_is_no_answer(answer: str, body: dict[str, Any], reason: tuple[str, str]) -> None:
    assert told(answer, **body) == reason


def test_a_level_that_may_be_missing_is_passed_over_and_read_where_it_is_there() -> None:
    optional = LEVELS.replace('{at: s, codes: {"200": ok, "401": ours}}', '{at: e, optional: true, codes: {"9": later}}')
    text = FILE.replace("ANSWER", f"{{{optional}, records: d}}")
    assert read(compiled(text), json.dumps({"c": 0, "d": ROW}).encode()).status == "0"
    for code, reason in (("9", "CITY_UNAVAILABLE"), ("8", INVALID)):
        with pytest.raises(Refusal, match=reason):
            read(compiled(text), json.dumps({"e": code, "c": 4}).encode())


def test_what_is_opened_within_a_record() -> None:
    body = {"s": "200", "c": 0, "d": {"r": {"t": '{"b": [1]}', "l": "x", "m": "", "rows": [{"t": "[]"}, {}], "none": None}}}
    found = told("opened: [t, rows.t, none], lists: [l, m, missing]", **body)
    assert found.records == ({"t": {"b": [1]}, "l": ["x"], "m": [], "rows": [{"t": []}, {}], "none": None},)
    assert told("opened: [l]", **body) == (INVALID, "")
    assert told("encrypted: {l: {cipher: sm4-cbc, key: field_key}}", **body) == (INVALID, "")
