"""The statements for many tickets, run by SQLite: whose rows they bring, how many, and in which pieces questions are put."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from adapters.connectors.database import Statement
from adapters.connectors.front_statements import MOST_VALUES, fetching, filing, looking, parted, turned
from adapters.connectors.front_tables import MOST_ROWS
from gateway.model.refusal import Refusal
from tests.adapters.connectors.test_front_tables import TABLES

TICKETS = tuple(f"{number:032x}" for number in range(6))


def run(database: sqlite3.Connection, statement: Statement) -> list[dict[str, Any]]:
    cursor = database.execute(statement.text, statement.values)
    return [dict(zip([each[0] for each in cursor.description or ()], row, strict=True)) for row in cursor]


def row(ticket: str, **more: str) -> dict[str, str]:
    return {"ticket": ticket, "at": "1", "who": "me", "mark": "0", "number": "1", **more}


def test_questions_are_put_as_rows_of_one_statement_as_far_as_they_are_alike_and_fit() -> None:
    (alone,) = filing(TABLES, [row("f" * 32)])
    text = "INSERT INTO asked (ticket, at, who, mark, number) VALUES (?, ?, ?, ?, ?) ON CONFLICT (ticket) DO NOTHING"
    assert (alone.text, alone.values) == (text, ("f" * 32, "1", "me", "0", "1"))
    assert "f" * 32 not in repr(alone)
    rows = [row(f"{number:032x}") for number in range(200)]
    some = filing(TABLES, [*rows, row("e" * 32, name="x"), row("d" * 32)])
    assert max(len(each.values) for each in some) <= MOST_VALUES
    assert sorted(each.text.count("(?") for each in some) == [1, 21, 180]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE asked (ticket PRIMARY KEY, at, who, mark, number, name)")
        for each in (*some, *some):
            run(database, each)
        assert database.execute("SELECT count(*), count(name) FROM asked").fetchone() == (202, 1)


def test_a_look_finds_what_a_flag_does_not_call_unfinished_and_of_nobody_else() -> None:
    flags = ("0", "2", None, "7", "2")
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE answered (ticket, flag)")
        database.executemany("INSERT INTO answered VALUES (?, ?)", zip(TICKETS, flags, strict=False))
        database.execute("INSERT INTO answered VALUES (?, '2')", (TICKETS[1],))
        asked = (*TICKETS[:4], TICKETS[5])
        found = run(database, looking(TABLES, asked))
        assert len(found) == 3
        assert turned("here", found, asked) == set(TICKETS[1:4])
        assert len(run(database, looking(replace(TABLES, waiting=frozenset()), asked))) == 4


def test_a_ticket_with_too_many_rows_takes_no_room_from_another() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE answered (ticket, flag, code, number, name, rows_told)")
        database.execute("CREATE TABLE detail (ticket, place, amount)")
        answers = [(TICKETS[0], "2"), *[(TICKETS[1], "2")] * 9, (TICKETS[2], "2"), (TICKETS[3], "2")]
        database.executemany("INSERT INTO answered (ticket, flag) VALUES (?, ?)", answers)
        rows = [(TICKETS[1], number) for number in range(MOST_ROWS + 5)] + [(TICKETS[2], place) for place in (3, 1, 2)]
        database.executemany("INSERT INTO detail VALUES (?, ?, 1)", rows)
        database.execute("UPDATE detail SET amount = place")
        told = [run(database, each) for each in fetching(TABLES, TICKETS[:3])]
        first, second, third = parted("here", told, TICKETS[:3])
        for ticket, whole in zip(TICKETS, (first, second, third), strict=False):
            assert parted("here", [run(database, each) for each in fetching(TABLES, (ticket,))], (ticket,)) == [whole]
    assert [len(each) for each in first] == [1, 0]
    assert [len(each) for each in second] == [2, MOST_ROWS + 1]
    assert [each["amount"] for each in third[1]] == [1, 2, 3]
    assert first[0][0].keys() == {"flag", "code", "number", "name", "rows_told"}


@pytest.mark.parametrize("spelled", ["{:<40}", "upper", "uuid"])
def test_a_column_may_give_a_ticket_back_in_its_own_form(spelled: str) -> None:
    ticket = "0123456789abcdef" * 2
    forms = {"upper": ticket.upper(), "uuid": UUID(ticket)}
    assert turned("here", [{"kc_ticket": forms.get(spelled) or spelled.format(ticket)}], (ticket,)) == {ticket}


def test_a_row_whose_ticket_cannot_be_told_goes_to_nobody() -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID") as caught:
        parted("here", [[{"kc_ticket": b"abc", "flag": "2"}], []], TICKETS)
    assert "abc" not in caught.value.detail
