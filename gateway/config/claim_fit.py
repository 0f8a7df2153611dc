"""Whether a table's `verify` can be trusted with a comparison: each claim in the one spelling that the city has for the value.

Laws: a city compares texts, so what it writes in more ways than one (money, decimals) is compared in the gateway; the holder must be
compared as well, or a mistyped number verifies somebody else's paper; a code goes out by the list by which it comes in.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gateway.config.document import Document, Path
from gateway.config.problem import Problem
from gateway.config.rule_fit import lossless
from gateway.config.shape import unknown
from gateway.model import rules
from gateway.model.catalogue import EvidenceType, Field, ValueKind

_HOLDER: Final = "holder.name"
_FORMS: Final[Mapping[ValueKind, type | None]] = MappingProxyType(
    {
        ValueKind.TEXT: None,
        ValueKind.INTEGER: None,
        ValueKind.DATE: rules.DateForm,
        ValueKind.MONTH: rules.MonthForm,
        ValueKind.CODED: rules.Codes,
    }
)


def claim_problems(document: Document, spec: rules.TableSpec, kind: EvidenceType) -> Iterator[Problem]:
    """The problems of the table's `verify`, if it has one."""
    if spec.verify is None:
        return
    here: Path = ("verify", "claims")
    fields = {f"{rules.CLAIMS}.{name}": field for name, field in kind.fields.items() if field.kind in _FORMS}
    known = frozenset(fields.keys() | {_HOLDER})
    for name, rule in spec.verify.claims.items():
        if name in spec.ask:
            yield document.problem((*here, name), "stands in `ask` too", "name it once", key=True)
        if rule.path not in known:
            yield document.problem((*here, name, "from"), *unknown("claim that a city can compare", rule.path, known))
        elif rule.path in fields:
            yield from _fitting(document, (*here, name), rule, fields[rule.path])
    paths = [rule.path for rule in spec.verify.claims.values()]
    if len(set(paths)) != len(paths):
        yield document.problem(here, "names one part of the question twice", "keep one", key=True)
    if _HOLDER not in paths:
        message = "does not compare the holder, so that a mistyped number would verify somebody else's paper"
        yield document.problem(here, message, f"add a name with {{from: {_HOLDER}}}", key=True)


def _fitting(document: Document, at: Path, rule: rules.Source, field: Field) -> Iterator[Problem]:
    expected = _FORMS[field.kind]
    if expected is None and rule.form is not None:
        yield document.problem(at, f"this form does not fit a value of kind {field.kind}", "use no form")
    elif field.kind is ValueKind.CODED and rule.form is None:
        yield document.problem(at, "a code needs the city's code", "add `codes: {canonical: city's}`")
    elif expected is not None and rule.form is not None and not isinstance(rule.form, expected):
        yield document.problem(at, f"this form does not fit a value of kind {field.kind}", "use the form of the answer")
    elif isinstance(rule.form, rules.Codes) and (rule.form.lossy or not lossless(rule.form)):
        yield document.problem(at, "several codes become one, so that a verdict would be of another", "leave it to the gateway")
    elif isinstance(rule.form, rules.Codes):
        for code in sorted(rule.form.meaning.keys() - set(field.codes)):
            yield document.problem((*at, "codes", code), *unknown(f"code of {field.name}", code, field.codes), key=True)
