"""Generated answers through the reader of tables: a value or a refusal, and no false NO_RECORD."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from adapters.connectors.front_tables import Detail, FrontDialect, FrontTables
from adapters.connectors.verdict import CodeTable, Meaning
from gateway.model.city import CityRequest
from gateway.model.refusal import Refusal
from tests.adapters.hostile import answer_or_refusal, drawn
from tests.fuzzing import TIMES

DETAIL = Detail("rows", "detail", "ticket", "place", ("amount",), "rows_told")
TABLES = FrontTables(
    requests="asked",
    ticket="ticket",
    moment="at",
    moment_form="%Y%m%d%H%M%S",
    account="who",
    constants={"mark": "0"},
    asked=("number",),
    responses="answered",
    flag="flag",
    waiting=frozenset({"0"}),
    done=frozenset({"2"}),
    code="code",
    codes=CodeTable(str, {"00": Meaning.OK, "04": Meaning.NO_RECORD}),
    holder="number",
    columns=("number", "name"),
    details=(DETAIL,),
)
DIALECT = FrontDialect("city.tables", "me", {"proof": TABLES})
REQUEST = CityRequest("city.tables", "proof", {"number": "1"})
FINE = {"flag": "2", "code": "00", "number": "1", "name": None, "rows_told": 1}
NONE = {"flag": "2", "code": "04", "number": None, "name": None, "rows_told": None}
ROWS = [{"amount": Decimal("1.20")}]


def told(answers: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[list[tuple[Any, ...]]]:
    """As it is fetched: each row by the columns that were named, and its ticket."""
    return [
        [(*(each[name] for name in TABLES.told), "f" * 32) for each in answers],
        [(*each.values(), "f" * 32) for each in rows],
    ]


def test_a_question_is_one_row_and_the_moment_is_beijing_s() -> None:
    row = DIALECT.row(REQUEST, "f" * 32, datetime(2026, 11, 1, 20, 0, tzinfo=UTC))
    assert row == {"ticket": "f" * 32, "at": "20261102040000", "who": "me", "mark": "0", "number": "1"}


def test_an_answer_a_no_and_an_absent_value() -> None:
    answer = DIALECT.read(REQUEST, told([FINE], ROWS))
    assert (answer.status, answer.records) == ("00", ({"number": "1", "rows": [{"amount": "1.20"}]},))
    assert DIALECT.read(REQUEST, told([NONE], [])).no_record


@pytest.mark.parametrize(
    ("answers", "rows", "reason"),
    [
        ([NONE | {"name": "x"}], [], "CITY_ANSWER_INVALID"),
        ([NONE], ROWS, "CITY_ANSWER_INVALID"),
        ([FINE], [], "CITY_ANSWER_INVALID"),
        ([FINE, FINE], ROWS, "CITY_ANSWER_INVALID"),
        ([FINE, FINE | {"number": "2"}], ROWS, "HOLDER_AMBIGUOUS"),
        ([FINE | {"number": b"1"}], ROWS, "CITY_ANSWER_INVALID"),
        ([FINE | {"number": "x" * 70_000}], ROWS, "CITY_ANSWER_INVALID"),
        ([FINE | {"code": 0}], ROWS, "CITY_ANSWER_INVALID"),
        ([FINE], [{"amount": b"1"}], "CITY_ANSWER_INVALID"),
    ],
)
def test_an_answer_that_is_none(answers: list[dict[str, Any]], rows: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        DIALECT.read(REQUEST, told(answers, rows))


def test_nothing_there_is_no_answer_and_an_unknown_flag_is_a_refusal() -> None:
    assert not DIALECT.is_there(REQUEST, [[]])
    assert not DIALECT.is_there(REQUEST, told([FINE | {"flag": "0"}], []))
    assert DIALECT.is_there(REQUEST, told([FINE], []))
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        DIALECT.is_there(REQUEST, told([FINE | {"flag": None}], []))


def cell(lot: Random) -> object:
    """What a column may hold, and what it may not."""
    text = "".join(lot.choices("0149.-+eE \x00何㛃", k=lot.randrange(6)))
    numbers = (lot.randint(-9, 9), 2**63, 10**40, 0.1, -0.0, 1e300, math.inf, math.nan)
    return lot.choice((None, text, lot.choice(numbers), lot.randbytes(lot.randrange(4)), True, "00", "04"))


def answered(lot: Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A true answer of which some cells are others, or all of them; and rows, more or fewer than it says."""
    true, rows = lot.choice(((FINE, ROWS), (NONE, [])))
    changed = lot.sample(sorted(FINE), lot.randint(0, len(FINE)))
    more = [{"amount": cell(lot)} for _ in range(lot.choice((0, 0, 1, 2)))]
    return [true | {name: cell(lot) for name in changed}], [*rows, *more]


@settings(max_examples=150 * TIMES)
@given(drawn(answered))
def test_a_value_or_a_refusal(drawn: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    answers, rows = drawn
    found = answer_or_refusal(lambda: DIALECT.read(REQUEST, told(answers, rows)))
    assert isinstance(found, Refusal) or found.no_record == (answers[0]["code"] == "04")


def test_no_name_that_cannot_stand_in_a_statement() -> None:
    with pytest.raises(RuntimeError):
        replace(TABLES, requests="asked; DROP")
    with pytest.raises(RuntimeError):
        DIALECT.row(replace(REQUEST, values={"other": "1"}), "f" * 32, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(RuntimeError):
        DIALECT.of("other")
