"""The values of one exchange, from the call that comes in to what leaves sealed.

Those that are made for each exchange and kept by none are named tuples: one takes a third of the time of a frozen dataclass.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from gateway.model.agreement import Agreement
from gateway.model.catalogue import EvidenceType
from gateway.model.city import CityFile
from gateway.model.deferral import Deferral
from gateway.model.evidence import Evidence, Verdict
from gateway.model.identity import Caller, Peer
from gateway.model.query import PresentedCode, Query
from gateway.model.refusal import Reason, Refusal
from gateway.model.table import Table


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived.

    `asked` is the question, or the refusal that reading it earned; `expires` is when the caller stops waiting, and `arrived` when this
    came, both in seconds of Clock.monotonic; `binding_key` is chance, drawn for this exchange, see model.binding.
    """

    exchange_id: str
    peer: Peer
    asked: Query | Refusal
    received: datetime
    expires: float
    binding_key: bytes = field(repr=False)
    arrived: float

    def question(self) -> Query:
        """The question; raises the Refusal that reading it earned."""
        if isinstance(self.asked, Refusal):
            raise self.asked
        return self.asked


class Permit(NamedTuple):
    """That this caller may ask this question, by one agreement, and see these fields. Made by stages.authorise only."""

    caller: Caller
    query: Query
    type: EvidenceType
    agreement: Agreement
    fields: frozenset[str]


class Route(NamedTuple):
    """Where the permitted question goes."""

    permit: Permit
    table: Table

    @property
    def operation(self) -> str:
        """The operation that answers for who was named, or for the code that was shown, where the table has one."""
        by_code = self.table.presenting if isinstance(self.permit.query.holder, PresentedCode) else None
        return by_code.operation if by_code else self.table.operation


class Known(NamedTuple):
    """How far an exchange has come: what its entry in the log can say of it."""

    call: Call
    caller: Caller | None = None
    query: Query | None = None
    permit: Permit | None = None
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What this caller may see of what the city said; empty `evidence` is the city's own NO_RECORD, unless the answer is `deferred`.

    Of a verification `verdicts` alone, in the order of the claims; `fields` are then those that were claimed. Of a download `file` alone.
    """

    evidence: tuple[Evidence, ...] = field(repr=False)
    fields: tuple[str, ...]
    verdicts: tuple[tuple[str, Verdict], ...] = field(default=(), repr=False)
    deferred: bool = False
    file: CityFile | None = None

    @property
    def result(self) -> "Result":
        """How the exchange ended."""
        if self.deferred:
            return Result.DEFERRED
        if self.verdicts:
            return Result.VERIFIED
        return Result.ISSUED if self.evidence or self.file else Result.NO_RECORD


class EntryKind(StrEnum):
    """What an entry of the evidence log records."""

    INTENT = "INTENT"
    OUTCOME = "OUTCOME"
    REFUSED = "REFUSED"
    ACT = "ACT"
    """An operator's act, or a search of the log: it stands alone, like REFUSED."""


HOLDER = "holder"
HOLDER_KEY = "holder_key"
"""The facts that name a holder: the keyed hash, and the id of its key. A log finds entries by both."""
NAMED_BY = "holder_named_by"
BY_CODE = "PRESENTED_CODE"
"""The fact of an INTENT that names no holder, because a code was shown; the OUTCOME names them, if the city did."""


Fact = str | int | tuple[str, ...]

LARGEST_BODY: Final = (1 << 16) - 1 - 16
"""Bytes of an entry as a log keeps it: with a nonce of 16 it fits into a C2SP entry bundle."""
_PAPER: Final = 64 + len('"",')
"""Bytes that a paper takes in an OUTCOME: the keyed hash of its identifier."""
_REST: Final = 4096
"""Bytes for all of an OUTCOME but its papers and the names of its fields, with room to spare."""


def can_be_named(papers: int, fields: Collection[str]) -> bool:
    """Whether one OUTCOME has room for so many papers besides these fields. An answer that holds more could not be recorded."""
    return papers * _PAPER + sum(map(len, fields)) + len(fields) * len('"",') <= LARGEST_BODY - _REST


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the evidence log: no payload and no personal data, a holder only as a keyed hash.

    `replay_key` is unique among INTENT entries: a store refuses a second one, and so a question is never asked twice.
    """

    kind: EntryKind
    exchange_id: str
    at: datetime
    facts: Mapping[str, Fact]
    replay_key: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the log holds an entry, and the proof of it.

    `leaf` is what the tree's leaf hash covers (nonce and body), so that whoever holds it can check everything offline; `proof` is the
    C2SP tlog-proof text: index, audit path, and the checkpoint signed when the entry was durable.
    """

    log: str
    index: int
    leaf: bytes = field(repr=False)
    proof: str = field(repr=False)

    @property
    def leaf_hash(self) -> bytes:
        """RFC 6962 2.1, 32 bytes."""
        return sha256(b"\0" + self.leaf).digest()


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry, read back, and where it stands."""

    entry: Entry
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Gone:
    """An entry whose body was purged: all that is left to tell of it is the `replay_key`, if it was an INTENT."""

    replay_key: str


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """The state of a log: its name, and the checkpoint as a signed note."""

    log: str
    note: str


class Asked(NamedTuple):
    """When the question left for the city, and when its answer was there: as it is recorded, and in seconds of Clock.monotonic.

    How long it took is told by the latter alone, for a clock on the wall may be set.
    """

    request_out: datetime
    response_in: datetime
    sent: float
    answered: float


class Result(StrEnum):
    """How an exchange ended."""

    ISSUED = "ISSUED"
    NO_RECORD = "NO_RECORD"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    VERIFIED = "VERIFIED"
    DEFERRED = "DEFERRED"

    @classmethod
    def of(cls, refusal: Refusal) -> "Result":
        """How an exchange ends with this refusal: of a code whose answer was lost nobody knows what the city did."""
        return cls.UNKNOWN if refusal.reason is Reason.PRESENTED_CODE_UNANSWERED else cls.REFUSED


class Ended(NamedTuple):
    """What may be counted and logged of an exchange: an allow-list, without personal data. Times in seconds.

    `before_seconds` and `after_seconds` are ours, on either side of `city_seconds`; `time_left` is what remains of the caller's deadline.
    """

    exchange_id: str
    evidence_type: str
    region: str
    department: str
    system: str
    agreement: str
    result: Result
    reason: str
    blame: str
    seconds: float
    city_seconds: float
    before_seconds: float
    after_seconds: float
    time_left: float


class Sealed(NamedTuple):
    """An answer that is recorded. The only thing that the codec lets out. `response_out` is when its outcome was durable.

    `deferral` where the question was deferred: now, or in an exchange before this one.
    """

    route: Route
    call: Call
    disclosure: Disclosure
    city_status: str
    asked: Asked
    response_out: datetime
    intent: Recorded
    outcome: Recorded
    deferral: Deferral | None = None
