"""Outward: the question in the city's words."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import CityRequest
from gateway.model.exchange import Route
from gateway.model.query import Holder, MonthRange, Parameter, PresentedCode, Query
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.model.rules import CLAIMS, AskRule, Codes, Constant, DateForm, Form, MonthForm
from gateway.model.table import Asking, Table, Writer
from gateway.stages.translate.naming import written


def _named(asking: Asking) -> Holder:
    if isinstance(asking.query.holder, PresentedCode):
        raise RuntimeError("a question by a code names no holder")  # noqa: TRY004  our fault, whatever its type
    return asking.query.holder


_READ: Mapping[str, Callable[[Asking], str]] = MappingProxyType(
    {
        "request_id": lambda a: a.query.request_id,
        "holder.id_number": lambda a: _named(a).id_number,
        "holder.id_type": lambda a: _named(a).id_type,
        "holder.name": lambda a: written(_named(a).name),
        "holder.type": lambda a: _named(a).type.value,
        "purpose.matter_code": lambda a: a.query.purpose.matter_code,
        "purpose.matter_name": lambda a: a.query.purpose.matter_name,
        "purpose.case_number": lambda a: a.query.purpose.case_number,
        "operator.account": lambda a: a.query.purpose.operator.account,
        "operator.name": lambda a: a.query.purpose.operator.name,
        "operator.role": lambda a: a.query.purpose.operator.role,
        "legal_basis.kind": lambda a: a.query.legal_basis.kind.value,
        "legal_basis.reference": lambda a: a.query.legal_basis.reference,
        "caller.region": lambda a: a.caller.region,
        "caller.department": lambda a: a.caller.department,
        "caller.department_name": lambda a: a.department_name,
        "caller.system": lambda a: a.caller.system,
        "type.code": lambda a: a.type.code,
        "type.zh": lambda a: a.type.zh,
    }
)


_PARTS: Mapping[str, str] = MappingProxyType(
    {"%Y": "{0.year:04}", "%m": "{0.month:02}", "%d": "{0.day:02}", "%H": "00", "%M": "00", "%S": "00"}
)
_PYTHON: Mapping[ValueKind, type] = MappingProxyType({ValueKind.TEXT: str, ValueKind.DATE: date, ValueKind.MONTHS: MonthRange})


def outward(route: Route) -> CityRequest:
    """The question for the city: to its own operation that compares where that knows every claim, else for the evidence.

    Raises INVALID_REQUEST for a parameter that is missing, superfluous or of another kind, a kind of holder's number that the city does not
    take, and a claim about what it does not give.
    """
    query, table = route.permit.query, route.table
    _check(query.parameters, table.type.parameters)
    _numbered(query, table)
    _given(query, table)
    _filed(query, table)
    own, once = table.verifying, isinstance(query.holder, PresentedCode)
    writers = table.presenting.outward if once and table.presenting else table.outward
    operation = route.operation
    if query.claims and own is not None and query.claimed <= own.claims.keys():
        operation, writers = own.operation, (*writers, *own.holder, *(own.claims[each.field] for each in query.claims))
    asking = Asking(query, route.permit.caller, route.permit.agreement.department_name, table.type)
    values = {name: text for name, write in writers if (text := write(asking)) is not None}
    return CityRequest(table.system, operation, MappingProxyType(values), files=query.file is not None, once=once)


def _numbered(query: Query, table: Table) -> None:
    """A number of another kind would be taken for one of these, and its NO_RECORD be about nobody."""
    if not table.id_types or isinstance(query.holder, PresentedCode) or query.holder.id_type in table.id_types:
        return
    taken = f"this region takes {' or '.join(table.id_types)} for this type; DirectoryService.ListEvidenceTypes lists them"
    raise Refusal(Reason.INVALID_REQUEST, "holder.id_type is at fault", violations=(Violation("holder.id_type", taken),))


def _filed(query: Query, table: Table) -> None:
    if query.file and query.file.format not in table.files:
        given = f"gives it as {', '.join(table.files)}" if table.files else "gives no files of this type"
        violation = Violation("format", f"this region {given}; DirectoryService.ListEvidenceTypes lists the formats")
        raise Refusal(Reason.INVALID_REQUEST, "format is at fault", violations=(violation,))


def _given(query: Query, table: Table) -> None:
    """A claim about what the city does not give has no verdict: it would read as NO_RECORD."""
    violations = tuple(
        Violation(f"claims[{place}].field", "this region does not give the field, so that no claim about it can be verified")
        for place, each in enumerate(query.claims)
        if each.field in table.withheld
    )
    if violations:
        raise Refusal(Reason.INVALID_REQUEST, "claims are at fault", violations=violations)


def _check(given: Mapping[str, Parameter], wanted: tuple[Field, ...]) -> None:
    known = {field.name: field for field in wanted}
    superfluous = sorted(given.keys() - known.keys())
    violations = [Violation(f"parameters.{name}", "this type takes no such parameter") for name in superfluous]
    for name, field in known.items():
        if name in given and not isinstance(given[name], _PYTHON[field.kind]):
            violations.append(Violation(f"parameters.{name}", f"is of kind {field.kind}"))
        if name not in given and field.required:
            violations.append(Violation(f"parameters.{name}", f"is required ({field.zh}), of kind {field.kind}"))
    if violations:
        raise Refusal(Reason.INVALID_REQUEST, "parameters are at fault", violations=tuple(violations))


def writer(rule: AskRule) -> Writer:
    """The function that yields the city's value, or None where an optional parameter was not given."""
    if isinstance(rule, Constant):
        text = rule.text
        return lambda _: text
    text_of = _READ.get(rule.path)
    if text_of and rule.form is None:
        return text_of
    read = text_of or _claim(rule.path) or _parameter(rule.path)
    return _spelled(read, rule.path, rule.form) if rule.form is not None else _plain(read)


def code(asking: Asking) -> str:
    """The code that the holder shows."""
    if isinstance(asking.query.holder, PresentedCode):
        return asking.query.holder.code
    raise RuntimeError("a question that names its holder has no code")


def _claim(path: str) -> Callable[[Asking], Parameter | None] | None:
    """What a caller claims for a field, a date as such."""
    head, _, name = path.partition(".")
    if head != CLAIMS:
        return None

    def read(asking: Asking) -> Parameter | None:
        claim = next((each for each in asking.query.claims if each.field == name), None)
        if claim is None:
            return None
        return date.fromisoformat(claim.value) if claim.kind == ValueKind.DATE else claim.value

    return read


def _parameter(path: str) -> Callable[[Asking], Parameter | None]:
    head, _, rest = path.partition(".")
    name, *part = rest.split(".")
    if head != "parameters" or not name or part not in ([], ["first"], ["last"]):
        raise RuntimeError(f"no such outward source: {path}")
    if not part:
        return lambda asking: asking.query.parameters.get(name)

    def bound(asking: Asking) -> str | None:
        months = asking.query.parameters.get(name)
        return getattr(months, part[0]) if isinstance(months, MonthRange) else None

    return bound


def _plain(read: Callable[[Asking], Parameter | None]) -> Writer:
    def write(asking: Asking) -> str | None:
        value = read(asking)
        return value if value is None or isinstance(value, str) else str(value)

    return write


def _spelled(read: Callable[[Asking], Parameter | None], path: str, form: Form) -> Writer:
    spell = _spelling(form)

    def write(asking: Asking) -> str | None:
        value = read(asking)
        if value is None:
            return None
        spelled = spell(value)
        if spelled is None:
            violation = Violation(path, "this region has no code for the value")
            raise Refusal(Reason.INVALID_REQUEST, f"{path} has no code in this city", violations=(violation,))
        return spelled

    return write


def _spelling(form: Form) -> Callable[[Parameter], str | None]:
    if isinstance(form, Codes):
        return lambda value: form.meaning.get(str(value))
    if isinstance(form, MonthForm):
        write = _writing(form.forms[0])
        return lambda value: write(date.fromisoformat(f"{value}-01"))
    if isinstance(form, DateForm):
        write = _writing(form.forms[0])
        return lambda value: write(value) if isinstance(value, date) else None
    raise RuntimeError(f"{form} is no form of a question")


def _writing(form: str) -> Callable[[date], str]:
    """Writes a day in a strptime form; date.strftime pads a year below 1000 on some machines only, and asks the locale."""
    pieces = re.split(r"(%[A-Za-z])", form.replace("{", "{{").replace("}", "}}"))
    return "".join(_PARTS[piece] if piece.startswith("%") else piece for piece in pieces).format
