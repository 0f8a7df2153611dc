"""Reads one text of a city as one canonical value, by the field's kind and the rule's form.

Laws: a value or a CITY_ANSWER_INVALID; the refusal names the part and the rule, never the text.
Canonical forms: dates and months ISO 8601, money in yuan with two decimals, decimals as the city wrote them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Self

from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import Record
from gateway.model.evidence import Coded, Value
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import Cell, Codes, Constant, DateForm, Form, MoneyUnit, MonthForm, Read
from gateway.model.table import Reader
from gateway.model.unshown import UNSHOWN

Text = Callable[[str], Value | None]

_LONGEST = 20_000
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_CANONICAL_YUAN = re.compile(r"(?:0|[1-9][0-9]{0,14})\.[0-9]{2}")
_WHOLE_FEN = re.compile(r"[1-9][0-9]{2,14}")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_CONTROL = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff{UNSHOWN}]")
_PLACES: Mapping[MoneyUnit, int] = MappingProxyType({MoneyUnit.YUAN: 0, MoneyUnit.FEN: -2, MoneyUnit.WAN_YUAN: 4})


@dataclass(frozen=True, slots=True)
class _Part:
    pattern: str
    width: int


_PARTS: Mapping[str, _Part] = MappingProxyType(
    {
        "%Y": _Part("[0-9]{4}", 4),
        "%m": _Part("[0-9]{2}", 2),
        "%d": _Part("[0-9]{2}", 2),
        "%H": _Part("(?:[01][0-9]|2[0-3])", 2),
        "%M": _Part("[0-5][0-9]", 2),
        "%S": _Part("[0-5][0-9]", 2),
    }
)


def invalid(part: str, why: str) -> Refusal:
    """A city's answer that is none, by its own interface document."""
    return Refusal(Reason.CITY_ANSWER_INVALID, f"answer part {part}: {why}")


def follow(record: Record, path: tuple[str, ...]) -> object:
    """What stands at the dotted path, or None."""
    here: object = record.get(path[0])
    for step in path[1:]:
        if not isinstance(here, Mapping):
            return None
        here = here.get(step)
    return here


def cell(rule: Cell, field: Field) -> Reader:
    """The function that reads one value of a record."""
    if isinstance(rule, Constant):
        constant = Coded(rule.text, rule.text) if field.kind is ValueKind.CODED else rule.text
        return lambda _: constant
    return _reading(rule, _interpreter(field.kind, rule.form))


def column(rule: Cell, field: Field) -> Callable[[Sequence[Record]], Sequence[Value | None]]:
    """The function that reads one value of each record. A text that stands in several, as most do in a long statement, is read once."""
    read, name = cell(rule, field), "" if isinstance(rule, Constant) else rule.path

    def read_each(records: Sequence[Record]) -> Sequence[Value | None]:
        found = [record.get(name) for record in records]
        if {*map(type, found)} != {str}:  # what is no text may be equal to another kind of value, as True is to 1
            return [*map(read, records)]
        values = {text: read({name: text}) for text in dict.fromkeys(found)}
        return [values[text] for text in found]

    return read_each if name and "." not in name else lambda records: [*map(read, records)]


def _reading(rule: Read, interpret: Text) -> Reader:
    name, path, absent = rule.path, tuple(rule.path.split(".")), rule.absent | {""}
    whole = path[0] if len(path) == 1 else None

    def read(record: Record) -> Value | None:
        found = follow(record, path) if whole is None else record.get(whole)
        # Nearly every value is such a text, and a long statement has hundreds.
        plain = found.strip() if isinstance(found, str) and len(found) <= _LONGEST and found.isprintable() else None
        text = _text(found, name) if plain is None else plain
        if text in absent:
            if rule.optional:
                return None
            raise invalid(name, "is missing")
        value = interpret(text)
        if value is None:
            raise invalid(name, "does not have the form that the table names")
        return value

    return read


def _text(found: object, name: str) -> str:
    """A leaf as text; null is the empty text."""
    if isinstance(found, str):
        text = found.strip()
        if len(text) > _LONGEST or _CONTROL.search(text):
            raise invalid(name, "is too long or holds control characters")
        return text
    if found is None:
        return ""
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**15:
        return str(found)
    raise invalid(name, "is not a text or a whole number")


def _interpreter(kind: ValueKind, form: Form | None) -> Text:
    if isinstance(form, Codes):
        meaning = {text: Coded(code, text) for text, code in form.meaning.items()}
        return meaning.get
    if isinstance(form, DateForm):
        return _days(form.forms)
    if isinstance(form, MonthForm):
        return _months(form.forms)
    if isinstance(form, MoneyUnit):
        return _money(_PLACES[form])
    return _UNFORMED[kind]


@dataclass(frozen=True, slots=True)
class _Written:
    """A strptime form as a pattern, ten times as fast and without a locale, and where its parts stand: each has its own width."""

    pattern: re.Pattern[str]
    year: slice
    month: slice
    day: slice

    @classmethod
    def of(cls, form: str) -> Self:
        places, texts, at = {"%d": slice(0)}, list[str](), 0
        for piece in re.split(r"(%[A-Za-z])", form):
            part = _PARTS[piece] if piece.startswith("%") else None
            texts.append(part.pattern if part else re.escape(piece))
            width = part.width if part else len(piece)
            places[piece] = slice(at, at + width)
            at += width
        return cls(re.compile("".join(texts)), places["%Y"], places["%m"], places["%d"])


def _days(forms: tuple[str, ...]) -> Text:
    known = tuple(map(_Written.of, forms))

    def read(text: str) -> str | None:
        for form in known:
            if form.pattern.fullmatch(text):
                day = f"{text[form.year]}-{text[form.month]}-{text[form.day]}"
                if _is_day(day):
                    return day
        return None

    return read


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _months(forms: tuple[str, ...]) -> Text:
    known = tuple(map(_Written.of, forms))

    def read(text: str) -> str | None:
        for form in known:
            if form.pattern.fullmatch(text):
                year, month = text[form.year], text[form.month]
                if year != "0000" and "01" <= month <= "12":
                    return f"{year}-{month}"
        return None

    return read


def _money(places: int) -> Text:
    yuan_given, fen_given = (places == _PLACES[unit] for unit in (MoneyUnit.YUAN, MoneyUnit.FEN))

    def read(text: str) -> str | None:
        # Most amounts need no arithmetic, and a long statement has many of them.
        if yuan_given and _CANONICAL_YUAN.fullmatch(text):
            return text
        if fen_given and _WHOLE_FEN.fullmatch(text):
            return f"{text[:-2]}.{text[-2:]}"
        if not _NUMBER.fullmatch(text):
            return None
        yuan = Decimal(text).scaleb(places) + 0  # adding nothing makes -0 the 0 that it is
        return f"{yuan:.2f}" if yuan == round(yuan, 2) else None

    return read


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _decimal(text: str) -> str | None:
    return text if _NUMBER.fullmatch(text) else None


_UNFORMED: Mapping[ValueKind, Text] = MappingProxyType(
    {
        ValueKind.TEXT: lambda text: text,
        ValueKind.INTEGER: _whole,
        ValueKind.DECIMAL: _decimal,
        ValueKind.MONEY: _money(0),
        ValueKind.DATE: _days(("%Y-%m-%d",)),
        ValueKind.MONTH: _months(("%Y-%m",)),
    }
)
