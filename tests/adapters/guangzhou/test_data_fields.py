"""G1's object within a string, in both of its spellings."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.guangzhou.data_fields import read_data_fields
from gateway.model.refusal import Reason, Refusal

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("'\"\\/nu{}:, ", max_size=12)
FIELDS = st.dictionaries(TEXTS, TEXTS | st.integers(-(10**15), 10**15) | st.none(), min_size=1, max_size=6)


def single(value: str | int | None) -> str:
    """As the older program writes it: JSON, but between single quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    inside = json.dumps(value, ensure_ascii=False)[1:-1]
    return "'" + re.sub(r"\\.", lambda found: '"' if found.group() == '\\"' else found.group(), inside).replace("'", "\\'") + "'"


def older(fields: dict[str, str | int | None]) -> str:
    return "{" + ", ".join(f"{single(name)}: {single(value)}" for name, value in fields.items()) + "}"


@given(FIELDS)
def test_both_spellings_say_the_same(fields: dict[str, str | int | None]) -> None:
    assert read_data_fields(json.dumps(fields), "here") == fields
    assert read_data_fields(older(fields), "here") == fields


def test_quotation_marks_within() -> None:
    assert read_data_fields(r"""{'JYFW':'食品"零食"销售','A':'it\'s','B':null,'C':3}""", "here") == {
        "JYFW": '食品"零食"销售',
        "A": "it's",
        "B": None,
        "C": 3,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'",
        "{'a",
        "{'a':'b",
        "{'a':\"b\"}",
        "{'a':'b'} '",
        "{'a':'b','a':'c'}",
        "{'a':{'b':'c'}}",
        '{"a":[1]}',
        "['a']",
        r"{'a':'\x'}",
        "{'a':'b\n'}",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_data_fields(text, "here")
    assert caught.value.reason is Reason.CITY_ANSWER_INVALID


@pytest.mark.parametrize(
    "text", ["{'" + "a" * 1_000_000, "{'" + "\\'" * 500_000, "{'a':'b'" * 100_000, "{" + " " * 1_000_000 + "'"]
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    with pytest.raises(Refusal):
        read_data_fields(text, "here")


@given(st.text("{}[]'\"\\:,a1 \n", max_size=40))
def test_fields_or_a_refusal(text: str) -> None:
    refusal = None
    try:
        assert isinstance(read_data_fields(text, "here"), dict)
    except Refusal as caught:
        refusal = caught
    assert refusal is None or refusal.reason is Reason.CITY_ANSWER_INVALID
