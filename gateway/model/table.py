"""A table, compiled: what one system's names and codes mean for one evidence type.

`outward` yields the city's value for each of the city's names; `inward` yields the canonical value of each field from a record.
Both are made once, when the table is loaded (gateway.stages.translate.compiling).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.model.catalogue import EvidenceType
from gateway.model.city import Record
from gateway.model.evidence import Value
from gateway.model.identity import Caller
from gateway.model.query import FileFormat, Query

Writer = Callable[["Asking"], str | None]
Reader = Callable[[Record], Value | None]


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything that an outward rule may read: the question and who asks it."""

    query: Query
    caller: Caller
    department_name: str
    type: EvidenceType


@dataclass(frozen=True, slots=True)
class Verifying:
    """The system's own operation that compares: by canonical field the city's name of the claim and how it is spelled.

    `holder` are the claims that say whose evidence it is: they must agree, or it is somebody else's.
    """

    operation: str
    holder: tuple[tuple[str, Writer], ...] = field(repr=False)
    claims: Mapping[str, tuple[str, Writer]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presenting:
    """The system's own operation for a code that a holder shows; `outward` as a table's, with the code in the holder's place."""

    operation: str
    outward: tuple[tuple[str, Writer], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """One system's meaning of one evidence type. `system` is the adapter's name, such as `guangzhou.g2`; `files` the formats it gives.

    `id_types` are the kinds of holder's number (GB/T 36903) by which it is asked; empty where the system is told the kind, and judges.
    """

    edition: str
    region: str
    type: EvidenceType
    system: str
    operation: str
    outward: tuple[tuple[str, Writer], ...] = field(repr=False)
    inward: tuple[tuple[str, Reader], ...] = field(repr=False)
    withheld: Mapping[str, str] = field(repr=False)
    verifying: Verifying | None = None
    files: tuple[FileFormat, ...] = ()
    presenting: Presenting | None = None
    id_types: tuple[str, ...] = ()

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation that it may ask."""
        others = [each.operation for each in (self.verifying, self.presenting) if each]
        return (self.operation, *others)
