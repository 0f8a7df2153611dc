"""What is asked besides the holder: the parameters of a question, from --months, from --parameter, and from a sample of dev.json.

Law: a message names the parameter and what is asked of it, never the value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import click

from gateway.client import MonthRange, Offered
from gateway.model.query import Parameter

_MONTHS: Final = "months"
_MONTH: Final = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of parameter is written: its value, or None where the text is none, and what is asked of it."""

    read: Callable[[str], Parameter | None]
    wanted: str


def months(text: str | None) -> Mapping[str, Parameter]:
    """What --months names. Raises click.UsageError."""
    if text is None:
        return {}
    found = _range(text)
    if found is None:
        raise click.UsageError("--months is two months and two dots, e.g. 2024-01..2024-06")
    return {_MONTHS: found}


def spelt(given: Sequence[str], months: str | None) -> Mapping[str, str]:
    """The text of each --parameter, by its name. Raises click.UsageError where one has no form, or names a parameter again."""
    found: dict[str, str] = {}
    for name, equals, value in (each.partition("=") for each in given):
        if not (name and equals):
            raise click.UsageError("--parameter is a name, = and a value, e.g. invoiced_on=2024-05-17")
        if name in found or (name == _MONTHS and months is not None):
            raise click.UsageError(f"the parameter {name} is given twice; give it once")
        found[name] = value
    return found


def typed(spelt: Mapping[str, str], offered: Sequence[Offered], evidence_type: str) -> Mapping[str, Parameter]:
    """Each of the kind that the directory names for it. Raises click.UsageError.

    Those of a type that is not offered are read by their form: it is the gateway that refuses the question, and says why.
    """
    found = [each for each in offered if evidence_type in (each.code, each.alias)]
    if not found:
        return {name: formed(value) for name, value in spelt.items()}
    kinds = {parameter.name: parameter.kind for each in found for parameter in each.parameters}
    for name in spelt.keys() - kinds.keys():
        raise click.UsageError(_unknown(name, evidence_type, tuple(kinds)))
    return {name: _read(name, kinds[name], value) for name, value in spelt.items()}


def sampled(sample: Mapping[str, Any]) -> Mapping[str, Parameter]:
    """Those of a sample: months stand there in two parts, a day and any other text as it is written."""
    return {
        name: MonthRange(value["first"], value["last"]) if isinstance(value, dict) else formed(str(value))
        for name, value in sample.get("parameters", {}).items()
    }


def formed(text: str) -> Parameter:
    """What the text looks like: months, a day, or else a text."""
    return _months(text) or _day(text) or text


def _read(name: str, kind: str, text: str) -> Parameter:
    form = _FORMS.get(kind, _TEXT)
    value = form.read(text)
    if value is None:
        raise click.UsageError(f"--parameter {name}: {form.wanted}")
    return value


def _unknown(name: str, evidence_type: str, known: tuple[str, ...]) -> str:
    from gateway.config.wording import did_you_mean, quoted

    advice = did_you_mean(name, known) if known else "it takes none: leave --parameter out"
    return f"{evidence_type} has no parameter {quoted(name)}; {advice}"


def _range(text: str) -> MonthRange | None:
    first, dots, last = text.partition("..")
    return MonthRange(first, last) if dots else None


def _months(text: str) -> MonthRange | None:
    found = _range(text)
    good = found and _MONTH.fullmatch(found.first) and _MONTH.fullmatch(found.last) and found.first <= found.last
    return found if good else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


_TEXT: Final = Form(lambda text: text or None, "a text that is not empty")
_FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "text": _TEXT,
        "date": Form(_day, "a date YYYY-MM-DD that exists"),
        "month_range": Form(_months, "two months and two dots, the first not after the last, e.g. 2024-01..2024-06"),
    }
)
