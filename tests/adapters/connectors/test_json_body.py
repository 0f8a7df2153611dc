"""Strict JSON: what is refused, what is kept exact."""

import json
import re
from typing import Never

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from adapters.connectors.json_body import expect, member, objects, read_json, read_json_text, read_object, write_json
from gateway.model.refusal import Reason, Refusal

LEAVES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), below, max_size=3)
)


def refused(body: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        read_json(body, "here")
    assert caught.value.reason is Reason.CITY_ANSWER_INVALID
    return caught.value.detail


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "strict JSON"),
        (b'{"a":1', "strict JSON"),
        (b'{"a":1}x', "strict JSON"),
        (b"{} {}", "strict JSON"),
        (b"\x0b{}", "strict JSON"),
        ("{}\u00a0".encode(), "strict JSON"),
        (b'{"a":1,"a":1}', "strict JSON"),
        (b'{"b":{"a":1,"a":2}}', "strict JSON"),
        (b"{'a':1}", "strict JSON"),
        (b"[NaN]", "strict JSON"),
        (b"[-Infinity]", "strict JSON"),
        (b"[1e999999999999999999999]", "strict JSON"),
        (b"[1e999]", "strict JSON"),
        (b"[" + b"9" * 5000 + b"]", "strict JSON"),
        (b'["\\ud800"]', "strict JSON"),
        (b"\xef\xbb\xbf{}", "strict JSON"),
        ("{}".encode("utf-16"), "UTF-8"),
        ('{"名":"何"}'.encode("gb18030"), "UTF-8"),
        (b'["\xed\xa0\x80"]', "UTF-8"),
        (b"[" * 33 + b"]" * 33, "too deep"),
        (b"[" * 200_000, "strict JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too deep"),
    ],
)
def test_refused(body: bytes, rule: str) -> None:
    assert rule in refused(body)


MANY = '{"a:b":1.5},' * 40
"""Objects enough for a text to be looked at as a whole."""


@pytest.mark.parametrize(
    "last", ['{"a":1,"a":1.5}', '{"a":":","a":":"}', '{"a":1,"\\u0061":2}', '{"b":{"c":[{"a":{},"a":0}]}}', '{"a:":1,"a:":1}']
)
def test_a_name_twice_is_refused_however_much_stands_before_it(last: str) -> None:
    assert "strict JSON" in refused(f"[{MANY}{last}]".encode())


@pytest.mark.parametrize("last", ["[" * 32 + "]" * 32, '{"a":' * 31 + "1" + "}" * 31, "[" * 300 + "]" * 300])
def test_depth_is_bounded_however_wide(last: str) -> None:
    assert "too deep" in refused(f"[{MANY}{last}]".encode())


@given(st.lists(VALUES, max_size=4), st.sampled_from(["", " ", "\n"]))
def test_of_many_objects_each_is_as_it_was_written(values: list[object], space: str) -> None:
    rows = [*values, 2**70, 'a\\:"b']
    text = f"[{MANY}{space}{json.dumps(rows, ensure_ascii=False)[1:]}"
    assert read_json_text(text, "here") == [{"a:b": "1.5"}] * 40 + rows


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def never(constant: str) -> Never:
    raise AssertionError(constant)


ELSEWHERE = json.JSONDecoder(object_pairs_hook=unique, parse_float=str, parse_constant=never)
"""The standard library's, as strict."""
PIECES = st.sampled_from([*'{}[]:,"\\ \t\x0b\x0009.-+eEufn/', '"a":', "\\u0061", "0.5", "-0", "NaN", "null", "\ufeff", "何"])


@given(VALUES, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), PIECES), max_size=3), st.booleans())
@example({"a": 1}, [(0.99, 0, ',"a":2')], True)
def test_it_reads_what_the_standard_library_reads_and_nothing_else(
    value: object,
    changes: list[tuple[float, int, str]],
    ascii_only: bool,  # noqa: FBT001
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    for where, gone, put in changes:
        at = round(where * len(text))
        text = text[:at] + put + text[at + gone :]
    assume(not re.search("[0-9][eE]", text))  # a power is written out, or too large
    try:
        told, end = ELSEWHERE.raw_decode(text.strip(" \t\r\n"))
        json.dumps(told, ensure_ascii=False).encode()
        sound = end == len(text.strip(" \t\r\n"))
    except (ValueError, AssertionError):
        sound = False
    if sound:
        assert read_json_text(text, "here") == told
    else:
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            read_json_text(text, "here")


def test_wide_is_not_deep() -> None:
    assert read_json(b"[" + b"[]," * 1000 + b"[]]", "here") == [[]] * 1001


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6120.5", "6120.5"),
        ("0.10", "0.10"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("0.1e1", "1"),
        ("-7", -7),
        ("0.30000000000000004", "0.30000000000000004"),
    ],
)
def test_no_number_goes_through_a_float(text: str, value: object) -> None:
    assert read_json_text(text, "here") == value


def test_blanks_around_it_are_nothing() -> None:
    assert read_json(b" \t\r\n{} \t\r\n", "here") == {}


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_json(b'"\\ud83d\\ude00 \\u4f55"', "here") == "😀 何"


@given(VALUES)
def test_out_then_in_is_the_identity(value: object) -> None:
    assert read_json(write_json(value), "here") == value


@given(st.binary(max_size=64) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_a_value_or_a_refusal(body: bytes) -> None:
    refusal = None
    try:
        write_json(read_json(body, "here"))
    except Refusal as caught:
        refusal = caught
    assert refusal is None or (refusal.reason is Reason.CITY_ANSWER_INVALID and refusal.__suppress_context__)


def test_written_compact_with_chinese_as_it_is() -> None:
    assert write_json({"名": "何㛃", "n": {"a": "1"}}) == '{"名":"何㛃","n":{"a":"1"}}'.encode()


@pytest.mark.parametrize(
    ("value", "kind"), [(True, int), ("1", int), (1, str), (None, str), ({}, list[object]), ([], dict[str, object])]
)
def test_kinds_are_exact(value: object, kind: type) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        expect(value, kind, "here")


def test_a_refusal_names_the_part_and_not_the_value() -> None:
    with pytest.raises(Refusal) as caught:
        member({"number": "440604189002140210"}, "number", int, "foshan.f2 data")
    assert caught.value.detail == "foshan.f2 data number: is missing or no integer"


def test_objects_only() -> None:
    assert objects([{"a": 1}], "here") == ({"a": 1},)
    with pytest.raises(Refusal):
        objects([{}, []], "here")
    with pytest.raises(Refusal):
        read_object(b"[]", "here")
