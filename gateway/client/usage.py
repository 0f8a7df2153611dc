"""Who looked at a holder's data, as frozen values."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.client import question
from gateway.client.answer import named, read_receipt
from gateway.client.receipt import Receipt
from gateway.model.query import Holder, LegalBasis, Purpose
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.rpc.pb.v1 import ledger_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Usage:
    """One act about the holder. `action` says in Chinese what was done and why, `action_en` the same in English.

    `act` is QUERY or SEARCH; `outcome` ISSUED, NO_RECORD, REFUSED, UNKNOWN, PENDING or, of a search, SEARCHED; one that is newer than
    this client stands as its number.
    """

    logtime: datetime
    action: str
    action_en: str
    receiver_code: str
    receiver_name: str
    receiver_system: str
    receiver_region: str
    receiver_role: str
    act: str
    outcome: str
    evidence_type: str
    provider_region: str
    fields: tuple[str, ...]
    legal_basis: str
    legal_basis_reference: str
    matter_code: str
    matter_name: str
    exchange_id: str


@dataclass(frozen=True, slots=True)
class UsagePage:
    """One page of a search, newest first. `total` is on all pages; `receipt` proves that the search is in the log."""

    exchange_id: str
    total: int
    usages: tuple[Usage, ...] = field(repr=False)
    next_page_token: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class UsageSearch:
    """Whose usages, and why that is asked. `period_start` is included, `period_end` is not. The holder's name is not sent.

    Raises ValueError for a moment without its time zone.
    """

    holder: Holder
    purpose: Purpose
    legal_basis: LegalBasis
    period_start: datetime | None = None
    period_end: datetime | None = None
    page_size: int = 0

    def __post_init__(self) -> None:
        if any(each and each.utcoffset() is None for each in (self.period_start, self.period_end)):
            raise ValueError("period_start and period_end need their time zone: a moment without one would be taken for UTC")


def write(search: UsageSearch, page_token: str) -> pb.FindUsageRequest:
    """The request that carries the search."""
    holder = search.holder
    return pb.FindUsageRequest(
        holder=evidence_pb2.Holder(type=question.HOLDERS[holder.type], id_type=holder.id_type, id_number=holder.id_number),
        purpose=question.purpose(search.purpose),
        legal_basis=question.legal_basis(search.legal_basis),
        period_start=_stamp(search.period_start),
        period_end=_stamp(search.period_end),
        page_size=search.page_size,
        page_token=page_token,
    )


def read(response: pb.FindUsageResponse) -> UsagePage:
    """The page that a response carries."""
    return UsagePage(
        response.exchange_id,
        response.total_usages,
        tuple(_usage(each) for each in response.usages),
        response.next_page_token,
        read_receipt(response.receipt),
    )


def _usage(message: pb.Usage) -> Usage:
    return Usage(
        logtime=message.logtime.ToDatetime(UTC),
        action=message.action,
        action_en=message.action_en,
        receiver_code=message.receiver_code,
        receiver_name=message.receiver_name,
        receiver_system=message.receiver_system,
        receiver_region=message.receiver_region,
        receiver_role=message.receiver_role,
        act=named(pb.UsageAct.DESCRIPTOR, message.act),
        outcome=named(pb.UsageOutcome.DESCRIPTOR, message.outcome),
        evidence_type=message.evidence_type,
        provider_region=message.provider_region,
        fields=tuple(message.fields),
        legal_basis=named(evidence_pb2.LegalBasisKind.DESCRIPTOR, message.legal_basis),
        legal_basis_reference=message.legal_basis_reference,
        matter_code=message.matter_code,
        matter_name=message.matter_name,
        exchange_id=message.exchange_id,
    )


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
