"""The statements of an interface made of tables, each for many tickets at once, and whose a row is that they bring.

Laws: pure; a statement reads rows of the tickets that it names and of no other; it brings of each ticket as many as are read of one and
not more, so that a ticket with too many rows takes no room from another; a row whose ticket cannot be told goes to nobody. The number of
values in a statement is bounded: SQLite before 3.32 takes 999.
Standard: ISO/IEC 9075-2 (row_number); ON CONFLICT as PostgreSQL 9.5 and SQLite 3.24 have it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from adapters.connectors.database import Row, Statement
from adapters.connectors.front_tables import MOST_ANSWERS, MOST_ROWS, FrontTables
from adapters.connectors.verdict import invalid

MOST_VALUES: Final = 900
"""In one statement that files."""
_OWNER: Final = "kc_ticket"
_PLACE: Final = "kc_place"

Told = Sequence[Sequence[Row]]
"""What is there to one ticket: the rows of the answer, then those of each detail."""


def filing(tables: FrontTables, rows: Sequence[Mapping[str, str]]) -> tuple[Statement, ...]:
    """Puts questions into the request table. It may come twice: a ticket is in the table once."""
    alike = groupby(sorted(rows, key=tuple), key=tuple)
    return tuple(_insert(tables, columns, part) for columns, some in alike for part in _parts(tuple(some), len(columns)))


def looking(tables: FrontTables, tickets: Sequence[str]) -> Statement:
    """Of these tickets those that have something to fetch: a flag that does not say that the city is still at it."""
    there, values = "", tuple(sorted(tables.waiting))
    if values:
        there = f" AND ({tables.flag} IS NULL OR {tables.flag} NOT IN ({_marks(values)}))"
    text = (
        f"SELECT DISTINCT {tables.ticket} AS {_OWNER} FROM {tables.responses} WHERE {tables.ticket} IN ({_marks(tickets)}){there}"
    )
    return Statement(text, (*tickets, *values))


def turned(where: str, rows: Iterable[Row], tickets: Sequence[str]) -> frozenset[str]:
    """The tickets that `looking` found. Raises CITY_ANSWER_INVALID where one comes back in another form."""
    return frozenset(_owner(where, row, tickets) for row in rows)


def fetching(tables: FrontTables, tickets: Sequence[str]) -> tuple[Statement, ...]:
    """Everything that there is to these tickets."""
    wanted = (tables.flag, tables.code, *tables.columns, *(each.count for each in tables.details))
    details = (_select(each.columns, each.table, (each.ticket, tickets), each.order, MOST_ROWS + 1) for each in tables.details)
    return (_select(wanted, tables.responses, (tables.ticket, tickets), tables.flag, MOST_ANSWERS), *details)


def parted(where: str, told: Sequence[Sequence[Row]], tickets: Sequence[str]) -> list[Told]:
    """What `fetching` brought, ticket by ticket. Raises as `turned`."""
    parts: dict[str, list[list[Row]]] = {each: [[] for _ in told] for each in tickets}
    for place, rows in enumerate(told):
        for row in rows:
            parts[_owner(where, row, tickets)][place].append(row)
    return [parts[each] for each in tickets]


def _insert(tables: FrontTables, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Statement:
    row = f"({_marks(columns)})"
    text = (
        f"INSERT INTO {tables.requests} ({', '.join(columns)}) VALUES {', '.join([row] * len(rows))}"
        f" ON CONFLICT ({tables.ticket}) DO NOTHING"
    )
    return Statement(text, tuple(value for each in rows for value in each.values()))


def _parts(rows: Sequence[Mapping[str, str]], width: int) -> Iterable[Sequence[Mapping[str, str]]]:
    most = max(1, MOST_VALUES // width)
    return (rows[at : at + most] for at in range(0, len(rows), most))


def _select(columns: Sequence[str], table: str, where: tuple[str, Sequence[str]], order: str, most: int) -> Statement:
    by, tickets = where
    wanted, among = ", ".join(dict.fromkeys(columns)), f"FROM {table} WHERE {by} IN ({_marks(tickets)})"
    if len(tickets) == 1:
        return Statement(f"SELECT {by} AS {_OWNER}, {wanted} {among} ORDER BY {order} LIMIT {most}", tuple(tickets))
    text = (
        f"SELECT {_OWNER}, {wanted} FROM (SELECT {by} AS {_OWNER}, {wanted}, row_number() OVER (PARTITION BY {by} ORDER BY {order})"
        f" AS {_PLACE} {among}) AS kc_rows WHERE {_PLACE} <= {most} ORDER BY {_OWNER}, {_PLACE}"
    )
    return Statement(text, tuple(tickets))


def _owner(where: str, row: Row, tickets: Sequence[str]) -> str:
    """Whose a row is. A column may be longer than a ticket, write it in capitals, or be one for UUIDs."""
    ticket = str(row.pop(_OWNER)).rstrip().replace("-", "").lower()
    if ticket not in tickets:
        raise invalid(where, "gives a ticket back in another form; its column must hold 32 hex digits as text")
    return ticket


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
