"""Whether one inward rule fits one single value: its form, its codes, its constant.

Laws: a value of the kind coded needs a code list, and each canonical code of the list exists; a constant is written as the
canonical value of its kind is written.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from gateway.config.document import Document, Path
from gateway.config.problem import Problem
from gateway.config.shape import unknown
from gateway.config.wording import listed
from gateway.model import rules
from gateway.model.catalogue import Field, ValueKind

_FORMS: Final[Mapping[ValueKind, type]] = MappingProxyType(
    {
        ValueKind.CODED: rules.Codes,
        ValueKind.DATE: rules.DateForm,
        ValueKind.MONTH: rules.MonthForm,
        ValueKind.MONEY: rules.MoneyUnit,
    }
)
_FORM_ADVICE: Final[Mapping[ValueKind, str]] = MappingProxyType(
    {
        ValueKind.CODED: "add `codes: {city's: canonical}`",
        ValueKind.DATE: "use `date`, or no form where the city writes 2026-09-01",
        ValueKind.MONTH: "use `month`, or no form where the city writes 2026-09",
        ValueKind.MONEY: "use `unit`: yuan, fen or wan-yuan",
        ValueKind.DECIMAL: "use no form, or `unit: as-is`",
    }
)
_UNITS: Final[Mapping[ValueKind, frozenset[str]]] = MappingProxyType(
    {ValueKind.MONEY: frozenset({"yuan", "fen", "wan-yuan"}), ValueKind.DECIMAL: frozenset({"as-is"})}
)


def lossless(codes: rules.Codes) -> bool:
    """Whether no two codes of the list mean the same."""
    return len(set(codes.meaning.values())) == len(codes.meaning)


def cell_problems(document: Document, at: Path, about: Field, rule: rules.Cell) -> Iterator[Problem]:
    """The problems of the rule at the path, as one for a single value of the field. Coded without known codes may have any."""
    if isinstance(rule, rules.Constant):
        yield from _constant(document, at, about, rule)
        return
    expected = _FORMS.get(about.kind)
    unit = document.at((*at, "unit"))
    if unit is not None and unit not in _UNITS.get(about.kind, frozenset()):
        yield _misfit(document, (*at, "unit"), "this unit", about)
    elif rule.form is None and about.kind is ValueKind.CODED:
        yield _misfit(document, at, "a rule without a code list", about)
    elif rule.form is not None and (expected is None or not isinstance(rule.form, expected)):
        yield _misfit(document, at, "this form", about)
    elif isinstance(rule.form, rules.Codes):
        yield from _codes(document, (*at, "codes"), about, rule.form)


def _misfit(document: Document, at: Path, what: str, about: Field) -> Problem:
    hint = _FORM_ADVICE.get(about.kind, "use no form")
    return document.problem(at, f"{what} does not fit a value of kind {about.kind}", hint)


def _codes(document: Document, at: Path, about: Field, codes: rules.Codes) -> Iterator[Problem]:
    if about.codes:
        for text, code in codes.meaning.items():
            if code not in about.codes:
                yield document.problem((*at, text), *unknown(f"code of {about.name}", code, about.codes))
    if not codes.lossy and not lossless(codes):
        shared = {code for code in codes.meaning.values() if list(codes.meaning.values()).count(code) > 1}
        message = f"several of the city's codes mean the same: {listed(shared)}"
        yield document.problem(at, message, "map them apart, or add `lossy: true`", key=True)


def _constant(document: Document, at: Path, about: Field, rule: rules.Constant) -> Iterator[Problem]:
    here = (*at, "constant")
    if about.kind is ValueKind.CODED:
        if about.codes and rule.text not in about.codes:
            yield document.problem(here, *unknown(f"code of {about.name}", rule.text, about.codes))
        return
    if about.kind not in _CONSTANTS:
        yield document.problem(here, f"a value of kind {about.kind} is never constant", "write {from: ...} or {withheld: ...}")
        return
    fits, advice = _CONSTANTS[about.kind]
    if not fits(rule.text):
        yield document.problem(here, f"is no value of kind {about.kind}", advice)


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


_CONSTANTS: Final[Mapping[ValueKind, tuple[Callable[[str], bool], str]]] = MappingProxyType(
    {
        ValueKind.TEXT: (lambda text: text == text.strip() != "", "write a text without spaces at its ends"),
        ValueKind.DATE: (_is_day, "write it as 2026-09-01"),
        ValueKind.MONTH: (lambda text: _is_day(f"{text}-01"), "write it as 2026-09"),
        ValueKind.MONEY: (
            lambda text: re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{2}", text) is not None,
            "write yuan with two decimals",
        ),
        ValueKind.DECIMAL: (
            lambda text: re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text) is not None,
            "write digits and a point",
        ),
    }
)
