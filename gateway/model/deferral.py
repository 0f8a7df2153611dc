"""A question that a city answers later, and what is kept of it until then: the city's ticket, and nothing of the question.

Laws: no personal data; who asks again brings the whole question, and a keyed digest says whether it is the same. A ticket is a secret.
Source: Data Security Law Art. 40 (no payload is kept).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Deferral:
    """What is kept. `key` is the replay key of the INTENT that asked, `exchange_id` its exchange.

    `digest` is of the question, under the holder key `digest_key`; `until` is when it ends without an answer.
    """

    key: str
    exchange_id: str
    digest: str
    digest_key: str
    system: str
    operation: str
    ticket: str = field(repr=False)
    asked_at: datetime
    until: datetime


class Stage(StrEnum):
    """How far a deferred question is."""

    ACCEPTED = "ACCEPTED"
    WITH_CITY = "WITH_CITY"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of it, and when it was seen."""

    deferral: Deferral
    stage: Stage
    at: datetime
