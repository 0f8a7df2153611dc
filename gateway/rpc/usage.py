"""FindUsage as protobuf: the question as it comes in, and what was found as it goes out."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.model.query import Holder, LegalBasisKind
from gateway.model.refusal import Refusal, Violation
from gateway.model.usage import Period, Searched, Usage, UsageKind, UsageOutcome, UsageQuestion
from gateway.rpc import decoding, forms, reading, receipts
from gateway.rpc.decoding import Unread
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.rpc.pb.v1 import ledger_service_pb2 as pb

PAGE: Final = 50
LARGEST_PAGE: Final = 200

_KINDS: Final[Mapping[UsageKind, pb.UsageAct.ValueType]] = MappingProxyType(
    {each: pb.UsageAct.Value(f"USAGE_ACT_{each.value}") for each in UsageKind}
)
_OUTCOMES: Final[Mapping[UsageOutcome, pb.UsageOutcome.ValueType]] = MappingProxyType(
    {each: pb.UsageOutcome.Value(f"USAGE_OUTCOME_{each.value}") for each in UsageOutcome}
)
_BASES: Final[Mapping[str, evidence_pb2.LegalBasisKind.ValueType]] = MappingProxyType(
    {each.value: evidence_pb2.LegalBasisKind.Value(f"LEGAL_BASIS_KIND_{each.value}") for each in LegalBasisKind}
)
_BOUNDS: Final = ("period_start", "period_end")


def question(request: pb.FindUsageRequest | Unread, now: datetime) -> UsageQuestion | Refusal:
    """The question, in canonical form, or the refusal that reading it earns."""
    if isinstance(request, Unread):
        return decoding.refusal(request, pb.FindUsageRequest)
    texts = forms.naming(request)
    number = reading.holder_number(request, texts, now, _violations(request))
    if isinstance(number, Refusal):
        return number
    return UsageQuestion(
        holder=Holder(reading.HOLDER_TYPES[request.holder.type], texts["holder.id_type"], number, ""),
        purpose=reading.purpose(texts),
        legal_basis=reading.legal_basis(request, texts),
        period=_period(request),
        page_size=request.page_size or PAGE,
        page_token=request.page_token,
    )


def answer(searched: Searched) -> pb.FindUsageResponse:
    """What was found."""
    return pb.FindUsageResponse(
        exchange_id=searched.search.exchange_id,
        total_usages=searched.page.total,
        usages=[_usage(each) for each in searched.usages],
        next_page_token=searched.page.next_token,
        receipt=receipts.receipt(searched.recorded, searched.recorded),
    )


def _violations(request: pb.FindUsageRequest) -> Iterator[Violation]:
    if request.holder.name:
        yield Violation("holder.name", "stays empty: nothing is found by a name")
    if request.page_size > LARGEST_PAGE:
        yield Violation("page_size", f"is at most {LARGEST_PAGE}; 0 means {PAGE}")
    outside = [name for name in _BOUNDS if not _is_moment(getattr(request, name))]
    for name in outside:
        yield Violation(name, "is a moment of the years 1 to 9999")
    if not outside:
        period = _period(request)
        if period.start and period.end and period.start >= period.end:
            yield Violation("period_end", "is later than period_start; the period ends before it")


def _is_moment(stamp: Timestamp) -> bool:
    try:
        stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _period(request: pb.FindUsageRequest) -> Period:
    start = request.period_start.ToDatetime(UTC) if request.HasField("period_start") else None
    end = request.period_end.ToDatetime(UTC) if request.HasField("period_end") else None
    return Period(start, end)


def _usage(usage: Usage) -> pb.Usage:
    made = pb.Usage(
        action=usage.action["zh"],
        action_en=usage.action["en"],
        receiver_code=usage.receiver_code,
        receiver_name=usage.receiver_name,
        receiver_system=usage.receiver_system,
        receiver_region=usage.receiver_region,
        receiver_role=usage.receiver_role,
        act=_KINDS[usage.kind],
        outcome=_OUTCOMES[usage.outcome],
        evidence_type=usage.evidence_type,
        provider_region=usage.provider_region,
        fields=usage.fields,
        legal_basis=_BASES[usage.legal_basis],
        legal_basis_reference=usage.legal_basis_reference,
        matter_code=usage.matter_code,
        matter_name=usage.matter_name,
        exchange_id=usage.exchange_id,
    )
    made.logtime.FromDatetime(usage.logtime)
    return made
