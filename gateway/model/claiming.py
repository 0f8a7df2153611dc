"""Claims and values in one form, so that they can be compared: by what they mean, not by how somebody wrote it.

Laws: a claim has one canonical form or none; whatever compares knows canonical forms only. Money and decimals are numbers, dates ISO 8601,
a code is a code whatever text stands beside it; a text is compared without widths (NFKC), white space at its ends and how much there is
within; a holder's name besides without case, blanks and dots.
In words: docs/verifying.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from gateway.model.catalogue import Field, ValueKind
from gateway.model.evidence import Coded, Evidence, Holders, Period, Value, Verdict
from gateway.model.query import Claimed
from gateway.model.unshown import UNSHOWN

_DOTS: Final = frozenset("\u00b7\u2022\u2027\u30fb\u002e\u3002")
_MONEY: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_CODE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TEXT: Final = re.compile(rf"[^\x00-\x1f{UNSHOWN}]{{1,2000}}")
_RANK: Final = (Verdict.NO_RECORD, Verdict.MISMATCH, Verdict.MATCH)


def spelt(name: str) -> str:
    """A name without what keyboards and registers do to it: widths, spaces, and the many dots between parts of a name."""
    return "".join(sign for sign in normalize("NFKC", name).casefold() if not sign.isspace() and sign not in _DOTS)


def canonical(kind: str, text: str) -> str | None:
    """A claim's value of this kind in canonical form; None where it is none. A period is `first/last`, the last day perhaps empty."""
    return _FORMS[ValueKind(kind)](text)


def claimable(field: Field) -> str:
    """The kind that a claim about this field is of; empty where no claim can be made about it."""
    kind = ValueKind.TEXT if field.kind is ValueKind.HOLDERS else field.kind
    return kind.value if kind in _FORMS else ""


def judged(papers: Sequence[Evidence], claims: Sequence[Claimed]) -> tuple[tuple[str, Verdict], ...]:
    """A verdict on each claim, NO_RECORD where there is no paper.

    All are of one paper: the one that bears out most claims, and of several such the one that bears out the earlier claims.
    """
    verdicts = [tuple(_verdict(paper, each) for each in claims) for paper in papers]
    best = max(verdicts, key=_fit, default=(Verdict.NO_RECORD,) * len(claims))
    return tuple((claim.field, verdict) for claim, verdict in zip(claims, best, strict=True))


def _fit(verdicts: tuple[Verdict, ...]) -> tuple[int, list[int]]:
    return verdicts.count(Verdict.MATCH), [_RANK.index(each) for each in verdicts]


def _verdict(paper: Evidence, claim: Claimed) -> Verdict:
    if claim.field in paper.verdicts:
        return paper.verdicts[claim.field]
    value = paper.values.get(claim.field)
    if value is None:
        return Verdict.NO_RECORD
    return Verdict.MATCH if _bears_out(value, claim) else Verdict.MISMATCH


def _bears_out(value: Value, claim: Claimed) -> bool:
    match value:
        case Holders():
            return bool(spelt(claim.value)) and spelt(claim.value) in {spelt(each.name) for each in value.holders}
        case Coded():
            return value.code == claim.value
        case Period():
            return f"{value.first}/{value.last}" == claim.value
        case str() if claim.kind == ValueKind.TEXT:
            return _plain(value) == claim.value
        case str() | int():
            return canonical(claim.kind, str(value)) == claim.value
    raise RuntimeError("a value of this kind is not claimed")


def _money(text: str) -> str | None:
    return f"{Decimal(text) + 0:.2f}" if _MONEY.fullmatch(text) else None


def _decimal(text: str) -> str | None:
    return f"{(Decimal(text) + 0).normalize():f}" if _DECIMAL.fullmatch(text) else None


def _whole(text: str) -> str | None:
    return str(int(text)) if _WHOLE.fullmatch(text) else None


def _day(text: str) -> str | None:
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


def _month(text: str) -> str | None:
    return text if _MONTH.fullmatch(text) else None


def _period(text: str) -> str | None:
    first, slash, last = text.partition("/")
    return text if slash and _day(first) and (not last or _day(last)) else None


def _plain(text: str) -> str:
    return " ".join(normalize("NFKC", text).split())


def _text(text: str) -> str | None:
    made = _plain(text)
    return made if _TEXT.fullmatch(made) else None


_FORMS: Final[Mapping[ValueKind, Callable[[str], str | None]]] = MappingProxyType(
    {
        ValueKind.TEXT: _text,
        ValueKind.INTEGER: _whole,
        ValueKind.MONEY: _money,
        ValueKind.DATE: _day,
        ValueKind.MONTH: _month,
        ValueKind.DECIMAL: _decimal,
        ValueKind.CODED: lambda text: text if _CODE.fullmatch(text) else None,
        ValueKind.PERIOD: _period,
    }
)
