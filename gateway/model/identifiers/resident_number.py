"""Resident identity numbers (公民身份号码) and the numbers of permits built on the same form.

Laws: the birth date is a real date, not after `today`; the check character is MOD 11-2 over the seventeen before it;
an unknown division is a finding, never a refusal; nothing is trimmed, folded or repaired except that a lower-case x
is X and fifteen digits become eighteen; no text made from a number shows it.
Serves: GB 11643 (ISO/IEC 7064 MOD 11-2), type code 111; the 2023 rules for foreign permanent resident cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import starmap
from operator import mul
from types import MappingProxyType
from typing import Final, Self

from gateway.model.identifiers import division as divisions
from gateway.model.identifiers.fault import Fault, Rule


class ResidentKind(StrEnum):
    """Which card the number stands on."""

    RESIDENT = "RESIDENT"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    """Residents of Hong Kong (81), Macau (82) and Taiwan (83)."""
    FOREIGN_PERMANENT_RESIDENT = "FOREIGN_PERMANENT_RESIDENT"
    """Cards issued from 2023: 9, province, nationality, birth date, sequence, check."""
    FOREIGN_PERMANENT_RESIDENT_FORMER = "FOREIGN_PERMANENT_RESIDENT_FORMER"
    """Older cards: three letters and twelve digits, without a check or a full birth date."""


class Sex(StrEnum):
    """Sex as the sequence number carries it: odd is male, even female."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class ResidentFinding(StrEnum):
    """What is odd about a number and is let through."""

    UNKNOWN_DIVISION = "UNKNOWN_DIVISION"


_RULE: Final = Rule(
    "resident identity number",
    MappingProxyType(
        {
            Fault.LENGTH: "the number of characters is wrong; give all 18 (or the 15 of an older card) without spaces",
            Fault.ALPHABET: "a character does not belong there; give half-width digits, with X only as the last of 18",
            Fault.FORM: "15 digits never start like this; give the 18 characters of the permit or resident's card",
            Fault.BIRTH_DATE: "the birth date in it is no real date or lies in the future; compare it with the card",
            Fault.CHECK: "the check character does not fit the others; compare every character with the card",
        }
    ),
)

_FULL: Final = re.compile(r"[0-9]{17}[0-9Xx]")
_SHORT: Final = re.compile(r"[0-9]{15}")
_FORMER: Final = re.compile(r"[A-Z]{3}[0-9]{12}")
_FULL_LENGTH: Final = 18
_SHORT_LENGTH: Final = 15

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"

_KIND_BY_PREFIX: Final[Mapping[str, ResidentKind]] = MappingProxyType(
    {
        "81": ResidentKind.RESIDENCE_PERMIT,
        "82": ResidentKind.RESIDENCE_PERMIT,
        "83": ResidentKind.RESIDENCE_PERMIT,
        "9": ResidentKind.FOREIGN_PERMANENT_RESIDENT,
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class ResidentNumber:
    """A number that keeps the rule of its card; made by `parse`. Printing it shows its kind only.

    `number` is 18 characters, upper case (15 for the former foreign form). `born` and `sex` are None for that form,
    which writes no century. `division` is the place of first registration, None for permits and foreign residents.
    """

    number: str
    kind: ResidentKind
    born: date | None
    sex: Sex | None
    division: str | None
    findings: tuple[ResidentFinding, ...]

    @classmethod
    def parse(cls, text: str, today: date) -> Self:
        """Read 18 characters, 15 digits of an older card, or the former foreign form.

        Raises InvalidIdentifier: LENGTH, ALPHABET, FORM, BIRTH_DATE or CHECK, the first of these that applies.
        """
        number, born = _read(text, today)
        if born is None:
            return cls(number, ResidentKind.FOREIGN_PERMANENT_RESIDENT_FORMER, None, None, None, ())
        kind = _kind(number)
        division = number[:6] if kind is ResidentKind.RESIDENT else None
        sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
        return cls(number, kind, born, sex, division, _findings(division))

    def __repr__(self) -> str:
        """Redacted: the kind only."""
        return f"<ResidentNumber {self.kind}, redacted>"


def canonical(text: str, today: date) -> str:
    """The `number` that `ResidentNumber.parse` reads, for who wants nothing else of it. Raises as it does."""
    return _read(text, today)[0]


def _read(text: str, today: date) -> tuple[str, date | None]:
    """The number, and the day of birth in it; the former foreign form has none."""
    if _FORMER.fullmatch(text):
        return text, None
    number = _eighteen(text)
    born = _birth_date(number)
    if born is None or born > today:
        raise _RULE.broken(Fault.BIRTH_DATE)
    if check_character(number[:17]) != number[17]:
        raise _RULE.broken(Fault.CHECK)
    return number, born


def check_character(body: str) -> str:
    """Return the MOD 11-2 check character (0-9 or X) of seventeen ASCII digits (GB 11643)."""
    return _CHECK_CHARACTERS[sum(starmap(mul, zip(_WEIGHTS, map(int, body), strict=True))) % 11]


def _eighteen(text: str) -> str:
    if len(text) == _FULL_LENGTH:
        if not _FULL.fullmatch(text):
            raise _RULE.broken(Fault.ALPHABET)
        return text.upper()
    if len(text) != _SHORT_LENGTH:
        raise _RULE.broken(Fault.LENGTH)
    if not _SHORT.fullmatch(text):
        raise _RULE.broken(Fault.ALPHABET)
    if _kind(text) is not ResidentKind.RESIDENT:
        # Permits and foreign residents' cards were numbered after 1999 and never had fifteen digits.
        raise _RULE.broken(Fault.FORM)
    body = f"{text[:6]}19{text[6:]}"
    return body + check_character(body)


def _kind(number: str) -> ResidentKind:
    return _KIND_BY_PREFIX.get(number[:2]) or _KIND_BY_PREFIX.get(number[:1]) or ResidentKind.RESIDENT


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _findings(division: str | None) -> tuple[ResidentFinding, ...]:
    if division is not None and divisions.standing(division) is divisions.Standing.UNKNOWN:
        return (ResidentFinding.UNKNOWN_DIVISION,)
    return ()
