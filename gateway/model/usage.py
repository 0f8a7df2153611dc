"""Who looked at a holder's data: the question, the right to ask it, and what is found.

Laws: deny by default, and an empty set names nothing; what names a department by its credit code names its region too; every value that
holds personal data has a redacting repr.
Serves: PIPL art. 44, 45, 50 (to know, to see, to be answered).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.exchange import Entry, Recorded
from gateway.model.identity import Caller, Peer
from gateway.model.query import Holder, LegalBasis, LegalBasisKind, Purpose
from gateway.model.refusal import Refusal

SEARCH = "USAGE_SEARCH"
"""What the fact `act` says of an entry that records a search for a holder, answered or refused."""


FOR_GOOD = "for-good"
"""What the fact `hidden_until` says where no moment ends it."""


@dataclass(frozen=True, slots=True)
class SearchRight:
    """That a department may search the log for a holder (查询使用记录的权限). In force for valid_from <= now < valid_to.

    `systems` None means every system of the department; `region` is whose authority vouches for it. Queries are shown that asked one of
    `provider_regions` for one of `evidence_types` (canonical codes); searches are always shown.
    """

    id: str
    region: str
    department: str
    department_name: str
    systems: frozenset[str] | None
    provider_regions: frozenset[str]
    evidence_types: frozenset[str]
    matters: frozenset[str]
    legal_bases: frozenset[LegalBasisKind]
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, included, to `end`, not included; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies within."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    """Whose usages, of which time, how many at most, from where on, and why that is asked."""

    holder: Holder
    purpose: Purpose
    legal_basis: LegalBasis
    period: Period
    page_size: int
    page_token: str


@dataclass(frozen=True, slots=True)
class Search:
    """One search as it arrived. `asked` is the question, or the refusal that reading it earned."""

    exchange_id: str
    peer: Peer
    asked: UsageQuestion | Refusal
    received: datetime

    def question(self) -> UsageQuestion:
        """The question; raises the Refusal that reading it earned."""
        if isinstance(self.asked, Refusal):
            raise self.asked
        return self.asked


@dataclass(frozen=True, slots=True)
class Searching:
    """How far a search has come: what its entry in the log can say of it."""

    search: Search
    caller: Caller | None = None
    question: UsageQuestion | None = None
    right: SearchRight | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """An entry that begins an act about a holder - an intent, a refusal, a search - and where the log names the holder.

    `index` is counted on over former logs; it is the entry's own, but for a shown code the outcome's.
    """

    index: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Looks:
    """The acts about a holder in the order of their indexes, of the first `size` entries of the log and those before it.

    `whole` is false where there are more of them than may be read at a time, and they are left out.
    """

    size: int
    looks: tuple[Look, ...] = field(repr=False)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what a search found: newest first; `total` on all pages; an empty token on the last."""

    looks: tuple[Look, ...] = field(repr=False)
    total: int
    next_token: str


class UsageKind(StrEnum):
    """What kind of act."""

    QUERY = "QUERY"
    SEARCH = "SEARCH"
    VERIFY = "VERIFY"
    DOWNLOAD = "DOWNLOAD"


class UsageOutcome(StrEnum):
    """How an act ended."""

    ISSUED = "ISSUED"
    NO_RECORD = "NO_RECORD"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    SEARCHED = "SEARCHED"
    VERIFIED = "VERIFIED"
    DEFERRED = "DEFERRED"


@dataclass(frozen=True, slots=True)
class Usage:
    """One act about the holder, as it may be shown. `action` says in a sentence what was done and why, by language (zh, en)."""

    logtime: datetime
    action: Mapping[str, str]
    receiver_code: str
    receiver_name: str
    receiver_system: str
    receiver_region: str
    receiver_role: str
    kind: UsageKind
    outcome: UsageOutcome
    evidence_type: str
    provider_region: str
    fields: tuple[str, ...]
    legal_basis: str
    legal_basis_reference: str
    matter_code: str
    matter_name: str
    exchange_id: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found, recorded. The only thing of a search that the codec lets out."""

    search: Search
    usages: tuple[Usage, ...] = field(repr=False)
    page: Page
    recorded: Recorded
