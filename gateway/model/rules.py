"""The language of tables, as values: rename, code list, date form, unit, constant, withheld - and no more.

Anything cleverer is Python in the dialect of the city that needs it. A rule says what a name or a code means; it never does syntax.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.query import FileFormat


@dataclass(frozen=True, slots=True)
class Codes:
    """A code list, source -> target; `lossy` admits that several sources share a target, so the way back is not one."""

    meaning: Mapping[str, str]
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class DateForm:
    """Text of a day in one of these strptime forms, tried in order; a time part is cut off."""

    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MonthForm:
    """Text of a month in one of these strptime forms, tried in order."""

    forms: tuple[str, ...]


class MoneyUnit(StrEnum):
    """The unit in which the city counts money; canonical is the yuan."""

    YUAN = "yuan"
    FEN = "fen"
    WAN_YUAN = "wan-yuan"


Form = Codes | DateForm | MonthForm | MoneyUnit


@dataclass(frozen=True, slots=True)
class Constant:
    """Always this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """This system does not give the field, or it must not be taken; why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """Outward: one part of the question by its dotted canonical path, spelled in a form.

    `of`, for the holder's number alone: the kinds of number (GB/T 36903) that the system takes there.
    """

    path: str
    form: Form | None = None
    of: frozenset[str] = frozenset()


AskRule = Source | Constant


@dataclass(frozen=True, slots=True)
class Read:
    """Inward: one part of the city's record by its dotted path. `absent` are texts that mean 'not there', besides null and empty."""

    path: str
    form: Form | None = None
    absent: frozenset[str] = frozenset()
    optional: bool = False


Cell = Read | Constant


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Inward: a list of records at `path`, each read by columns."""

    path: str
    columns: Mapping[str, Cell | Withheld]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ReadPeriod:
    """Inward: first and last day."""

    first: Read
    last: Read


@dataclass(frozen=True, slots=True)
class HolderPlace:
    """Where one holder stands in the record, or, with `each`, where a list of them stands."""

    name: Cell
    id_type: Cell
    id_number: Cell
    role: Cell | None = None
    each: str | None = None


@dataclass(frozen=True, slots=True)
class ReadHolders:
    """Inward: every holder named on the evidence."""

    places: tuple[HolderPlace, ...]


AnswerRule = Read | Constant | Withheld | ReadRows | ReadPeriod | ReadHolders


CLAIMS = "claims"
"""Outward: `claims.<field>` is the value that a caller claims for a field."""


@dataclass(frozen=True, slots=True)
class VerifySpec:
    """A system's own operation that compares values: the city's name of each -> where the value comes from."""

    operation: str
    claims: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class PresentSpec:
    """A system's own operation that answers for a code which a holder shows: asked as `ask` says, with `code` in place of the holder."""

    operation: str
    code: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table as written: what one system's names mean for one evidence type. `type` is code or alias."""

    edition: str
    region: str
    type: str
    system: str
    operation: str
    ask: Mapping[str, AskRule]
    answer: Mapping[str, AnswerRule]
    verify: VerifySpec | None = None
    files: tuple[FileFormat, ...] = ()
    presented: PresentSpec | None = None


NUMBER, KIND_OF_NUMBER = "holder.id_number", "holder.id_type"
"""Outward: the holder's number, and of which kind it is."""

SOURCES = frozenset(
    {
        "request_id",
        NUMBER,
        KIND_OF_NUMBER,
        "holder.name",
        "holder.type",
        "purpose.matter_code",
        "purpose.matter_name",
        "purpose.case_number",
        "operator.account",
        "operator.name",
        "operator.role",
        "legal_basis.kind",
        "legal_basis.reference",
        "caller.region",
        "caller.department",
        "caller.department_name",
        "caller.system",
        "type.code",
        "type.zh",
    }
)
