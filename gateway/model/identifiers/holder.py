"""Holder id types (持证主体代码类型), whom each names, and the rule by which each one's number is read.

Laws: a number is judged by the rule of its type and by no other; the canonical text is the text itself, except that
a resident number is brought to 18 characters, upper case; where no standard binds us the check is sober: length and
alphabet, so that a slip of the keyboard is caught and no true document is refused.
Serves: GB/T 36903 (holder code type), GB 32100 (001), GB 11643 (111), ICAO Doc 9303 part 4 (passport numbers).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from gateway.model.identifiers.credit_code import CreditCode
from gateway.model.identifiers.fault import Fault, Rule
from gateway.model.identifiers.resident_number import canonical


class HolderKind(StrEnum):
    """Whom a number names."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"


_TYPE_RULE: Final = Rule(
    "holder id type code",
    MappingProxyType(
        {
            Fault.UNKNOWN_CODE: "it is none of the listed codes; give three digits, such as 001 or 111",
        }
    ),
)


class HolderIdType(StrEnum):
    """The codes of GB/T 36903 for the document that a holder's number is taken from."""

    UNIFIED_SOCIAL_CREDIT_CODE = "001"
    OTHER_ORGANISATION = "099"
    RESIDENT_NUMBER = "111"
    OFFICER_CARD = "114"
    ARMED_POLICE_OFFICER_CARD = "115"
    DIPLOMATIC_PASSPORT = "411"
    SERVICE_PASSPORT = "412"
    PUBLIC_AFFAIRS_PASSPORT = "413"
    ORDINARY_PASSPORT = "414"
    MAINLAND_TRAVEL_PERMIT_TAIWAN = "511"
    MAINLAND_TRAVEL_PERMIT_HONG_KONG_MACAU = "516"
    RESIDENCE_PERMIT_551 = "551"
    RESIDENCE_PERMIT_552 = "552"
    OTHER_PERSON = "999"

    @classmethod
    def parse(cls, code: str) -> Self:
        """Read a type code of three digits. Raises InvalidIdentifier: UNKNOWN_CODE."""
        known = cls._value2member_map_.get(code)
        if not isinstance(known, cls):
            raise _TYPE_RULE.broken(Fault.UNKNOWN_CODE)
        return known

    @property
    def holder_kind(self) -> HolderKind:
        """Whether the document names a person or an organisation."""
        return HolderKind.ORGANISATION if self in _ORGANISATION_TYPES else HolderKind.PERSON


_ORGANISATION_TYPES: Final = frozenset({HolderIdType.UNIFIED_SOCIAL_CREDIT_CODE, HolderIdType.OTHER_ORGANISATION})

_CAPITALS: Final = re.compile(r"[0-9A-Z]+")
# Any script, for officers' cards and registers carry Chinese characters; full-width letters and digits are slips.
_ANY_SCRIPT: Final = re.compile(r"[^\s\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A]+")

_WRONG_LENGTH: Final = "the number of characters is wrong for this document; copy it from there, without spaces"
_ADVICE_CAPITALS: Final = MappingProxyType(
    {
        Fault.LENGTH: _WRONG_LENGTH,
        Fault.ALPHABET: "a character does not belong there; give half-width digits and upper-case letters only",
    }
)
_ADVICE_ANY_SCRIPT: Final = MappingProxyType(
    {
        Fault.LENGTH: _WRONG_LENGTH,
        Fault.ALPHABET: "it holds a space, an invisible character or a full-width letter or digit; type it half-width",
    }
)

_FULL_RESIDENT_LENGTH: Final = 18


@dataclass(frozen=True, slots=True)
class _Sober:
    """A check of length (both ends included) and alphabet, for numbers that no standard of ours binds."""

    rule: Rule
    shortest: int
    longest: int
    alphabet: re.Pattern[str]

    def read(self, text: str, _today: date) -> str:
        if not self.shortest <= len(text) <= self.longest:
            raise self.rule.broken(Fault.LENGTH)
        if not (self.alphabet.fullmatch(text) and text.isprintable()):
            raise self.rule.broken(Fault.ALPHABET)
        return text


# Doc 9303 gives a passport number nine places; short ones are old or diplomatic.
_PASSPORT: Final = _Sober(Rule("passport number", _ADVICE_CAPITALS), 4, 9, _CAPITALS)
_OFFICER: Final = _Sober(Rule("officer's card number", _ADVICE_ANY_SCRIPT), 4, 32, _ANY_SCRIPT)
# Eight digits today; ten digits and a letter or two on booklets.
_TAIWAN_PERMIT: Final = _Sober(Rule("mainland travel permit number", _ADVICE_CAPITALS), 8, 12, _CAPITALS)
# A letter and eight digits, and two more for the number of reissues on older cards.
_HONG_KONG_MACAU_PERMIT: Final = _Sober(Rule("mainland travel permit number", _ADVICE_CAPITALS), 9, 11, _CAPITALS)
_RESIDENCE_PERMIT: Final = _Sober(Rule("residence permit number", _ADVICE_CAPITALS), 8, 15, _CAPITALS)
_OTHER: Final = _Sober(Rule("document number", _ADVICE_ANY_SCRIPT), 1, 64, _ANY_SCRIPT)


def _read_credit_code(text: str, _today: date) -> str:
    return CreditCode.parse(text).code


def _read_resident_number(text: str, today: date) -> str:
    return canonical(text, today)


def _read_residence_permit(text: str, today: date) -> str:
    # Permits of eighteen characters are numbered as GB 11643 says (81, 82, 83, 9); only these have a check.
    if len(text) == _FULL_RESIDENT_LENGTH:
        return _read_resident_number(text, today)
    return _RESIDENCE_PERMIT.read(text, today)


_READERS: Final[Mapping[HolderIdType, Callable[[str, date], str]]] = MappingProxyType(
    {
        HolderIdType.UNIFIED_SOCIAL_CREDIT_CODE: _read_credit_code,
        HolderIdType.OTHER_ORGANISATION: _OTHER.read,
        HolderIdType.RESIDENT_NUMBER: _read_resident_number,
        HolderIdType.OFFICER_CARD: _OFFICER.read,
        HolderIdType.ARMED_POLICE_OFFICER_CARD: _OFFICER.read,
        HolderIdType.DIPLOMATIC_PASSPORT: _PASSPORT.read,
        HolderIdType.SERVICE_PASSPORT: _PASSPORT.read,
        HolderIdType.PUBLIC_AFFAIRS_PASSPORT: _PASSPORT.read,
        HolderIdType.ORDINARY_PASSPORT: _PASSPORT.read,
        HolderIdType.MAINLAND_TRAVEL_PERMIT_TAIWAN: _TAIWAN_PERMIT.read,
        HolderIdType.MAINLAND_TRAVEL_PERMIT_HONG_KONG_MACAU: _HONG_KONG_MACAU_PERMIT.read,
        HolderIdType.RESIDENCE_PERMIT_551: _read_residence_permit,
        HolderIdType.RESIDENCE_PERMIT_552: _read_residence_permit,
        HolderIdType.OTHER_PERSON: _OTHER.read,
    }
)


def parse_holder_number(id_type: HolderIdType, text: str, today: date) -> str:
    """Return the canonical text of a holder's number, checked by the rule of its type.

    | type | rule |
    |---|---|
    | 001 | both checks of GB 32100 |
    | 111 | GB 11643; fifteen digits become eighteen, x becomes X |
    | 411-414 | 4-9 digits and upper-case letters |
    | 511 | 8-12 digits and upper-case letters |
    | 516 | 9-11 digits and upper-case letters |
    | 551, 552 | eighteen characters as 111; else 8-15 digits and upper-case letters |
    | 114, 115 | 4-32 visible characters of any script |
    | 099, 999 | 1-64 visible characters of any script |

    "Visible" leaves out spaces and full-width letters and digits. Raises InvalidIdentifier.
    """
    return _READERS[id_type](text, today)
