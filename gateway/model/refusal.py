"""Why a query is not answered, and whose fault that is.

Reasons are API: append-only, numbered as in proto/kuacheng/v1/reason.proto. A stage raises a Refusal; the corridor records it;
rpc.status words it once. `detail` is for the evidence log: it names parts and rules, never a value, and never leaves the gateway.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Blame(StrEnum):
    """Who has to act so that it works next time."""

    CALLER = "CALLER"
    POLICY = "POLICY"
    COUNTERPARTY = "COUNTERPARTY"
    OURS = "OURS"


class Reason(Enum):
    """Number in the contract, and blame."""

    INVALID_REQUEST = (1, Blame.CALLER)
    INVALID_IDENTIFIER = (2, Blame.CALLER)
    UNKNOWN_EVIDENCE_TYPE = (3, Blame.CALLER)
    UNKNOWN_REGION = (4, Blame.CALLER)
    REPLAYED_REQUEST = (5, Blame.CALLER)
    DEADLINE_TOO_SHORT = (6, Blame.CALLER)
    UNKNOWN_EXCHANGE = (7, Blame.CALLER)
    EXCHANGE_PURGED = (8, Blame.CALLER)
    PRESENTED_CODE_REFUSED = (9, Blame.CALLER)
    CALLER_UNKNOWN = (20, Blame.POLICY)
    CERTIFICATE_REVOKED = (21, Blame.POLICY)
    NO_AGREEMENT = (22, Blame.POLICY)
    PURPOSE_NOT_COVERED = (23, Blame.POLICY)
    HOLDER_AUTHORISATION_REQUIRED = (24, Blame.POLICY)
    HOLDER_AUTHORISATION_INVALID = (25, Blame.POLICY)
    QUOTA_EXCEEDED = (26, Blame.POLICY)
    FORWARDING_REFUSED = (27, Blame.POLICY)
    CITY_UNAVAILABLE = (40, Blame.COUNTERPARTY)
    CITY_TIMEOUT = (41, Blame.COUNTERPARTY)
    CITY_REFUSED = (42, Blame.COUNTERPARTY)
    CITY_ANSWER_INVALID = (43, Blame.COUNTERPARTY)
    HOLDER_AMBIGUOUS = (44, Blame.COUNTERPARTY)
    OUTCOME_UNKNOWN = (45, Blame.COUNTERPARTY)
    DEFERRAL_EXPIRED = (46, Blame.COUNTERPARTY)
    PRESENTED_CODE_UNANSWERED = (47, Blame.COUNTERPARTY)
    OVERLOADED = (60, Blame.OURS)
    LEDGER_UNAVAILABLE = (61, Blame.OURS)
    SHUTTING_DOWN = (62, Blame.OURS)
    INTERNAL = (63, Blame.OURS)

    def __init__(self, number: int, blame: Blame) -> None:
        self.number = number
        self.blame = blame


@dataclass(frozen=True, slots=True)
class Violation:
    """One part of a request that is at fault: its path in the message, and what is asked of it. Never its value."""

    field: str
    description: str


class Refusal(Exception):  # noqa: N818  the corridor's own word for it
    """A lawful end of an exchange without an answer. Compared by value."""

    def __init__(self, reason: Reason, detail: str, *, violations: tuple[Violation, ...] = (), city_status: str = "") -> None:
        super().__init__(reason.name, detail)
        self.reason = reason
        self.detail = detail
        self.violations = violations
        self.city_status = city_status

    @property
    def blame(self) -> Blame:
        """Whose fault it is."""
        return self.reason.blame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusal) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[object, ...]:
        return (self.reason, self.detail, self.violations, self.city_status)


class Unasked(Refusal):
    """A city's system of which it is sure that nothing of the question reached it."""


class Unfinished(Refusal):
    """A city's answer of which no more than a part came, or more than is read."""
