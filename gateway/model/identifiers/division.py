"""Administrative divisions (行政区划) of the two cities, and which of their codes are abandoned.

Laws: an abandoned code is a known code, for it stands on living people's cards and on old registrations; a code
beyond these tables is not called unknown; a code inside a number never decides routing.
Serves: GB/T 2260. Names carry no suffix (市, 区).
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import chain
from types import MappingProxyType
from typing import Final


class Standing(StrEnum):
    """What the tables can say about a code."""

    CURRENT = "CURRENT"
    ABANDONED = "ABANDONED"
    UNKNOWN = "UNKNOWN"
    """The tables cover the place and do not hold the code, or it has no form of GB/T 2260 at all."""
    UNTABLED = "UNTABLED"
    """A well-formed code of a place the tables do not cover: no claim."""


_CODE_LENGTH: Final = 6
_FIRST_DIGITS: Final = frozenset("12345678")
_DIGITS: Final = frozenset("0123456789")

_REGIONS: Final[Mapping[str, str]] = MappingProxyType({"440100": "广州", "440600": "佛山"})

_DISTRICTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "440103": "荔湾",
        "440104": "越秀",
        "440105": "海珠",
        "440106": "天河",
        "440111": "白云",
        "440112": "黄埔",
        "440113": "番禺",
        "440114": "花都",
        "440115": "南沙",
        "440117": "从化",
        "440118": "增城",
        "440604": "禅城",
        "440605": "南海",
        "440606": "顺德",
        "440607": "三水",
        "440608": "高明",
    }
)

_ABANDONED_NAMES: Final[Mapping[str, str]] = MappingProxyType({"440102": "东山", "440107": "芳村", "440116": "萝岗"})

_ABANDONED: Final[frozenset[str]] = frozenset(
    chain(
        _ABANDONED_NAMES,
        map(
            str,
            chain(
                range(440121, 440129),
                range(440181, 440185),
                range(440602, 440604),
                range(440620, 440625),
                range(440681, 440685),
            ),
        ),
    ),
)

_NAMES: Final[Mapping[str, str]] = MappingProxyType({**_REGIONS, **_DISTRICTS, **_ABANDONED_NAMES})

_REGION_BY_PREFIX: Final[Mapping[str, str]] = MappingProxyType({region[:4]: region for region in _REGIONS})


def name(code: str) -> str | None:
    """Return the Chinese name of a region or district; None where the tables hold none (some abandoned codes too)."""
    return _NAMES.get(code)


def is_abandoned(code: str) -> bool:
    """Tell whether the code was a division of the two cities and no longer is."""
    return code in _ABANDONED


def standing(code: str) -> Standing:
    """Say what the tables know of a six-digit code. Never raises."""
    if code in _REGIONS or code in _DISTRICTS:
        return Standing.CURRENT
    if is_abandoned(code):
        return Standing.ABANDONED
    if not _has_form(code) or code[:4] in _REGION_BY_PREFIX:
        return Standing.UNKNOWN
    return Standing.UNTABLED


def region_of(code: str) -> str | None:
    """Return the region (440100 or 440600) that a current or abandoned code belongs to; None for any other code."""
    if standing(code) in {Standing.CURRENT, Standing.ABANDONED}:
        return _REGION_BY_PREFIX[code[:4]]
    return None


def _has_form(code: str) -> bool:
    # The first digit of GB/T 2260 is one of eight great areas; 0 and 9 are not assigned.
    return len(code) == _CODE_LENGTH and code[0] in _FIRST_DIGITS and _DIGITS.issuperset(code)
