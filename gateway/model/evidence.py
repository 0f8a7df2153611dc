"""What a city's record says, in canonical words.

Values by kind: text, money (yuan), date (ISO 8601), month (YYYY-MM) and decimal are str; integer is int; the others have a class here.
Every repr redacts: evidence is personal data throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from gateway.model.catalogue import EvidenceType
from gateway.model.city import CityFile


@dataclass(frozen=True, slots=True)
class Coded:
    """A canonical code and the words or code that the city used."""

    code: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, ISO 8601; an empty last day means no end."""

    first: str = field(repr=False)
    last: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class EvidenceHolder:
    """One holder named on the evidence; `role` where the evidence tells sexes or parts apart."""

    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    role: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table value, in the city's order; each row by canonical column name."""

    rows: tuple[Mapping[str, "Value"], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holders:
    """The holders named on the evidence, in the city's order."""

    holders: tuple[EvidenceHolder, ...] = field(repr=False)


Value = str | int | Coded | Period | Rows | Holders


class FindingCode(StrEnum):
    """What is odd about the evidence and was let through; names as in the contract."""

    IDENTIFIER_CHECK_FAILED = "IDENTIFIER_CHECK_FAILED"
    IDENTIFIER_ISSUER_INVALID = "IDENTIFIER_ISSUER_INVALID"
    IDENTIFIER_FORM_INVALID = "IDENTIFIER_FORM_INVALID"
    IDENTIFIER_TYPE_INVALID = "IDENTIFIER_TYPE_INVALID"
    UNKNOWN_DIVISION = "UNKNOWN_DIVISION"
    HOLDER_NAME_DIFFERS = "HOLDER_NAME_DIFFERS"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and the canonical field it concerns."""

    code: FindingCode
    field: str


class Verdict(StrEnum):
    """What a record says of a claim; names as in the contract. NO_RECORD is the city's own word, as of evidence."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    NO_RECORD = "NO_RECORD"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One certificate or e-licence: its type, and each field that the city gave.

    `verdicts` by field, instead of values, where the city itself compared; `files` where they were asked about.
    """

    type: EvidenceType
    values: Mapping[str, Value] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    files: tuple[CityFile, ...] = field(default=(), repr=False)
