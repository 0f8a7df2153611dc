"""The rules of a table as they stand in a file -> gateway.model.rules.

Laws: a rule renames, maps codes, names a form or a unit, sets a constant, or withholds, with one form at most; a date form
knows %Y %m %d and, to be cut off, %H %M %S, and nothing of any locale.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from gateway.config.shape import Section, fault
from gateway.config.words import Frozen, Text
from gateway.model import rules

AS_IS: Final = "as-is"
_PARTS: Final = re.compile(r"%.?", re.DOTALL)
_DAY: Final = ("%Y", "%d", "%m")
_TIME: Final = frozenset({"%H", "%M", "%S"})
_MONTH: Final = ("%Y", "%m")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _day_form(form: str) -> str:
    parts = _PARTS.findall(form)
    if sorted(each for each in parts if each not in _TIME) != list(_DAY):
        raise fault("must be the form of a day", "use %Y, %m and %d once each, and %H %M %S for a time that is cut off")
    return form


def _month_form(form: str) -> str:
    if sorted(_PARTS.findall(form)) != list(_MONTH):
        raise fault("must be the form of a month", "use %Y and %m once each, and no other %")
    return form


def _path(text: str) -> str:
    if not all(text.split(".")):
        raise fault("must be a dotted path", "write name.name, without an empty part")
    return text


Dotted = Annotated[Text, AfterValidator(_path)]
DayForms = Annotated[tuple[Annotated[Text, AfterValidator(_day_form)], ...], Field(min_length=1), BeforeValidator(_listed)]
MonthForms = Annotated[tuple[Annotated[Text, AfterValidator(_month_form)], ...], Field(min_length=1), BeforeValidator(_listed)]
Meaning = Annotated[Mapping[str, Text], Field(min_length=1), Frozen]


class _Formed(Section):
    """What a value read or written may be put through: one form at most."""

    date: DayForms | None = Field(default=None, description="strptime form of a day, or several tried in order")
    month: MonthForms | None = Field(default=None, description="strptime form of a month, or several tried in order")
    codes: Meaning | None = Field(default=None, description="code list")
    lossy: bool = Field(default=False, description="admits that several codes of the list mean the same")

    @model_validator(mode="after")
    def _one_form(self) -> "_Formed":
        unit = getattr(self, "unit", None)
        if sum(each is not None for each in (self.date, self.month, self.codes, unit)) > 1:
            raise fault("has more than one of date, month, unit and codes", "keep one")
        if self.lossy and self.codes is None:
            raise fault("is lossy without a code list", "take out `lossy`")
        return self

    def form(self) -> rules.Form | None:
        """The form as the model has it."""
        if self.date is not None:
            return rules.DateForm(self.date)
        if self.month is not None:
            return rules.MonthForm(self.month)
        return None if self.codes is None else rules.Codes(self.codes, self.lossy)


class AskFrom(_Formed):
    """Outward: one part of the question."""

    source: Dotted = Field(alias="from", description="a part of the question by its canonical path")
    of: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="of holder.id_number: the kinds of number (GB/T 36903) that the system takes; by itself those in the codes of "
        "holder.id_type, or resident numbers and credit codes",
    )

    def rule(self) -> rules.Source:
        """As the model has it."""
        return rules.Source(self.source, self.form(), frozenset(self.of))


class ConstantSection(Section):
    """Always the same text."""

    constant: Annotated[str, Field(max_length=400)] = Field(description="the text")

    def rule(self) -> rules.Constant:
        """As the model has it."""
        return rules.Constant(self.constant)


class WithheldSection(Section):
    """Not given by this system, or not to be taken."""

    withheld: Text = Field(description="why")

    def rule(self) -> rules.Withheld:
        """As the model has it."""
        return rules.Withheld(self.withheld)


class ReadSection(_Formed):
    """Inward: one part of the city's record."""

    source: Dotted = Field(alias="from", description="a part of the city's record by its path")
    unit: Literal["yuan", "fen", "wan-yuan", "as-is"] | None = Field(
        default=None, description="of money: yuan, fen or wan-yuan; of a decimal: as-is"
    )
    absent: tuple[Annotated[str, Field(max_length=400)], ...] = Field(default=(), description="texts that mean 'not there'")
    optional: bool = Field(default=False, description="whether it may be absent")

    def form(self) -> rules.Form | None:
        """The form as the model has it."""
        return super().form() if self.unit in {None, AS_IS} else rules.MoneyUnit(str(self.unit))

    def rule(self) -> rules.Read:
        """As the model has it."""
        return rules.Read(self.source, self.form(), frozenset(self.absent), self.optional)


class PeriodSection(Section):
    """Inward: first and last day."""

    first: ReadSection = Field(description="the first day")
    last: ReadSection = Field(description="the last day; absent means no end")

    def rule(self) -> rules.ReadPeriod:
        """As the model has it."""
        return rules.ReadPeriod(self.first.rule(), self.last.rule())


def _kind_of_cell(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((f"<{key}>" for key in ("constant", "withheld") if key in value), "<from>")


Cell = Annotated[
    Annotated[ReadSection, Tag("<from>")] | Annotated[ConstantSection, Tag("<constant>")], Discriminator(_kind_of_cell)
]
Column = Annotated[
    Annotated[ReadSection, Tag("<from>")]
    | Annotated[ConstantSection, Tag("<constant>")]
    | Annotated[WithheldSection, Tag("<withheld>")],
    Discriminator(_kind_of_cell),
]


class RowsSection(Section):
    """Inward: a list of records, each read by columns."""

    rows: Dotted = Field(description="path of the list in the city's record")
    columns: Annotated[Mapping[str, Column], Field(min_length=1), Frozen] = Field(description="canonical column -> rule")
    optional: bool = Field(default=False, description="whether the list may be absent")

    def rule(self) -> rules.ReadRows:
        """As the model has it."""
        return rules.ReadRows(self.rows, {name: each.rule() for name, each in self.columns.items()}, self.optional)


class HolderSection(Section):
    """Inward: one holder at a fixed place of the record."""

    name: Cell = Field(description="the holder's name")
    id_type: Cell = Field(description="code of the kind of number (GB/T 36903)")
    id_number: Cell = Field(description="the holder's number")
    role: Cell | None = Field(default=None, description="which of several holders")

    def place(self, each: str | None = None) -> rules.HolderPlace:
        """As the model has it."""
        role = self.role.rule() if self.role else None
        return rules.HolderPlace(self.name.rule(), self.id_type.rule(), self.id_number.rule(), role, each)


class HolderListSection(HolderSection):
    """Inward: a list of records, each of one holder."""

    each: Dotted = Field(description="path of the list in the city's record")

    def rule(self) -> rules.ReadHolders:
        """As the model has it."""
        return rules.ReadHolders((self.place(self.each),))


HolderPlaces = Annotated[tuple[HolderSection, ...], Field(min_length=1)]
_KEYS: Final = ("withheld", "constant", "rows", "first", "last", "each")


def _kind_of_ask(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    return "<constant>" if "constant" in value else "<from>"


def _kind_of_answer(value: object) -> str | None:
    if isinstance(value, tuple):
        return "<places>"
    if not isinstance(value, dict):
        return None
    found = next((key for key in _KEYS if key in value), "each" if "id_number" in value else "from")
    return "<first>" if found == "last" else f"<{found}>"


Ask = Annotated[Annotated[AskFrom, Tag("<from>")] | Annotated[ConstantSection, Tag("<constant>")], Discriminator(_kind_of_ask)]
Answer = Annotated[
    Annotated[ReadSection, Tag("<from>")]
    | Annotated[ConstantSection, Tag("<constant>")]
    | Annotated[WithheldSection, Tag("<withheld>")]
    | Annotated[RowsSection, Tag("<rows>")]
    | Annotated[PeriodSection, Tag("<first>")]
    | Annotated[HolderListSection, Tag("<each>")]
    | Annotated[HolderPlaces, Tag("<places>")],
    Discriminator(_kind_of_answer),
]


def answer_rule(section: Answer) -> rules.AnswerRule:
    """As the model has it."""
    if isinstance(section, tuple):
        return rules.ReadHolders(tuple(each.place() for each in section))
    return section.rule()
