"""Holds a document against a frozen pydantic model, and words whatever does not fit.

Laws: unknown keys are refused; nothing is coerced; every fault of the document is told, each at its own line, and none
repeats the value, which may be a secret written in the wrong place.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from gateway.config.document import Document, Path
from gateway.config.problem import ConfigError, Problem
from gateway.config.wording import did_you_mean, quoted

_FAULT: Final = "fault"
_KEY: Final = "[key]"
_Shaped = TypeVar("_Shaped")


def fault(message: str, hint: str = "", *, key: bool = False) -> PydanticCustomError:
    """What a validator raises: the fault, what to do, and whether it is the key rather than the value."""
    return PydanticCustomError(_FAULT, "{message}", {"message": message, "hint": hint, "key": key})


def unknown(what: str, name: str, known: Mapping[str, object] | frozenset[str] | tuple[str, ...]) -> tuple[str, str]:
    """Message and hint for a name that is none of the known ones."""
    return f"unknown {what} {quoted(name)}", did_you_mean(name, known)


class Section(BaseModel):
    """A mapping of the configuration: frozen, strict, closed. Each key's description is told when the key is missing."""

    # Built when first used: most sections stand in others only, and are built with them.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _worded(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Word the faults here, where the keys that are allowed are known."""
        try:
            return handler(value)
        except ValidationError as error:
            details = error.errors(include_url=False)
        raise ValidationError.from_exception_data(cls.__name__, [_reworded(cls, each) for each in details if not _follows(each)])

    @classmethod
    def allowed(cls) -> tuple[str, ...]:
        """The keys as they stand in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def meaning(cls, key: str) -> str:
        """The description of a key."""
        found = (field.description for name, field in cls.model_fields.items() if key in {name, field.alias})
        return next(found, None) or ""


def shape(document: Document, model: type[_Shaped], at: Path = ()) -> _Shaped:
    """The part of the document at the path, as the model. Raises ConfigError with every fault."""
    adapter: TypeAdapter[_Shaped] = _adapter(cast("Any", model))
    try:
        return adapter.validate_python(document.at(at))
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ConfigError(_problem(document, at, each) for each in details if not _follows(each)) from None


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _problem(document: Document, at: Path, detail: ErrorDetails) -> Problem:
    # Above the outermost Section there is nobody to word it.
    message, hint = _general(detail)
    key = detail["loc"][-1:] == (_KEY,) or bool(detail.get("ctx", {}).get("key"))
    return document.problem((*at, *_path(detail["loc"])), message, hint, key=key)


def _follows(detail: ErrorDetails) -> bool:
    """Whether it only follows from others: a list whose items are all at fault counts as empty for pydantic."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _path(location: Path) -> Path:
    """Without what pydantic puts between the keys: the tags of unions, and the mark of a key."""
    return tuple(part for part in location if part != _KEY and not (isinstance(part, str) and part.startswith("<")))


def _reworded(section: type[Section], detail: ErrorDetails) -> InitErrorDetails:
    return InitErrorDetails(type=_fault_of(section, detail), loc=detail["loc"], input=None)


def _fault_of(section: type[Section], detail: ErrorDetails) -> PydanticCustomError:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == _FAULT:
        return PydanticCustomError(_FAULT, "{message}", detail["ctx"])
    if detail["type"] == "extra_forbidden":
        return fault(*unknown("key", name, section.allowed()), key=True)
    if detail["type"] == "missing":
        meaning = section.meaning(name)
        return fault("the key is missing", f"add `{name}:`" + (f" ({meaning})" if meaning else ""), key=True)
    return fault(*_general(detail))


def _general(detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] == _FAULT:
        return detail["ctx"]["message"], detail["ctx"]["hint"]
    if detail["input"] is None and detail["type"] not in {"too_short", "string_too_short"}:
        return "there is no value", "write one, or take the key out if it is optional"
    if detail["type"] in {"literal_error", "enum"}:
        words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        hint = did_you_mean(str(detail["input"]), words) if words else f"write {detail['ctx']['expected']}"
        return "is none of the values allowed here", hint
    worded = _WORDING.get(detail["type"])
    return worded(detail.get("ctx", {})) if worded else (detail["msg"], "")


def _said(message: str, hint: str) -> Callable[[Mapping[str, Any]], tuple[str, str]]:
    return lambda _: (message, hint)


_MAPPING: Final = _said("must be a mapping", "write its keys on lines of their own, indented, each as `key: value`")
_WORDING: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = MappingProxyType(
    {
        "string_type": _said("must be a text", "put the value between quotes"),
        "int_type": _said("must be a whole number", "write it in digits, without quotes"),
        "bool_type": _said("must be true or false", "write true or false, without quotes"),
        "tuple_type": _said("must be a list", "write [a, b], or one item a line with a dash"),
        "model_type": _MAPPING,
        "model_attributes_type": _MAPPING,
        "mapping_type": _MAPPING,
        "dict_type": _MAPPING,
        "too_short": _said("names nothing", "name at least one, or take out what holds it"),
        "too_long": lambda ctx: ("names too many", f"name at most {ctx['max_length']}"),
        "string_too_short": _said("is empty", "write a value"),
        "string_too_long": lambda ctx: ("is too long", f"use at most {ctx['max_length']} characters"),
        "greater_than": lambda ctx: ("is too small", f"write more than {ctx['gt']}"),
        "greater_than_equal": lambda ctx: ("is too small", f"write {ctx['ge']} or more"),
        "less_than_equal": lambda ctx: ("is too large", f"write {ctx['le']} or less"),
        "union_tag_not_found": _said(
            "must be a rule", "write {from: ...}, {constant: ...} or another rule of the page on tables"
        ),
    }
)
