"""One line of `kuacheng check`: what was looked at, how it stands, why, what mends it, and where to read more.

Laws: every line speaks both languages; no secret and nobody's data stands in one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.checking.wording import WORDINGS, Fault


class Category(StrEnum):
    """In the order in which they are looked at."""

    CONFIGURATION = "configuration"
    TABLES = "tables"
    CERTIFICATES = "certificates"
    RIGHTS = "file-rights"
    LEDGER = "ledger"
    CITIES = "cities"
    CLOCK = "clock"
    LIMITS = "limits"
    GATEWAY = "gateway"


class State(StrEnum):
    """FAILED keeps the gateway, or a city, from serving. LEFT_OUT could not be looked at."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Line:
    """`what` names the part; `reason` and `mend` in English and, as `_zh`, in Chinese; `link` a page of the documentation."""

    category: Category
    what: str
    state: State
    code: str = ""
    reason: str = ""
    mend: str = ""
    reason_zh: str = ""
    mend_zh: str = ""
    link: str = ""


def fine(category: Category, what: str, reason: str = "", reason_zh: str = "") -> Line:
    """This is as it should be."""
    return Line(category, what, State.FINE, reason=reason, reason_zh=reason_zh)


def found(category: Category, what: str, fault: Fault, **facts: object) -> Line:
    """This is not; `facts` fill the wording."""
    said = WORDINGS[fault]
    return Line(
        category,
        what,
        State(said.state),
        fault.value,
        reason=said.reason.format(**facts),
        mend=said.mend.format(**facts),
        reason_zh=said.reason_zh.format(**facts),
        mend_zh=said.mend_zh.format(**facts),
        link=said.link,
    )


def failing(lines: Iterable[Line]) -> bool:
    """Whether anything keeps us from serving."""
    return any(each.state is State.FAILED for each in lines)
