"""Everything that a judgement depends on, frozen and swapped whole. Its edition is named in every entry of the evidence log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway.model.agreement import Agreement
from gateway.model.catalogue import Catalogue
from gateway.model.identity import Trust
from gateway.model.table import Table
from gateway.model.usage import SearchRight


@dataclass(frozen=True, slots=True)
class Region:
    """One city by its GB/T 2260 code."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class HolderKey:
    """The key under which holders' numbers are hashed for the log, and its public name."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds.

    A call without a deadline gets `default_deadline`; none is longer than `maximum_deadline`; below `minimum_deadline` a call is
    refused. A download may take `longest_download`. The city has the rest but `answer_margin`, which is ours for recording and sealing. A
    deferred question ends after `deferred`, and who watches one is let go after `longest_watch`.
    """

    default_deadline: float = 20.0
    maximum_deadline: float = 60.0
    minimum_deadline: float = 0.5
    answer_margin: float = 0.25
    longest_download: float = 600.0
    in_flight: int = 256
    deferred: float = 72 * 3600.0
    longest_watch: float = 3600.0


@dataclass(frozen=True, slots=True)
class World:
    """One edition of all that judges.

    `agreements` by department, `tables` by (region, evidence type code), `search_rights` by (region that vouches, department).
    `former_holder_keys` are those under which older entries name their holders.
    """

    edition: str
    catalogue: Catalogue
    regions: Mapping[str, Region]
    trust: Trust
    agreements: Mapping[str, tuple[Agreement, ...]]
    tables: Mapping[tuple[str, str], Table]
    holder_key: HolderKey
    limits: Limits
    strict_identifiers: bool = False
    former_holder_keys: tuple[HolderKey, ...] = ()
    search_rights: Mapping[tuple[str, str], tuple[SearchRight, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def holder_keys(self) -> tuple[HolderKey, ...]:
        """Every key under which an entry may name a holder, the one in use first."""
        return (self.holder_key, *self.former_holder_keys)
