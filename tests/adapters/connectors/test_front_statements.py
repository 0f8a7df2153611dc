"""The statements for many tickets, run by SQLite: whose rows they bring, how many, and in which pieces questions are put."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.connectors.database import Row, Statement
from adapters.connectors.front_statements import MOST_VALUES, Told, fetching, filing, looking, parted, turned
from adapters.connectors.front_tables import MOST_ROWS
from adapters.connectors.verdict import ItemFault
from gateway.model.refusal import Refusal
from tests.adapters.connectors.test_front_tables import TABLES

TICKETS = tuple(f"{number:032x}" for number in range(6))


def run(database: sqlite3.Connection, statement: Statement) -> list[Row]:
    return database.execute(statement.text, statement.values).fetchall()


def fetched(database: sqlite3.Connection, *tickets: str) -> list[Told]:
    return parted("here", [run(database, each) for each in fetching(TABLES, tickets)], tickets)


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


@pytest.mark.parametrize(("answers_of_one", "rows_of_one"), [(9, 1), (1, MOST_ROWS + 5), (9, MOST_ROWS + 5)])
def test_a_ticket_with_too_many_rows_takes_no_room_from_another(answers_of_one: int, rows_of_one: int) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE answered (ticket, flag, code, number, name, rows_told)")
        database.execute("CREATE TABLE detail (ticket, place, amount)")
        answers = [(TICKETS[0], "2"), *[(TICKETS[1], "2")] * answers_of_one, (TICKETS[2], "2"), (TICKETS[3], "2")]
        database.executemany("INSERT INTO answered (ticket, flag) VALUES (?, ?)", answers)
        rows = [(TICKETS[1], number) for number in range(rows_of_one)] + [(TICKETS[2], place) for place in (3, 1, 2)]
        database.executemany("INSERT INTO detail VALUES (?, ?, 1)", rows)
        database.execute("UPDATE detail SET amount = place")
        with pytest.raises(ItemFault):
            fetched(database, *TICKETS[:3])
        (first,), (second,), (third,) = (fetched(database, each) for each in TICKETS[:3])
        assert fetched(database, TICKETS[0], TICKETS[2]) == [first, third]
    assert [len(each) for each in first] == [1, 0]
    assert [len(each) for each in second] == [min(2, answers_of_one), min(MOST_ROWS + 1, rows_of_one)]
    assert [each[0] for each in third[1]] == [1, 2, 3]
    assert TABLES.told == ("flag", "code", "number", "name", "rows_told")
    assert first[0] == [("2", None, None, None, None, TICKETS[0])]


@pytest.mark.parametrize("spelled", ["{:<40}", "upper", "uuid"])
def test_a_column_may_give_a_ticket_back_in_its_own_form(spelled: str) -> None:
    ticket = "0123456789abcdef" * 2
    forms = {"upper": ticket.upper(), "uuid": UUID(ticket)}
    assert turned("here", [(forms.get(spelled) or spelled.format(ticket),)], (ticket,)) == {ticket}


@pytest.mark.parametrize("told", [b"abc", ["abc"], None, "abc"], ids=str)
def test_a_row_whose_ticket_cannot_be_told_goes_to_nobody(told: object) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID") as caught:
        parted("here", [[("2", told)], []], TICKETS)
    assert "abc" not in caught.value.detail
