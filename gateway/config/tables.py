"""Holds a table against the catalogue before it is compiled: what is mapped, withheld, missing or lossy, and what does not fit.

Laws: every canonical field is mapped or withheld; a code list is one-to-one or says that it is lossy; a canonical code
exists in the catalogue; a rule fits the kind of its field; a question names its holder.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gateway.config.claim_fit import claim_problems
from gateway.config.document import Document, Path
from gateway.config.problem import Problem
from gateway.config.rule_fit import cell_problems, lossless
from gateway.config.shape import unknown
from gateway.config.table_file import TableText
from gateway.config.wording import quoted
from gateway.model import rules
from gateway.model.catalogue import EvidenceType, Field, ValueKind
from gateway.model.identifiers import HolderIdType
from gateway.model.query import FileFormat, HolderType, LegalBasisKind

_WORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        rules.KIND_OF_NUMBER: frozenset(each.value for each in HolderIdType),
        "holder.type": frozenset(HolderType),
        "legal_basis.kind": frozenset(LegalBasisKind),
    }
)
_ID_TYPE: Final = Field(
    "id_type", "", "", ValueKind.CODED, codes=MappingProxyType(dict.fromkeys(sorted(_WORDS[rules.KIND_OF_NUMBER]), ""))
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one table gives of one kind of evidence. Columns are named `field.column`.

    `withheld` maps a field to the reason; `unasked` are parameters that the question to the city does not carry; `files` the formats in
    which the paper's file is given; `presented` whether it answers for a code that the holder shows.
    """

    region: str
    type: str
    code: str
    system: str
    edition: str
    mapped: tuple[str, ...]
    withheld: Mapping[str, str]
    missing: tuple[str, ...]
    lossy: tuple[str, ...]
    unasked: tuple[str, ...] = ()
    files: tuple[FileFormat, ...] = ()
    presented: bool = False


@dataclass(slots=True)
class _Tally:
    mapped: list[str] = field(default_factory=list)
    withheld: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    lossy: list[str] = field(default_factory=list)


def check_table(table: TableText, kind: EvidenceType) -> tuple[tuple[Problem, ...], Coverage]:
    """Every problem of the table as a table of this kind of evidence, and what it covers. Pure."""
    tally = _Tally()
    problems = (
        *_ask(table, kind),
        *_presented(table),
        *_answer(table, kind, tally),
        *claim_problems(table.document, table.spec, kind),
    )
    spec = table.spec
    coverage = Coverage(
        region=spec.region,
        type=kind.alias,
        code=kind.code,
        system=spec.system,
        edition=spec.edition,
        mapped=tuple(tally.mapped),
        withheld=MappingProxyType(tally.withheld),
        missing=tuple(tally.missing),
        lossy=tuple(tally.lossy),
        unasked=tuple(_unasked(spec, kind)),
        files=spec.files,
        presented=spec.presented is not None,
    )
    return problems, coverage


def _answer(table: TableText, kind: EvidenceType, tally: _Tally) -> Iterator[Problem]:
    document = table.document
    tally.missing += [name for name in kind.fields if name not in table.names]
    yield from _names(document, ("answer",), f"field of {kind.alias}", table.names, kind.fields)
    for name, rule in table.spec.answer.items():
        if name in kind.fields:
            _count(name, rule, tally)
            yield from _field(document, ("answer", name), kind.fields[name], rule, tally)


def _names(document: Document, at: Path, what: str, names: frozenset[str], known: Mapping[str, Field]) -> Iterator[Problem]:
    """Names that are none of the known ones, and known ones that are not there."""
    for name in sorted(names - known.keys()):
        yield document.problem((*at, name), *unknown(what, name, known), key=True)
    for name in known:
        if name not in names:
            message = f"{quoted(name)} is neither mapped nor withheld"
            yield document.problem(at, message, f"add `{name}: {{from: ...}}` or `{name}: {{withheld: why}}`", key=True)


def _count(name: str, rule: rules.AnswerRule, tally: _Tally) -> None:
    if isinstance(rule, rules.Withheld):
        tally.withheld[name] = rule.reason
        return
    tally.mapped.append(name)
    if isinstance(rule, rules.Read) and isinstance(rule.form, rules.Codes) and not lossless(rule.form):
        tally.lossy.append(name)


def _field(document: Document, at: Path, about: Field, rule: rules.AnswerRule, tally: _Tally) -> Iterator[Problem]:
    if isinstance(rule, rules.Withheld):
        if about.kind is ValueKind.HOLDERS:
            message = "cannot be withheld: without its holders nothing says whose evidence an answer is"
            yield document.problem(at, message, _ADVICE[about.kind])
        return
    if isinstance(rule, _SHAPES.get(about.kind, rules.Read | rules.Constant)):
        yield from _fitting(document, at, about, rule, tally)
    else:
        yield document.problem(
            at, f"this rule does not fit a field of kind {about.kind}", _ADVICE.get(about.kind, "write {from: ...}")
        )


_SHAPES: Final = MappingProxyType(
    {ValueKind.ROWS: rules.ReadRows, ValueKind.PERIOD: rules.ReadPeriod, ValueKind.HOLDERS: rules.ReadHolders}
)
_ADVICE: Final = MappingProxyType(
    {
        ValueKind.ROWS: "write {rows: path, columns: {...}}",
        ValueKind.PERIOD: "write {first: {from: ...}, last: {from: ...}}",
        ValueKind.HOLDERS: "write a list of {name, id_type, id_number}, or {each: path, name, id_type, id_number}",
    }
)


def _fitting(document: Document, at: Path, about: Field, rule: rules.AnswerRule, tally: _Tally) -> Iterator[Problem]:
    if isinstance(rule, rules.ReadRows):
        yield from _rows(document, at, about, rule, tally)
    elif isinstance(rule, rules.ReadPeriod):
        day = Field(about.name, about.zh, about.en, ValueKind.DATE)
        yield from cell_problems(document, (*at, "first"), day, rule.first)
        yield from cell_problems(document, (*at, "last"), day, rule.last)
    elif isinstance(rule, rules.ReadHolders):
        yield from _holders(document, at, rule)
    elif isinstance(rule, rules.Read | rules.Constant):
        yield from cell_problems(document, at, about, rule)


def _rows(document: Document, at: Path, about: Field, rule: rules.ReadRows, tally: _Tally) -> Iterator[Problem]:
    columns = {column.name: column for column in about.columns}
    here = (*at, "columns")
    tally.missing += [f"{about.name}.{name}" for name in columns if name not in rule.columns]
    yield from _names(document, here, f"column of {about.name}", frozenset(rule.columns), columns)
    for name, cell in rule.columns.items():
        if name in columns:
            _count(f"{about.name}.{name}", cell, tally)
            if not isinstance(cell, rules.Withheld):
                yield from cell_problems(document, (*here, name), columns[name], cell)


def _holders(document: Document, at: Path, rule: rules.ReadHolders) -> Iterator[Problem]:
    for index, place in enumerate(rule.places):
        here = at if place.each else (*at, index)
        text = Field("holders", "", "", ValueKind.TEXT)
        yield from cell_problems(document, (*here, "name"), text, place.name)
        yield from cell_problems(document, (*here, "id_number"), text, place.id_number)
        # A city that itself writes the codes of GB/T 36903 needs no code list.
        as_is = isinstance(place.id_type, rules.Read) and place.id_type.form is None
        yield from cell_problems(document, (*here, "id_type"), text if as_is else _ID_TYPE, place.id_type)
        if place.role is not None:
            role = Field("holders", "", "", ValueKind.CODED)
            yield from cell_problems(document, (*here, "role"), role, place.role)


def _ask(table: TableText, kind: EvidenceType) -> Iterator[Problem]:
    document, asks = table.document, table.spec.ask
    written = document.at(("ask",))
    names = frozenset(written) if isinstance(written, dict) else frozenset()
    for name in sorted(names):
        if not all(name.split(".")):
            yield document.problem(("ask", name), "has an empty part", "write name.name", key=True)
        if any(other.startswith(f"{name}.") for other in names):
            yield document.problem(("ask", name), "is both a value and a group of values", "rename one of them", key=True)
    for name, rule in asks.items():
        if isinstance(rule, rules.Source):
            yield from _source(document, ("ask", name), rule, kind)
    asked = {rule.path for rule in asks.values() if isinstance(rule, rules.Source)}
    if len(asks) == len(names) and rules.NUMBER not in asked:
        yield document.problem(
            ("ask",), "the question does not say about whom it is", f"add a name with {{from: {rules.NUMBER}}}", key=True
        )


def _presented(table: TableText) -> Iterator[Problem]:
    presented = table.spec.presented
    if presented and (presented.code in table.spec.ask or not all(presented.code.split("."))):
        message = "stands in `ask` too, or has an empty part"
        yield table.document.problem(("presented", "code"), message, "give the name under which the city takes the code")


def _source(document: Document, at: Path, rule: rules.Source, kind: EvidenceType) -> Iterator[Problem]:
    known = rules.SOURCES | {path for parameter in kind.parameters for path in _parts(parameter)}
    if rule.path not in known:
        yield document.problem((*at, "from"), *unknown("part of a question", rule.path, known))
        return
    yield from _kinds_of_number(document, (*at, "of"), rule)
    expected = _expected(rule.path, kind)
    if rule.form is not None and not isinstance(rule.form, expected):
        yield document.problem(at, f"this form does not fit {rule.path}", f"use {_FORM_NAMES[expected]}, or no form")
    elif isinstance(rule.form, rules.Codes):
        yield from _outward_codes(document, (*at, "codes"), rule.path, rule.form)
    elif isinstance(rule.form, rules.DateForm | rules.MonthForm) and len(rule.form.forms) > 1:
        yield document.problem(at, "several forms are for reading; a question is written in one", "keep one")


def _kinds_of_number(document: Document, at: Path, rule: rules.Source) -> Iterator[Problem]:
    if rule.of and rule.path != rules.NUMBER:
        yield document.problem(at, f"kinds of number are said of {rules.NUMBER} alone", "move it there", key=True)
    known = _WORDS[rules.KIND_OF_NUMBER]
    for code in sorted(rule.of - known):
        yield document.problem(at, *unknown(f"code of {rules.KIND_OF_NUMBER}", code, known), key=True)


_FORM_NAMES: Final[Mapping[type, str]] = MappingProxyType(
    {rules.Codes: "codes", rules.DateForm: "date", rules.MonthForm: "month"}
)


def _expected(path: str, kind: EvidenceType) -> type:
    parameters = {part: parameter.kind for parameter in kind.parameters for part in _parts(parameter)}
    return {ValueKind.MONTHS: rules.MonthForm, ValueKind.DATE: rules.DateForm}.get(
        parameters.get(path, ValueKind.TEXT), rules.Codes
    )


def _outward_codes(document: Document, at: Path, path: str, codes: rules.Codes) -> Iterator[Problem]:
    known = _WORDS.get(path)
    if known is not None:
        for code in sorted(codes.meaning.keys() - known):
            yield document.problem((*at, code), *unknown(f"code of {path}", code, known), key=True)
    if not codes.lossy and not lossless(codes):
        yield document.problem(
            at, "several canonical codes become one code of the city", "map them apart, or add `lossy: true`", key=True
        )


def _parts(parameter: Field) -> tuple[str, ...]:
    name = f"parameters.{parameter.name}"
    return (f"{name}.first", f"{name}.last") if parameter.kind is ValueKind.MONTHS else (name,)


def _unasked(spec: rules.TableSpec, kind: EvidenceType) -> Iterator[str]:
    asked = {rule.path for rule in spec.ask.values() if isinstance(rule, rules.Source)}
    for parameter in kind.parameters:
        yield from (path for path in _parts(parameter) if path not in asked)
