"""The older licence codes (license_code, 电子证照编码) of Guangdong's licence platform.

Laws: ten digits and eight letters or digits, compared as they stand: no check, no case folding, no claim that the
division or the year is right; printing a code shows nothing of it, for it points at one holder's licence.
Serves: the provincial `license-app/v1` interface. The auth_code (用证码) is a secret of another kind and not read here.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from gateway.model.identifiers.fault import Fault, Rule

_RULE: Final = Rule(
    "licence code",
    MappingProxyType(
        {
            Fault.LENGTH: "the number of characters is wrong; give all 18 without spaces",
            Fault.ALPHABET: "a character does not belong there; give ten half-width digits and eight letters or digits",
        }
    ),
)
_LENGTH: Final = 18
_FORM: Final = re.compile(r"[0-9]{10}[0-9A-Za-z]{8}")


@dataclass(frozen=True, slots=True, repr=False)
class LicenceCode:
    """An opaque code of 18 characters; made by `parse`."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 18 characters. Raises InvalidIdentifier: LENGTH or ALPHABET."""
        if len(text) != _LENGTH:
            raise _RULE.broken(Fault.LENGTH)
        if not _FORM.fullmatch(text):
            raise _RULE.broken(Fault.ALPHABET)
        return cls(text)

    @property
    def division(self) -> str:
        """Characters 1-6: a division, as the platform wrote it."""
        return self.code[:6]

    @property
    def year(self) -> int:
        """Characters 7-10: a year, as the platform wrote it."""
        return int(self.code[6:10])

    @property
    def serial(self) -> str:
        """Characters 11-18, upper and lower case apart."""
        return self.code[10:]

    def __repr__(self) -> str:
        """Redacted."""
        return "<LicenceCode redacted>"
