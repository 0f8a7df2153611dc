"""Parameters as protobuf: read into canonical form, and what is at fault in them.

Laws: a name stands once; a violation names the place and what is asked of it, never the value.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from gateway.model.query import MonthRange, Parameter
from gateway.model.refusal import Violation
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.texts import PLAIN

_MOST: Final = 16
"""Each may be at fault, and what is said of all of them must fit into the 16 KiB of metadata that a caller takes."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MONTH: Final = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of parameter: when it holds, and what is asked of it."""

    holds: Callable[[pb.Parameter], bool]
    wanted: str


def read(given: Sequence[pb.Parameter]) -> Mapping[str, Parameter]:
    """The parameters by their names; none of them is at fault."""
    return MappingProxyType({each.name: _parameter(each) for each in given})


def faults(given: Sequence[pb.Parameter]) -> tuple[Violation, ...]:
    """What is wrong with each, and with all together."""
    if len(given) > _MOST:
        return (Violation("parameters", f"at most {_MOST}"),)
    return tuple(_faults(list(given))) if given else ()


def _faults(listed: list[pb.Parameter]) -> Iterator[Violation]:
    if len({each.name for each in listed}) != len(listed):
        yield Violation("parameters", "names one parameter twice")
    for place, each in enumerate(listed):
        wanted = _KINDS.get(each.WhichOneof("value") or "")
        if wanted is None or not _NAME.fullmatch(each.name):
            yield Violation(f"parameters[{place}]", "needs a name, as the directory spells it, and a value")
        elif not wanted.holds(each):
            yield Violation(f"parameters[{place}]", wanted.wanted)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _are_months(given: pb.MonthRange) -> bool:
    first, last = given.first, given.last
    return bool(_MONTH.fullmatch(first) and _MONTH.fullmatch(last)) and first <= last


_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": Kind(lambda p: bool(PLAIN.fullmatch(p.text)), "a text of 1 to 200 characters, no control characters"),
        "months": Kind(lambda p: _are_months(p.months), "two months YYYY-MM, the first not after the last"),
        "date": Kind(lambda p: _is_day(p.date), "a date YYYY-MM-DD that exists"),
    }
)


def _parameter(given: pb.Parameter) -> Parameter:
    match given.WhichOneof("value"):
        case "months":
            months = given.months
            return MonthRange(months.first, months.last)
        case "date":
            return date.fromisoformat(given.date)
    return given.text
