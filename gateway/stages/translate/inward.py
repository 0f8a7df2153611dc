"""Inward: what the city said, in canonical words, and whether it is about the holder who was asked for.

Laws: several holders are HOLDER_AMBIGUOUS and the first is never picked; an answer about somebody else is no answer; nothing here
makes a NO_RECORD, only the city's own words do.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import CityAnswer, Record
from gateway.model.claiming import spelt
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows, Value, Verdict
from gateway.model.exchange import Route
from gateway.model.identifiers import (
    HolderIdType,
    InvalidIdentifier,
    ResidentFinding,
    ResidentNumber,
    Standing,
    division,
)
from gateway.model.query import Holder, PresentedCode
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import AnswerRule, Cell, Constant, HolderPlace, ReadHolders, ReadPeriod, ReadRows, Withheld
from gateway.model.table import Reader
from gateway.stages.translate import findings, reading
from gateway.stages.translate.naming import canonical
from gateway.stages.translate.presenting import shown

Table = Callable[[list[Record]], list[Mapping[str, Value]]]

_MOST_ROWS = 5_000
_MANY_ROWS = 5
"""From so many on it costs less to go down the columns, in which a text is read once."""
_RESIDENT = frozenset({HolderIdType.RESIDENT_NUMBER, HolderIdType.RESIDENCE_PERMIT_551, HolderIdType.RESIDENCE_PERMIT_552})


def inward(answer: CityAnswer, route: Route, *, strict: bool) -> tuple[Evidence, ...]:
    """The evidence, none for the city's own NO_RECORD. Raises CITY_ANSWER_INVALID or HOLDER_AMBIGUOUS, and of a code as `shown`."""
    asked = route.permit.query.holder
    if answer.no_record and not isinstance(asked, PresentedCode):
        return ()
    if answer.verdicts:
        return tuple(_compared(each, route) for each in answer.verdicts)
    table = route.table
    records = tuple(
        [{name: value for name, read in table.inward if (value := read(record)) is not None} for record in answer.records]
    )
    files = answer.files or ((),) * len(records)
    asked = shown(records, answer, route) if isinstance(asked, PresentedCode) else asked
    odd = _about(records, asked, table.type.holder_count)
    return tuple(
        [
            Evidence(
                table.type,
                MappingProxyType(values),
                (*found, *findings.of_identifier(values.get("identifier"), strict=strict)),
                files=held,
            )
            for values, found, held in zip(records, odd, files, strict=True)
        ]
    )


def _compared(said: Mapping[str, bool | None], route: Route) -> Evidence:
    """What the city itself says of the claims about one paper. Whose it is it must have agreed to as well."""
    own = route.table.verifying
    if own is None:
        raise RuntimeError("a system without an operation that compares has compared")
    if any(said[name] is not True for name, _ in own.holder):
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city knows the number under another name")
    asked = {field: said[own.claims[field][0]] for field in sorted(route.permit.fields)}
    verdicts = {field: _VERDICTS[agrees] for field, agrees in asked.items()}
    return Evidence(route.table.type, MappingProxyType({}), verdicts=MappingProxyType(verdicts))


_VERDICTS: Mapping[bool | None, Verdict] = MappingProxyType(
    {True: Verdict.MATCH, False: Verdict.MISMATCH, None: Verdict.NO_RECORD}
)


def _about(records: tuple[dict[str, Value], ...], asked: Holder, most: int) -> tuple[tuple[Finding, ...], ...]:
    """For each record what is odd about its holders. Raises if they are others than the one who was asked for."""
    named = [held.holders if isinstance(held := values.get("holders"), Holders) else None for values in records]
    told = [holders for holders in named if holders is not None]
    matches = [any(_same(each, asked) for each in holders) for holders in told]
    if any(len(holders) > most for holders in told) or (any(matches) and not all(matches)) or _differ(told, asked):
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city's records are about several holders")
    if not all(matches):
        raise reading.invalid("holders", "is about another holder than the one asked for")
    return tuple(() if holders is None else (*_odd_name(holders, asked), *_odd_division(asked)) for holders in named)


def _differ(told: list[tuple[EvidenceHolder, ...]], asked: Holder) -> bool:
    """Several records of which none is about the one asked for, and not all about one."""
    others = {tuple(each.id_number for each in holders) for holders in told if not any(_same(each, asked) for each in holders)}
    return len(others) > 1


def _same(held: EvidenceHolder, asked: Holder) -> bool:
    """Whether it is the same document: a number alone could stand on somebody else's of another kind."""
    if held.id_number == asked.id_number and held.id_type in ("", asked.id_type):
        return True
    kinds = {held.id_type, asked.id_type}
    if held.id_type and len(kinds) > 1 and not kinds <= _RESIDENT:
        return False
    return held.id_number == asked.id_number or canonical(held.id_number.upper(), asked.id_type) == asked.id_number


def _odd_name(holders: tuple[EvidenceHolder, ...], asked: Holder) -> tuple[Finding, ...]:
    """A number with another name is somebody else's, mistyped: it is refused, and only another spelling is let through."""
    names = {each.name for each in holders if _same(each, asked)}
    if asked.name in names:
        return ()
    if spelt(asked.name) not in {spelt(each) for each in names}:
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city knows the number under another name")
    return (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)


def _odd_division(asked: Holder) -> tuple[Finding, ...]:
    """Divisions are abandoned and their people live on, so an unknown one is told and no more (GB 11643, GB/T 2260)."""
    if asked.id_type != HolderIdType.RESIDENT_NUMBER or division.standing(asked.id_number[:6]) is not Standing.UNKNOWN:
        return ()
    try:
        odd = ResidentFinding.UNKNOWN_DIVISION in ResidentNumber.parse(asked.id_number, date.max).findings
    except InvalidIdentifier:
        return ()
    return (Finding(FindingCode.UNKNOWN_DIVISION, "holders"),) if odd else ()


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


def _by_rows(given: Mapping[str, Cell], kinds: Mapping[str, Field]) -> Table:
    cells = [(name, reading.cell(each, kinds[name])) for name, each in given.items()]
    return lambda found: [{name: value for name, cell in cells if (value := cell(row)) is not None} for row in found]


def _by_columns(given: Mapping[str, Cell], kinds: Mapping[str, Field]) -> Table:
    columns = [reading.column(each, kinds[name]) for name, each in given.items()]
    whole = all(isinstance(each, Constant) or not each.optional for each in given.values())

    def read(found: list[Record]) -> list[Mapping[str, Value]]:
        values = zip(*[column(found) for column in columns], strict=True) if columns else ((),) * len(found)
        # As many as the columns are: to look at that for each row costs a third more.
        rows: list[Mapping[str, Value]] = [dict(zip(given, row)) for row in values]  # noqa: B905
        return rows if whole else [{name: value for name, value in row.items() if value is not None} for row in rows]

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
