"""The canonical vocabulary: which kinds of evidence exist, and which fields each has.

Field and type names are API: append-only. The common fields below stand on every kind of evidence that lists them; the rest are a
type's own. Source of the common ones: GB/T 36903 (e-licence metadata).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from gateway.model.query import HolderType


class ValueKind(StrEnum):
    """The form of a value, and so the Python type that carries it (gateway.model.evidence.Value)."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    DATE = "date"
    MONTH = "month"
    DECIMAL = "decimal"
    CODED = "coded"
    PERIOD = "period"
    ROWS = "rows"
    MONTHS = "months"
    HOLDERS = "holders"


class EvidenceKind(StrEnum):
    """What kind of paper it is."""

    CERTIFICATE = "certificate"
    E_LICENCE = "e-licence"


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field, column or parameter. `codes`: each canonical code of a coded one, in order, and its name in Chinese."""

    name: str
    zh: str
    en: str
    kind: ValueKind
    unit: str = ""
    codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple["Field", ...] = ()
    required: bool = True


EVIDENCE_STATUS: Mapping[str, str] = MappingProxyType(
    {"VALID": "有效", "EXPIRED": "过期", "SUSPENDED": "暂停、扣留", "REVOKED": "注销、吊销、撤销、作废"}
)

COMMON: Mapping[str, Field] = MappingProxyType(
    {
        each.name: each
        for each in (
            Field("identifier", "证照标识", "E-licence identifier", ValueKind.TEXT),
            Field("number", "证照编号", "Number", ValueKind.TEXT),
            Field("issuer", "颁发机构", "Issuer", ValueKind.TEXT),
            Field("issuer_code", "颁发机构代码", "Issuer's credit code", ValueKind.TEXT),
            Field("issued_on", "颁发日期", "Issued on", ValueKind.DATE),
            Field("valid_from", "有效期起始日期", "Valid from", ValueKind.DATE),
            Field("valid_to", "有效期截止日期", "Valid to", ValueKind.DATE),
            Field("status", "证照状态", "Status", ValueKind.CODED, codes=EVIDENCE_STATUS),
            Field("holders", "持证主体", "Holders", ValueKind.HOLDERS),
        )
    }
)


@dataclass(frozen=True, slots=True)
class EvidenceType:
    """One kind of evidence: what is asked besides the holder, and every field an answer may have."""

    code: str
    alias: str
    zh: str
    en: str
    kind: EvidenceKind
    holder_types: frozenset[HolderType]
    holder_count: int
    parameters: tuple[Field, ...]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every kind of evidence, found by code or by alias."""

    types: Mapping[str, EvidenceType]

    @classmethod
    def of(cls, types: tuple[EvidenceType, ...]) -> "Catalogue":
        """An index of `types` by code and by alias; a name given twice is a RuntimeError of whoever loaded them."""
        named = [(name, each) for each in types for name in (each.code, each.alias)]
        if len({name for name, _ in named}) != len(named):
            raise RuntimeError("two evidence types share a code or an alias")
        return cls(MappingProxyType(dict(named)))

    def find(self, name: str) -> EvidenceType | None:
        """The type with this code or alias."""
        return self.types.get(name)

    def __iter__(self) -> Iterator[EvidenceType]:
        return iter(sorted({each.code: each for each in self.types.values()}.values(), key=lambda each: each.code))
