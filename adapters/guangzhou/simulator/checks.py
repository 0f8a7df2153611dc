"""How the city looks at a request's fields: there, and of the form its interface document says.

Laws: a field that is missing, null or empty is missing; one of a wrong type or form is malformed; missing is said
first.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

# A tuple: what is looked up in it may be a list, which no set takes.
ABSENT = (None, "")
TEXT = re.compile(r"\S(.{0,198}\S)?", re.DOTALL)
TOKEN = re.compile(r"[0-9A-Za-z_-]{1,64}")
HOLDER = re.compile(r"[0-9A-Za-z]{18}")
CODE = re.compile(r"[0-9A-Z]{18}")
DIVISION = re.compile(r"[0-9]{6}")
CASE = re.compile(r"\S{1,64}")


def body_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`; None if it is none."""
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def fields_of(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`value` laid flat: nested objects as "operator.account"."""
    flat: dict[str, Any] = {}
    for key, part in value.items():
        flat |= fields_of(part, f"{prefix}{key}.") if isinstance(part, dict) else {f"{prefix}{key}": part}
    return flat


def missing(fields: Mapping[str, Any], required: Mapping[str, object]) -> str | None:
    """The first required field that is not there."""
    return next((name for name in required if fields.get(name) in ABSENT), None)


def malformed(fields: Mapping[str, Any], forms: Mapping[str, re.Pattern[str]]) -> str | None:
    """The first field that is there, but not a string of its form."""
    present = ((name, fields[name], form) for name, form in forms.items() if fields.get(name) not in ABSENT)
    return next((name for name, value, form in present if not _is(value, form.fullmatch)), None)


def _is(value: object, matches: Callable[[str], object]) -> bool:
    return isinstance(value, str) and bool(matches(value))


def entitled(organisation: str) -> bool:
    """Whether an organisation may ask by statutory duty: state organs, public institutions and the like."""
    return organisation[:2] in {"11", "12", "13"}
