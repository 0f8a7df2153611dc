"""An interface made of tables (前置库): a row in a request table asks, and rows in response tables answer, some time later.

One value describes such an interface; nothing of it is programmed. Laws: pure; there is an answer when the flag column says so, and a
flag that stands on no list is no answer and no silence; an answer that comes twice, or not with all of its rows, is refused; 'no such
record' is a code of the city's and brings no values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from adapters.connectors.database import Row
from adapters.connectors.moments import write_moment
from adapters.connectors.verdict import CodeTable, Meaning, invalid, spelled
from gateway.model.city import CityAnswer, CityRequest, Leaf, Record
from gateway.model.refusal import Reason, Refusal

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,60}")
MOST_ANSWERS: Final = 2
"""That are read of one ticket: enough to see that it is not one."""
MOST_ROWS: Final = 10_000
"""Of one detail of an answer."""
_LONGEST_TEXT: Final = 65_536
_TICKET: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Detail:
    """Rows that belong to an answer, in a table of their own: `part` is what the record calls them, `count` says how many they are.

    `ticket` is the column by which they belong to a request, `order` the one by which they are sorted.
    """

    part: str
    table: str
    ticket: str
    order: str
    columns: tuple[str, ...]
    count: str


@dataclass(frozen=True, slots=True)
class FrontTables:
    """One operation's tables and columns.

    `constants` go into every request; `account` and `moment` are columns of the request, empty where it has none. `waiting` and `done`
    are the flag's values; `holder` is the column by which two answers are seen to be of two holders; `columns` are the values of an answer.
    """

    requests: str
    ticket: str
    moment: str
    moment_form: str
    account: str
    constants: Mapping[str, str]
    asked: tuple[str, ...]
    responses: str
    flag: str
    waiting: frozenset[str]
    done: frozenset[str]
    code: str
    codes: CodeTable
    holder: str
    columns: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    told: tuple[str, ...] = field(init=False, repr=False)
    """What is fetched of an answer, each once."""

    def __post_init__(self) -> None:
        names = {
            self.requests,
            self.ticket,
            *filter(None, (self.moment, self.account)),
            *self.constants,
            *self.asked,
            self.responses,
            self.flag,
            self.code,
        }
        names |= {self.holder, *self.columns}
        names |= {
            name for each in self.details for name in (each.part, each.table, each.ticket, each.order, *each.columns, each.count)
        }
        if not all(_NAME.fullmatch(name) for name in names):
            raise RuntimeError("a table or column has no name that can stand in a statement")
        wanted = (self.flag, self.code, self.holder, *self.columns, *(each.count for each in self.details))
        object.__setattr__(self, "told", tuple(dict.fromkeys(wanted)))


@dataclass(frozen=True, slots=True)
class FrontDialect:
    """One interface made of tables, for one account. `operations` by the name that our tables call them."""

    system: str
    account: str = field(repr=False)
    operations: Mapping[str, FrontTables] = field(repr=False)

    def row(self, request: CityRequest, ticket: str, now: datetime) -> Mapping[str, str]:
        """The question as a row of the request table."""
        tables = self.of(request.operation)
        own = {tables.ticket: ticket}
        if tables.moment:
            own[tables.moment] = write_moment(now, tables.moment_form)
        if tables.account:
            own[tables.account] = self.account
        if not request.values.keys() <= set(tables.asked):
            raise RuntimeError(f"{self.system} has no such column in its request table")
        return {**own, **tables.constants, **request.values}

    def is_there(self, request: CityRequest, told: Sequence[Sequence[Row]]) -> bool:
        """Whether the city has answered, from what was fetched. Raises CITY_ANSWER_INVALID for an unknown flag."""
        tables = self.of(request.operation)
        place = tables.told.index(tables.flag)
        flags = [each[place] for each in told[0]]
        if unknown := [each for each in flags if each not in tables.waiting | tables.done]:
            raise invalid(f"{self._where(request)} {tables.flag}", "stands on no list of flags", spelled(unknown[0]))
        return any(each in tables.done for each in flags)

    def read(self, request: CityRequest, told: Sequence[Sequence[Row]]) -> CityAnswer:
        """What was fetched, once it is there. Raises Refusal, blame COUNTERPARTY."""
        tables, where = self.of(request.operation), self._where(request)
        answers, *details = told
        answer, *others = (dict(zip(tables.told, each, strict=False)) for each in answers)
        if others:
            raise _several(answer, others, tables.holder, where)
        status = spelled(answer[tables.code])
        meaning = tables.codes.judge(answer[tables.code], f"{where} {tables.code}")
        if meaning is Meaning.NO_RECORD:
            if any(answer[name] is not None for name in tables.columns) or any(details):
                raise invalid(where, "says that there is no record, and gives values", status)
            return CityAnswer(status, no_record=True)
        record: dict[str, Any] = _leaves(tables.columns, (answer[name] for name in tables.columns), where)
        for each, rows in zip(tables.details, details, strict=True):
            if len(rows) > MOST_ROWS or answer[each.count] != len(rows):
                raise invalid(f"{where} {each.part}", "has not as many rows as the answer says", status)
            record[each.part] = [_leaves(each.columns, row, f"{where} {each.part}") for row in rows]
        whole: Record = record
        return CityAnswer(status, (whole,))

    def of(self, operation: str) -> FrontTables:
        """The tables of an operation."""
        found = self.operations.get(operation)
        if found is None:
            raise RuntimeError(f"{self.system} has no such operation")
        return found

    def _where(self, request: CityRequest) -> str:
        return f"{self.system} {request.operation}"


def is_ticket(text: str) -> bool:
    """Whether a text is one of our tickets."""
    return _TICKET.fullmatch(text) is not None


def _several(answer: Mapping[str, Any], others: Sequence[Mapping[str, Any]], holder: str, where: str) -> Refusal:
    if any(each[holder] != answer[holder] for each in others):
        return Refusal(Reason.HOLDER_AMBIGUOUS, f"{where}: answers with several holders, where one is meant")
    return invalid(where, "answers one request more than once")


def _leaves(columns: Sequence[str], row: Iterable[Any], where: str) -> dict[str, Leaf]:
    """The values that are there; an empty column is an absent value. A row may have more than these columns, after them."""
    return {
        name: value if type(value) is str and len(value) <= _LONGEST_TEXT else _leaf(value, where, name)
        for name, value in zip(columns, row, strict=False)
        if value is not None
    }


def _leaf(value: object, where: str, name: str) -> Leaf:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise invalid(f"{where} {name}", "is no text of a length that is read, and no whole number")
