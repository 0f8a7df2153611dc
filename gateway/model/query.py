"""What a caller asks: a question in canonical words, well-formed but not yet permitted.

Every value here that holds personal data has a redacting repr.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class HolderType(StrEnum):
    """Whose evidence (持证主体类别)."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"


class Power(StrEnum):
    """What is wanted of the evidence; an agreement grants each by itself."""

    QUERY = "QUERY"
    VERIFY = "VERIFY"
    DOWNLOAD = "DOWNLOAD"


class LegalBasisKind(StrEnum):
    """On what legal ground (用证依据)."""

    STATUTORY_DUTY = "STATUTORY_DUTY"
    HOLDER_AUTHORISED = "HOLDER_AUTHORISED"
    ENTRUSTED = "ENTRUSTED"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose evidence is asked for (持证主体)."""

    type: HolderType
    id_type: str
    id_number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentedCode:
    """The code that a holder shows (亮证码), in place of who they are: a secret, and it serves once."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts at the caller's side (经办人)."""

    account: str
    role: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Purpose:
    """For what (用证目的)."""

    matter_code: str
    matter_name: str
    case_number: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """On what ground, and where that is written."""

    kind: LegalBasisKind
    reference: str
    token: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class MonthRange:
    """First and last month, both included, `YYYY-MM`; first <= last."""

    first: str
    last: str


Parameter = str | date | MonthRange


@dataclass(frozen=True, slots=True)
class Claimed:
    """That a field has this value: `kind` as in the catalogue, `value` in the canonical form of gateway.model.claiming."""

    field: str
    kind: str
    value: str = dataclasses.field(repr=False)


class FileFormat(StrEnum):
    """What an evidence file is written in."""

    OFD = "OFD"
    PDF = "PDF"
    PNG = "PNG"


@dataclass(frozen=True, slots=True)
class FileWanted:
    """The file of the evidence in this format; of the paper with this number, where the holder has several."""

    format: FileFormat
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Query:
    """One question about one holder to one region. `fields` empty means all that the agreement allows.

    With `claims` it asks whether these hold, and for nothing else; a field is claimed once at most. With `file` it asks for that alone.
    `holder` is a PresentedCode only where it asks for neither.
    """

    request_id: str
    evidence_type: str
    provider_region: str
    holder: Holder | PresentedCode
    purpose: Purpose
    legal_basis: LegalBasis
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    fields: frozenset[str] = frozenset()
    claims: tuple[Claimed, ...] = ()
    file: FileWanted | None = None

    @property
    def power(self) -> Power:
        """What is wanted."""
        if self.claims:
            return Power.VERIFY
        return Power.DOWNLOAD if self.file else Power.QUERY

    @property
    def claimed(self) -> frozenset[str]:
        """The fields that the claims name."""
        return frozenset(each.field for each in self.claims)
