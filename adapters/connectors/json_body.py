"""Strict JSON, bounded: what a city writes as JSON, as plain records.

Laws: UTF-8 only; a name twice in one object is refused, for two readers would take two values; NaN and infinities are refused;
no number goes through a float, a fraction is kept as its text; nothing nests deeper than 32.
Standard: RFC 8259, with the strictness of RFC 7493.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Never, TypeVar

import msgspec
import orjson

from adapters.connectors.verdict import invalid

_DEEPEST = 32
_MOST_PLACES = 30
_BLANKS = " \t\n\r"
_WITH_PARTS = frozenset({list, dict})

_text = json.JSONEncoder(ensure_ascii=False).encode

_Kind = TypeVar("_Kind", str, int, list[object], dict[str, object])


def write_json(value: object) -> bytes:
    """Compact JSON in UTF-8, Chinese characters as they are."""
    return orjson.dumps(value)


def read_json(body: bytes, where: str) -> object:
    """The value that the body holds. Raises CITY_ANSWER_INVALID."""
    try:
        value = _decoded(body)
    except (ValueError, RecursionError, msgspec.DecodeError):
        raise invalid(where, "is not strict JSON" if _is_utf8(body) else "is not UTF-8") from None
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _is_too_deep(value):
        raise invalid(where, "nests too deep")
    return value


def read_json_text(text: str, where: str) -> object:
    """The value of a JSON text. Raises CITY_ANSWER_INVALID."""
    return read_json(text.encode("utf-8", "surrogatepass"), where)


def read_object(body: bytes, where: str) -> dict[str, object]:
    """The object that the body holds. Raises CITY_ANSWER_INVALID."""
    return expect(read_json(body, where), dict[str, object], where)


def member(record: dict[str, object], name: str, kind: type[_Kind], where: str) -> _Kind:
    """The member of this name, which must be there and of this kind. Raises CITY_ANSWER_INVALID."""
    return expect(record.get(name), kind, f"{where} {name}")


def expect(value: object, kind: type[_Kind], where: str) -> _Kind:
    """The value, which must be of this very kind: true is no integer. Raises CITY_ANSWER_INVALID."""
    plain: type = getattr(kind, "__origin__", kind)
    if type(value) is not plain:
        raise invalid(where, f"is missing or no {_NAMES[plain]}")
    return value  # type: ignore[return-value]


def objects(rows: list[object], where: str) -> tuple[dict[str, object], ...]:
    """The rows, each of which must be an object. Raises CITY_ANSWER_INVALID."""
    return tuple([expect(row, dict[str, object], where) for row in rows])


_NAMES = {str: "string", int: "integer", list: "array", dict: "object"}


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST - 1):
        level = [below for each in level for below in _below(each) if type(below) in _WITH_PARTS]
    return any(level)


def _below(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes) -> object:
    """Nearly every body is read by msgspec, in half the time; what that cannot tell is left to a decoder that sees each name."""
    if b"\\u" not in body:
        value: object = _quick.decode(body)
        return value if _names_differ(value, body) else _whole(body.decode())
    value = _whole(body.decode())
    _text(value).encode()  # half a surrogate pair has no UTF-8
    return value


def _whole(text: str) -> object:
    text = text.strip(_BLANKS)
    value, end = _strict.raw_decode(text)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def _names_differ(value: object, body: bytes) -> bool:
    """Whether it is sure that no name stands twice in one object. The body has no escapes by number.

    Every name comes with a colon, and colons within texts stay; so where the first of two was dropped, a colon is missing.
    """
    try:
        return orjson.dumps(value).count(b":") == body.count(b":")
    except TypeError:  # an integer of more than 64 bits, or deeper than orjson goes
        return False


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a name stands twice")
    return record


def _fraction(text: str) -> str:
    """A number that is no integer: its own text, or, where it has an exponent, the same without."""
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise ValueError("a number has no value") from None
    if abs(number.adjusted()) > _MOST_PLACES or len(text) > _MOST_PLACES:
        raise ValueError("a number is out of all proportion")
    return f"{number:f}"


def _constant(_: str) -> Never:
    raise ValueError("NaN and infinities are no JSON")


_quick = msgspec.json.Decoder(float_hook=_fraction)
_strict = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_fraction, parse_constant=_constant)
