"""E-licence identifiers (电子证照标识) as they are met: parted, judged part by part, refused only on demand.

Laws: what has the dotted shape is read, and what is wrong with it is a finding, because real licences carry wrong
check characters and area codes where the issuer should stand; an identifier is never repaired; printing it shows
its findings only, for it points at one holder's licence.
Serves: GB/T 36904 (identifier), ISO/IEC 7064 MOD 37,36 (check character).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from gateway.model.identifiers.credit_code import is_credit_code
from gateway.model.identifiers.fault import Fault, InvalidIdentifier, Rule

OID: Final = "1.2.156.3005.2"
"""The root of all e-licence identifiers; never part of the check."""


class ELicenceFinding(StrEnum):
    """What is odd about an identifier, in the order of its parts."""

    TYPE_FORM = "TYPE_FORM"
    TYPE_DEFINER_NOT_CREDIT_CODE = "TYPE_DEFINER_NOT_CREDIT_CODE"
    ISSUER_NOT_CREDIT_CODE = "ISSUER_NOT_CREDIT_CODE"
    SERIAL_FORM = "SERIAL_FORM"
    VERSION_FORM = "VERSION_FORM"
    CHECK = "CHECK"


_WHAT: Final = "e-licence identifier"
_RULE: Final = Rule(
    _WHAT,
    MappingProxyType(
        {
            Fault.LENGTH: "it is too long to be one; give the identifier alone",
            Fault.FORM: "it is not the licence root and five dotted parts (type, issuer, serial, version, check); "
            "give the identifier (ZZBS) as the licence carries it, without spaces",
        }
    ),
)
_PAYLOAD_RULE: Final = Rule(
    "e-licence check payload",
    MappingProxyType(
        {
            Fault.ALPHABET: "a character does not belong there; give digits and upper-case letters, without dots",
        }
    ),
)
_STRICT: Final[Mapping[ELicenceFinding, tuple[Fault, str]]] = MappingProxyType(
    {
        ELicenceFinding.TYPE_FORM: (
            Fault.FORM,
            "the type is not 18 characters and 3 digits; ask the issuer to correct it",
        ),
        ELicenceFinding.TYPE_DEFINER_NOT_CREDIT_CODE: (
            Fault.FORM,
            "the type does not begin with a unified social credit code; ask the issuer to correct it",
        ),
        ELicenceFinding.ISSUER_NOT_CREDIT_CODE: (
            Fault.FORM,
            "the issuer is not a unified social credit code; ask the issuer to correct it",
        ),
        ELicenceFinding.SERIAL_FORM: (
            Fault.ALPHABET,
            "the serial holds something else than digits and upper-case letters; ask the issuer to correct it",
        ),
        ELicenceFinding.VERSION_FORM: (
            Fault.FORM,
            "the version is not 3 digits or upper-case letters; ask the issuer to correct it",
        ),
        ELicenceFinding.CHECK: (
            Fault.CHECK,
            "the check character does not fit the others; compare the licence, or ask the issuer to correct it",
        ),
    }
)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST: Final = 128
_PARTS: Final = 5
_TYPE: Final = re.compile(r"[0-9A-Z]{18}[0-9]{3}")
_SERIAL: Final = re.compile(r"[0-9A-Z]+")
_VERSION: Final = re.compile(r"[0-9A-Z]{3}")


@dataclass(frozen=True, slots=True, repr=False)
class ELicenceIdentifier:
    """The five parts of an identifier as they stand, and what is odd about them; made by `parse`.

    `type_code` is 21 characters when lawful (credit code of the defining body and 3 digits), `issuer` an 18-character
    credit code, `serial` any number of characters, `version` 3, `check` 1.
    """

    type_code: str
    issuer: str
    serial: str
    version: str
    check: str
    findings: tuple[ELicenceFinding, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Judge each part, so that no identifier exists without its findings."""
        object.__setattr__(self, "findings", tuple(finding for finding, wrong in self._judgements() if wrong))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the root and five dotted parts of printable characters without spaces, whatever they hold.

        Raises InvalidIdentifier: LENGTH beyond 128 characters, FORM when the shape is another.
        """
        if len(text) > _LONGEST:
            raise _RULE.broken(Fault.LENGTH)
        root, parts = text[: len(OID) + 1], text[len(OID) + 1 :].split(".")
        if root != f"{OID}." or len(parts) != _PARTS or not all(map(_is_part, parts)):
            raise _RULE.broken(Fault.FORM)
        return cls(*parts)

    @property
    def type_definer(self) -> str:
        """The first 18 characters of the type: the credit code of the body that defines it."""
        return self.type_code[:18]

    @property
    def payload(self) -> str:
        """What the check character is computed over: type, issuer, serial and version, without root and dots."""
        return f"{self.type_code}{self.issuer}{self.serial}{self.version}"

    @property
    def text(self) -> str:
        """The identifier as it was read."""
        return f"{OID}.{self.type_code}.{self.issuer}.{self.serial}.{self.version}.{self.check}"

    def strict(self) -> Self:
        """Return the identifier if nothing is odd about it; else raise InvalidIdentifier for the first finding."""
        if self.findings:
            raise InvalidIdentifier(_WHAT, *_STRICT[self.findings[0]])
        return self

    def _judgements(self) -> tuple[tuple[ELicenceFinding, bool], ...]:
        return (
            (ELicenceFinding.TYPE_FORM, not _TYPE.fullmatch(self.type_code)),
            (ELicenceFinding.TYPE_DEFINER_NOT_CREDIT_CODE, not is_credit_code(self.type_definer)),
            (ELicenceFinding.ISSUER_NOT_CREDIT_CODE, not is_credit_code(self.issuer)),
            (ELicenceFinding.SERIAL_FORM, not _SERIAL.fullmatch(self.serial)),
            (ELicenceFinding.VERSION_FORM, not _VERSION.fullmatch(self.version)),
            (ELicenceFinding.CHECK, _computed(self.payload) != self.check),
        )

    def __repr__(self) -> str:
        """Redacted: the findings only."""
        return f"<ELicenceIdentifier redacted, findings: {', '.join(self.findings) or 'none'}>"


def check_character(payload: str) -> str:
    """Return the ISO/IEC 7064 MOD 37,36 check character of a payload of digits and upper-case letters.

    Raises InvalidIdentifier: ALPHABET.
    """
    computed = _computed(payload)
    if computed is None:
        raise _PAYLOAD_RULE.broken(Fault.ALPHABET)
    return computed


def _computed(payload: str) -> str | None:
    remainder = 36
    for character in payload:
        value = _ALPHABET.find(character)
        if value < 0:
            return None
        remainder = 2 * ((remainder + value) % 36 or 36) % 37
    return _ALPHABET[(37 - remainder) % 36]


def _is_part(part: str) -> bool:
    return part != "" and part.isprintable() and " " not in part
