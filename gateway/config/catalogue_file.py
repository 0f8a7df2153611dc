"""One kind of evidence as it stands in a file: gateway/catalogue/<alias>.yaml -> EvidenceType.

Laws: a coded field has its codes, each with its Chinese name, and no other has; rows have columns, of single values only; what a
question may ask besides the holder is a text, a day or a range of months.
Serves: GB/T 36903 (metadata of e-licences) for the common fields.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator
from pydantic import Field as Key

from gateway.config.document import Document, Path
from gateway.config.problem import ConfigError, Problem
from gateway.config.settings import NameOfRegion
from gateway.config.shape import Section, fault, shape, unknown
from gateway.config.words import EvidenceCode, Frozen, Name, Text
from gateway.model.catalogue import COMMON, EvidenceKind, EvidenceType, Field, ValueKind
from gateway.model.query import HolderType

SINGLE: Final = frozenset(
    {ValueKind.TEXT, ValueKind.INTEGER, ValueKind.MONEY, ValueKind.DATE, ValueKind.MONTH, ValueKind.DECIMAL, ValueKind.CODED}
)
_FIELD_KINDS: Final = SINGLE | {ValueKind.PERIOD, ValueKind.ROWS}
_PARAMETER_KINDS: Final = frozenset({ValueKind.TEXT, ValueKind.DATE, ValueKind.MONTHS})


def _named(value: object) -> object:
    if isinstance(value, tuple):
        raise fault("must say what each code is called in Chinese", "write {PAID: 已缴, UNPAID: 未缴}")
    return value


Codes = Annotated[Mapping[Text, Text], BeforeValidator(_named), Frozen]


class FieldSection(Section):
    """One field, column or parameter."""

    zh: Text = Key(description="its name in Chinese")
    en: Text = Key(description="its name in English")
    kind: Annotated[ValueKind, Key(strict=False)] = Key(description="the form of its value")
    unit: Text | None = Key(default=None, description="what a number counts")
    codes: Codes = Key(default_factory=dict, validate_default=True, description="canonical codes of a coded field, code: Chinese")
    columns: Annotated[Mapping[Name, "FieldSection"], Frozen] = Key(
        default_factory=dict, validate_default=True, description="the columns of a field of rows"
    )
    required: bool = Key(default=True, description="whether it has to be given")


Fields = Annotated[Mapping[Name, FieldSection], Frozen]


class EvidenceTypeFile(Section):
    """One kind of evidence."""

    code: EvidenceCode = Key(description="the type code, 21 characters")
    alias: Name = Key(description="the name people use")
    name: NameOfRegion = Key(description="{zh, en}")
    kind: Literal["certificate", "e-licence"] = Key(description="certificate (证明) or e-licence (电子证照)")
    holder_types: Annotated[tuple[Literal["PERSON", "ORGANISATION"], ...], Key(min_length=1)] = Key(description="who holds it")
    holder_count: int = Key(ge=1, le=100, description="the most holders one paper names")
    common: tuple[Text, ...] = Key(default=(), description="the common fields that it has")
    parameters: Fields = Key(default_factory=dict, validate_default=True, description="what is asked besides the holder")
    fields: Annotated[Fields, Key(min_length=1)] = Key(description="its own fields")


def read_type(document: Document) -> EvidenceType:
    """The kind of evidence in the document. Raises ConfigError."""
    file = shape(document, EvidenceTypeFile)
    if problems := tuple(_problems(document, file)):
        raise ConfigError(problems)
    own = (_field(name, each) for name, each in file.fields.items())
    return EvidenceType(
        code=file.code,
        alias=file.alias,
        zh=file.name.zh,
        en=file.name.en,
        kind=EvidenceKind(file.kind),
        holder_types=frozenset(HolderType(each) for each in file.holder_types),
        holder_count=file.holder_count,
        parameters=tuple(_field(name, each) for name, each in file.parameters.items()),
        fields=MappingProxyType({each.name: each for each in (*(COMMON[name] for name in file.common), *own)}),
    )


def _field(name: str, section: FieldSection) -> Field:
    columns = tuple(_field(column, each) for column, each in section.columns.items())
    return Field(name, section.zh, section.en, section.kind, section.unit or "", section.codes, columns, section.required)


def _problems(document: Document, file: EvidenceTypeFile) -> Iterator[Problem]:
    for index, name in enumerate(file.common):
        if name not in COMMON:
            yield document.problem(("common", index), *unknown("common field", name, COMMON))
        elif name in file.common[:index]:
            yield document.problem(("common", index), "stands twice", "keep one")
    for name in file.fields.keys() & COMMON.keys():
        yield document.problem(
            ("fields", name), "is the name of a common field", "list it under `common`, or rename it", key=True
        )
    yield from _fields(document, ("fields",), file.fields, _FIELD_KINDS)
    yield from _fields(document, ("parameters",), file.parameters, _PARAMETER_KINDS)


def _fields(document: Document, at: Path, fields: Mapping[str, FieldSection], kinds: frozenset[ValueKind]) -> Iterator[Problem]:
    for name, field in fields.items():
        here = (*at, name)
        if field.kind not in kinds:
            yield document.problem(
                (*here, "kind"), f"the kind {field.kind} has no place here", f"write one of: {', '.join(sorted(kinds))}"
            )
        if (field.kind is ValueKind.CODED) != bool(field.codes):
            yield document.problem(here, "`codes` belong to the kind coded, and to no other", "add or take out `codes`", key=True)
        if (field.kind is ValueKind.ROWS) != bool(field.columns):
            yield document.problem(
                here, "`columns` belong to the kind rows, and to no other", "add or take out `columns`", key=True
            )
        yield from _fields(document, (*here, "columns"), field.columns, SINGLE)
