"""Unified social credit codes (统一社会信用代码) of organisations.

Laws: both checks must hold, the code's own and that of the organisation code inside it; one code has one spelling,
so lower case is refused, since certificates and agreements compare codes character by character.
Serves: GB 32100 (type code 001), with GB 11714 for characters 9-17 and GB/T 2260 for characters 3-8.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from gateway.model.identifiers.fault import Fault, Rule

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100: no I, O, S, V, Z."""

_RULE: Final = Rule(
    "unified social credit code",
    MappingProxyType(
        {
            Fault.LENGTH: "the number of characters is wrong; give all 18 without spaces",
            Fault.ALPHABET: "a character does not belong there; give half-width digits and upper-case letters "
            "(never I, O, S, V or Z), with digits only as characters 3 to 8",
            Fault.CHECK: "the last character does not fit the others; compare every character with the certificate",
            Fault.ORGANISATION_CHECK: "character 17 does not fit characters 9 to 16; compare them with the certificate",
        }
    ),
)

_LENGTH: Final = 18
_FORM: Final = re.compile(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECK_CHARACTERS: Final = "0X987654321"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A credit code whose two checks hold; made by `parse`. It is public, so it prints as it is."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 18 upper-case characters.

        Raises InvalidIdentifier: LENGTH, ALPHABET, CHECK or ORGANISATION_CHECK, the first of these that applies.
        """
        fault = _fault(text)
        if fault is not None:
            raise _RULE.broken(fault)
        return cls(text)

    @property
    def division(self) -> str:
        """Characters 3-8: the division of the registering authority (GB/T 2260)."""
        return self.code[2:8]

    @property
    def organisation_code(self) -> str:
        """Characters 9-17: the organisation code (组织机构代码, GB 11714), its check character included."""
        return self.code[8:17]

    def __str__(self) -> str:
        """Return the 18 characters."""
        return self.code


def is_credit_code(text: str) -> bool:
    """Tell whether `CreditCode.parse` accepts the text."""
    return _fault(text) is None


def check_character(body: str) -> str:
    """Return the check character of seventeen characters of `ALPHABET` (GB 32100)."""
    total = sum(weight * ALPHABET.index(character) for weight, character in zip(_WEIGHTS, body, strict=True))
    return ALPHABET[-total % 31]


def organisation_check_character(body: str) -> str:
    """Return the check character of an organisation code's eight (GB 11714): 0-9 as they are, A = 10 to Z = 35."""
    total = sum(weight * int(character, 36) for weight, character in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return _ORGANISATION_CHECK_CHARACTERS[total % 11]


def _fault(text: str) -> Fault | None:
    if len(text) != _LENGTH:
        return Fault.LENGTH
    if not _FORM.fullmatch(text):
        return Fault.ALPHABET
    if check_character(text[:17]) != text[17]:
        return Fault.CHECK
    if organisation_check_character(text[8:16]) != text[16]:
        return Fault.ORGANISATION_CHECK
    return None
