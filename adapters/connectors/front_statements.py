"""The statements of an interface made of tables, each for many tickets at once, and whose a row is that they bring.

Laws: pure; a statement reads rows of the tickets that it names and of no other; it brings so many rows at most, and where there may be more
none of them counts, so that a ticket with too many takes no room from another; a row whose ticket cannot be told goes to nobody. The
number of values in a statement is bounded: SQLite before 3.32 takes 999.
Standard: ON CONFLICT as PostgreSQL 9.5 and SQLite 3.24 have it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from adapters.connectors.database import Row, Statement
from adapters.connectors.front_tables import MOST_ANSWERS, MOST_ROWS, FrontTables
from adapters.connectors.verdict import ItemFault, invalid
from gateway.model.refusal import Reason

MOST_VALUES: Final = 900
"""In one statement that files."""

Told = Sequence[Sequence[Row]]
"""What is there to one ticket: the rows of the answer, by `FrontTables.told`, then those of each detail, by its columns; each
ends with the ticket."""


def filing(tables: FrontTables, rows: Sequence[Mapping[str, str]]) -> tuple[Statement, ...]:
    """Puts questions into the request table. It may come twice: a ticket is in the table once."""
    alike = groupby(sorted(rows, key=tuple), key=tuple)
    return tuple(_insert(tables, columns, part) for columns, some in alike for part in _parts(tuple(some), len(columns)))


def looking(tables: FrontTables, tickets: Sequence[str]) -> Statement:
    """Of these tickets those that have something to fetch: a flag that does not say that the city is still at it."""
    there, values = "", tuple(sorted(tables.waiting))
    if values:
        there = f" AND ({tables.flag} IS NULL OR {tables.flag} NOT IN ({_marks(values)}))"
    text = f"SELECT DISTINCT {tables.ticket} FROM {tables.responses} WHERE {tables.ticket} IN ({_marks(tickets)}){there}"
    return Statement(text, (*tickets, *values))


def turned(where: str, rows: Iterable[Row], tickets: Sequence[str]) -> frozenset[str]:
    """The tickets that `looking` found. Raises CITY_ANSWER_INVALID where one comes back in another form."""
    return frozenset(_owner(where, ticket, tickets) for (ticket,) in rows)


def fetching(tables: FrontTables, tickets: Sequence[str]) -> tuple[Statement, ...]:
    """Everything that there is to these tickets."""
    wanted = (
        (tables.told, tables.responses, tables.ticket, tables.flag),
        *((each.columns, each.table, each.ticket, each.order) for each in tables.details),
    )
    texts = (
        f"SELECT {', '.join(columns)}, {by} FROM {table} WHERE {by} IN ({_marks(tickets)}) ORDER BY {by}, {order}"
        for columns, table, by, order in wanted
    )
    return tuple(Statement(f"{text} LIMIT {_most(place, tickets)}", tuple(tickets)) for place, text in enumerate(texts))


def parted(where: str, told: Sequence[Sequence[Row]], tickets: Sequence[str]) -> list[Told]:
    """What `fetching` brought, ticket by ticket. Raises as `turned`, and ItemFault where one of several may have too much."""
    if len(tickets) > 1 and any(len(rows) == _most(place, tickets) for place, rows in enumerate(told)):
        raise ItemFault(Reason.CITY_ANSWER_INVALID, f"{where}: more rows than are read at once")
    parts: dict[str, list[list[Row]]] = {each: [[] for _ in told] for each in tickets}
    for place, rows in enumerate(told):
        for row in rows:
            parts[_owner(where, row[-1], parts)][place].append(row)
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


def _most(place: int, tickets: Sequence[str]) -> int:
    """Rows that are read: of the answers to these tickets (place 0), or of a detail of them."""
    return MOST_ROWS + 1 if place else MOST_ANSWERS * len(tickets)


def _owner(where: str, told: object, tickets: Collection[str]) -> str:
    """Whose a row is that has this as its ticket. A column may be longer than a ticket, write it in capitals, or be one for UUIDs."""
    if isinstance(told, str) and told in tickets:
        return told
    ticket = str(told).rstrip().replace("-", "").lower()
    if ticket not in tickets:
        raise invalid(where, "gives a ticket back in another form; its column must hold 32 hex digits as text")
    return ticket


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
