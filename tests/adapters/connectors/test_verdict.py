"""What a city's codes mean; above all that an unknown one never means 'no such record'."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.verdict import CodeTable, Meaning, TokenExpiredError, spelled
from gateway.model.refusal import Blame, Reason, Refusal
from tests.certs.faulty import CREDIT_CODE
from tests.gateway.stages.builders import NUMBER

WORDS = CodeTable(
    str,
    {
        "0": Meaning.OK,
        "10": Meaning.NO_RECORD,
        "11": Meaning.REFUSED,
        "50": Meaning.UNAVAILABLE,
        "60": Meaning.EXPIRED_TOKEN,
        "70": Meaning.INVALID,
    },
)
NUMBERS_OF_SOMEBODY = (NUMBER, f"0.{NUMBER}", int(NUMBER[:17]), "13900000000", "E00000000", "H00000000", CREDIT_CODE)
NUMBERS = CodeTable(int, {0: Meaning.OK, 1: Meaning.NO_RECORD})
ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())


def test_meanings() -> None:
    assert WORDS.judge("0", "here") is Meaning.OK
    assert WORDS.judge("10", "here") is Meaning.NO_RECORD
    assert NUMBERS.judge(1, "here") is Meaning.NO_RECORD


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        ("11", Reason.CITY_REFUSED, Refusal),
        ("50", Reason.CITY_UNAVAILABLE, Refusal),
        ("60", Reason.CITY_REFUSED, TokenExpiredError),
        ("70", Reason.CITY_ANSWER_INVALID, Refusal),
    ],
)
def test_refusing_codes(code: str, reason: Reason, kind: type[Refusal]) -> None:
    with pytest.raises(Refusal) as caught:
        WORDS.judge(code, "here")
    assert (caught.value.reason, type(caught.value), caught.value.city_status) == (reason, kind, code)
    assert caught.value.blame is Blame.COUNTERPARTY


@given(ANYTHING.filter(lambda code: not (isinstance(code, str) and code in WORDS.meanings)))
def test_a_code_in_no_table_is_never_an_answer(code: object) -> None:
    with pytest.raises(Refusal) as caught:
        WORDS.judge(code, "here")
    assert caught.value.reason is Reason.CITY_ANSWER_INVALID


@pytest.mark.parametrize("code", ["0", "1", True, False, 1.0])
def test_a_code_of_another_type_is_another_code(code: object) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        NUMBERS.judge(code, "here")


@given(ANYTHING)
def test_what_does_not_look_like_a_code_is_not_told(code: object) -> None:
    text = spelled(code)
    assert text == "_other" or (text == str(code) and len(text) <= 32 and text.isascii() and " " not in text)


@pytest.mark.parametrize("code", ["", "何", "4004\n", "a b", "x" * 33, None, True, ["1"]])
def test_no_code(code: object) -> None:
    assert spelled(code) == "_other"


def test_a_number_of_somebody_s_is_no_code() -> None:
    assert {spelled(each) for each in NUMBERS_OF_SOMEBODY} == {"_other"}
