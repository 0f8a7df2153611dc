"""Reads one field of a city's record: a value, a table, a period, or the holders who are named.

Laws: as of translate.reading, by which every value in them is read; a table is read the same, whether by its rows or by its columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import Record
from gateway.model.evidence import Coded, EvidenceHolder, Holders, Period, Rows, Value
from gateway.model.rules import AnswerRule, Cell, HolderPlace, ReadHolders, ReadPeriod, ReadRows, Withheld
from gateway.model.table import Reader
from gateway.stages.translate import reading

ReadAll = Callable[[list[Record]], Sequence[Mapping[str, Value]]]

_MOST_ROWS = 5_000
_MANY_ROWS = 5
"""From so many on it costs less to go down the columns, in which a text is read once."""


def reader(rule: AnswerRule, field: Field) -> Reader:
    """The function that reads one field of a record."""
    if isinstance(rule, ReadRows):
        return _rows(rule, field)
    if isinstance(rule, ReadPeriod):
        return _period(rule, field)
    if isinstance(rule, ReadHolders):
        return _holders(rule)
    if isinstance(rule, Withheld):
        raise RuntimeError("a withheld field is not read")  # noqa: TRY004  our fault, whatever its type
    return reading.cell(rule, field)


def _records(name: str) -> Callable[[Record], list[Record] | None]:
    path = tuple(name.split("."))

    def read(record: Record) -> list[Record] | None:
        found = reading.follow(record, path)
        if found is None:
            return None
        if not isinstance(found, list) or len(found) > _MOST_ROWS or not _are_records(found):
            raise reading.invalid(name, "is not a list of records")
        return found

    return read


def _are_records(found: list[object]) -> bool:
    plain = {*map(type, found)} == {dict}  # to ask each whether it is a mapping costs ten times as much
    return plain or all(isinstance(each, Mapping) for each in found)


def _rows(rule: ReadRows, field: Field) -> Reader:
    kinds = {column.name: column for column in field.columns}
    given = {name: each for name, each in rule.columns.items() if not isinstance(each, Withheld)}
    records, few, many = _records(rule.path), _by_rows(given, kinds), _by_columns(given, kinds)

    def read(record: Record) -> Value | None:
        found = records(record)
        if found is None:
            if rule.optional:
                return None
            raise reading.invalid(rule.path, "is missing")
        return Rows(tuple(few(found) if len(found) < _MANY_ROWS else many(found)))

    return read


def _by_rows(given: Mapping[str, Cell], kinds: Mapping[str, Field]) -> ReadAll:
    cells = [(name, reading.cell(each, kinds[name])) for name, each in given.items()]
    return lambda found: [{name: value for name, cell in cells if (value := cell(row)) is not None} for row in found]


def _by_columns(given: Mapping[str, Cell], kinds: Mapping[str, Field]) -> ReadAll:
    columns = [(name, reading.column(each, kinds[name])) for name, each in given.items()]

    def read(found: list[Record]) -> Sequence[Mapping[str, Value]]:
        rows: list[dict[str, Value]] = [{} for _ in found]
        for name, column in columns:
            for row, value in zip(rows, column(found), strict=True):
                if value is not None:
                    row[name] = value
        return rows

    return read


def _period(rule: ReadPeriod, field: Field) -> Reader:
    day = Field(field.name, field.zh, field.en, ValueKind.DATE)
    first, last = reading.cell(rule.first, day), reading.cell(replace(rule.last, optional=True), day)

    def read(record: Record) -> Value | None:
        begins = first(record)
        return None if begins is None else Period(str(begins), str(last(record) or ""))

    return read


def _holders(rule: ReadHolders) -> Reader:
    places = [_place(place) for place in rule.places]

    def read(record: Record) -> Value | None:
        return Holders(tuple([holder for place in places for holder in place(record)]))

    return read


def _place(place: HolderPlace) -> Callable[[Record], list[EvidenceHolder]]:
    text = Field("holders", "持证主体", "Holders", ValueKind.TEXT)
    coded = Field("role", "角色", "Role", ValueKind.CODED)
    name, id_type, number = (reading.cell(each, text) for each in (place.name, place.id_type, place.id_number))
    role = reading.cell(place.role, coded) if place.role else None
    records = _records(place.each) if place.each else None

    def one(record: Record) -> EvidenceHolder:
        return EvidenceHolder(
            _plain(name(record)), _plain(id_type(record)), _plain(number(record)), _plain(role and role(record))
        )

    def read(record: Record) -> list[EvidenceHolder]:
        if records is None:
            return [one(record)]
        return [one(each) for each in records(record) or ()]

    return read


def _plain(value: Value | None) -> str:
    return value.code if isinstance(value, Coded) else str(value or "")
