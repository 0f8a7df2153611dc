"""What a city's own codes mean to us, and the refusals that follow.

Laws: a code that stands in no table is CITY_ANSWER_INVALID and never NO_RECORD; a refusal names the interface, the part and the
rule, never a value; the city's code goes beside it, and only where it looks like a code.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from gateway.model.refusal import Reason, Refusal, Unasked

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_PERSONAL = re.compile(r"[0-9]{9}|[A-Z][0-9]{8}|[0-9A-Z]{18}")
"""What a number of a person, a telephone, a document or an organisation holds, and a code of a city's does not."""
_OTHER = "_other"


class Meaning(Enum):
    """What one of a city's codes says."""

    OK = auto()
    NO_RECORD = auto()
    REFUSED = auto()
    UNAVAILABLE = auto()
    EXPIRED_TOKEN = auto()
    INVALID = auto()
    CODE_REFUSED = auto()
    OURS = auto()
    AMBIGUOUS = auto()


class TokenExpiredError(Refusal):
    """The city no longer takes our token. Whoever holds a fresh one may ask once more; otherwise the city has refused."""


class Unreached(Unasked):
    """No connection was made, so no byte of the question left: it may be asked again without being asked twice."""


class ItemFault(Refusal):
    """A fault of what was asked together with others: it may be that of one of them, and then not that of the others."""


@contextmanager
def once_asked() -> Iterator[None]:
    """For what follows the first step of a question: not to be reached now is no Unasked, or the city would be asked twice."""
    try:
        yield
    except Unasked as refusal:
        raise Refusal(refusal.reason, refusal.detail, city_status=refusal.city_status) from None


_WORDS: Mapping[Meaning, tuple[type[Refusal], Reason, str]] = MappingProxyType(
    {
        Meaning.REFUSED: (Refusal, Reason.CITY_REFUSED, "the city refuses the question"),
        Meaning.UNAVAILABLE: (Refusal, Reason.CITY_UNAVAILABLE, "the city says that it cannot answer now"),
        Meaning.EXPIRED_TOKEN: (TokenExpiredError, Reason.CITY_REFUSED, "the city no longer takes our token"),
        Meaning.CODE_REFUSED: (Refusal, Reason.PRESENTED_CODE_REFUSED, "the city does not take the shown code"),
        Meaning.INVALID: (Refusal, Reason.CITY_ANSWER_INVALID, "the city's code cannot stand here"),
        Meaning.OURS: (
            Refusal,
            Reason.CITY_REFUSED,
            "the city says that the fault is the gateway's: look at the system's settings",
        ),
        Meaning.AMBIGUOUS: (Refusal, Reason.HOLDER_AMBIGUOUS, "the city says that several holders match"),
    }
)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One interface's codes and their meanings. `kind` is the type in which the city writes them, for 0 is not "0"."""

    kind: type[str] | type[int]
    meanings: Mapping[str | int, Meaning]

    def judge(self, code: object, where: str, status: str | None = None) -> Meaning:
        """OK or NO_RECORD; anything else is raised. `status` is the city's status as evidence where it is more than `code`."""
        meaning = self.meanings.get(code) if type(code) is self.kind else None
        if meaning is Meaning.OK or meaning is Meaning.NO_RECORD:
            return meaning
        told = spelled(code) if status is None else status
        if meaning is None:
            raise invalid(where, "stands in no table of codes", told)
        refusal, reason, words = _WORDS[meaning]
        raise refusal(reason, f"{where}: {words}", city_status=told)


def invalid(where: str, rule: str, status: str = "") -> Refusal:
    """A city's answer that breaks a rule of its own interface. `where` names interface and part."""
    return Refusal(Reason.CITY_ANSWER_INVALID, f"{where}: {rule}", city_status=status)


def likewise(error: Exception) -> Exception:
    """The same for another whom it befalls: with a traceback of its own, which leads to nobody else's question."""
    if not isinstance(error, Refusal):
        return error
    return type(error)(error.reason, error.detail, violations=error.violations, city_status=error.city_status)


def timed_out(where: str) -> Refusal:
    """The city has not answered in the time there was."""
    return Refusal(Reason.CITY_TIMEOUT, f"{where}: no answer in time")


def spelled(code: object) -> str:
    """The city's code as evidence: itself where it looks like a code, `_other` where it does not."""
    text = code if isinstance(code, str) else str(code) if type(code) is int else ""
    return text if _CODE.fullmatch(text) and not _PERSONAL.search(text) else _OTHER
