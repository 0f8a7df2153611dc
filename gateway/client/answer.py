"""What comes back: the response as frozen values. Every repr redacts, because evidence is personal data.

Law: enums are append-only, so a gateway may be newer than its client: a status or finding that is not known here stands as its number,
and an outcome that is not known is a failure, because no guess at it would be safe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

import grpc
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.client.failure import ClientFailure
from gateway.client.question import canonical
from gateway.client.receipt import Claim, Receipt, Verified
from gateway.model import binding
from gateway.model.evidence import Coded, EvidenceHolder, Period, Rows, Value
from gateway.model.query import Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb


class Outcome(StrEnum):
    """How an answered question ended. NO_RECORD is the city's own word; a city that fails to answer is a failure instead."""

    ISSUED = "ISSUED"
    NO_RECORD = "NO_RECORD"
    DEFERRED = "DEFERRED"


@dataclass(frozen=True, slots=True)
class Paper:
    """One certificate or e-licence. Dates are ISO 8601; a part that the agreement does not allow is empty."""

    type: str
    name: str
    identifier: str = field(repr=False)
    number: str = field(repr=False)
    issuer: str = field(repr=False)
    issuer_code: str = field(repr=False)
    issued_on: str = field(repr=False)
    valid_from: str = field(repr=False)
    valid_to: str = field(repr=False)
    status: str = field(repr=False)
    holders: tuple[EvidenceHolder, ...] = field(repr=False)
    fields: Mapping[str, Value] = field(repr=False)
    findings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the answer came from, by which agreement and table, and the four moments."""

    region: str
    system: str
    table_edition: str
    agreement: str
    request_in: datetime
    request_out: datetime
    response_in: datetime
    response_out: datetime
    city_status: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """That the city answers later: since when it has the question, and until when the answer can be fetched."""

    exchange_id: str
    asked_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a deferred question: ACCEPTED, WITH_CITY or ANSWERED, and when it was seen."""

    stage: str
    at: datetime
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one query, with the question that it answers, as the gateway understood it.

    `deferral` for DEFERRED, and for an answer that was deferred before.
    """

    request_id: str
    exchange_id: str
    outcome: Outcome
    evidence: tuple[Paper, ...]
    provenance: Provenance
    receipt: Receipt
    question: Query = field(repr=False)
    deferral: Deferral | None = None

    @property
    def claim(self) -> Claim:
        """What the receipt has to be of."""
        return Claim(
            self.exchange_id,
            self.outcome.value,
            binding.question(self.question),
            tuple(binding.plain(each) for each in self.evidence),
            self.request_id,
        )

    def verify(self, vkeys: Iterable[str], policy: str | None = None) -> Verified:
        """Checks offline that the log holds this question and this answer, see Receipt.verify. Raises ReceiptRefused."""
        return self.receipt.verify(vkeys, self.claim, policy)


def read(response: pb.QueryResponse, asked: Query) -> Answer:
    """The answer that a response to this question carries. Raises ClientFailure for an outcome that this client does not know."""
    return Answer(
        response.request_id,
        response.exchange_id,
        read_outcome(response.outcome),
        tuple(_paper(each) for each in response.evidence),
        read_provenance(response.provenance),
        read_receipt(response.receipt),
        canonical(asked),
        _deferral(response.deferral) if response.HasField("deferral") else None,
    )


def read_progress(message: pb.DeferralProgress) -> Progress:
    """The step that a message carries."""
    stage = named(pb.DeferralStage.DESCRIPTOR, message.stage)
    return Progress(stage, _moment(message.at), _deferral(message.deferral))


def _deferral(message: pb.Deferral) -> Deferral:
    return Deferral(message.exchange_id, _moment(message.asked_at), _moment(message.until))


def read_receipt(message: pb.Receipt) -> Receipt:
    """The receipt that a message carries. A proof that is no text is kept as what can be shown of it: it will not verify."""
    proof = message.proof.decode(errors="replace")
    return Receipt(
        message.log,
        message.intent_index,
        message.outcome_index,
        message.leaf_hash,
        proof,
        message.leaf,
        message.binding_key,
    )


def read_outcome(number: int) -> Outcome:
    """How a message says that it ended. Raises ClientFailure for an outcome that this client does not know."""
    name = named(pb.Outcome.DESCRIPTOR, number)
    if name not in Outcome.__members__:
        message = f"the gateway answered with an outcome that this client does not know ({name}); install a newer client"
        raise ClientFailure(message, grpc.StatusCode.UNIMPLEMENTED)
    return Outcome(name)


def named(kind: EnumDescriptor, number: int) -> str:
    """The name of an enum's value without the prefix that all its values share; the number where this client has no name for it."""
    known = kind.values_by_number.get(number)
    return known.name.removeprefix(kind.values_by_number[0].name.removesuffix("UNSPECIFIED")) if known else str(number)


def _paper(message: pb.Evidence) -> Paper:
    status = named(pb.EvidenceStatus.DESCRIPTOR, message.status)
    return Paper(
        type=message.type,
        name=message.name,
        identifier=message.identifier,
        number=message.number,
        issuer=message.issuer,
        issuer_code=message.issuer_code,
        issued_on=message.issued_on,
        valid_from=message.valid_from,
        valid_to=message.valid_to,
        status="" if status == "UNSPECIFIED" else status,
        holders=tuple(EvidenceHolder(each.name, each.id_type, each.id_number, each.role) for each in message.holders),
        fields=MappingProxyType({name: _value(message.fields[name]) for name in sorted(message.fields)}),
        findings=tuple((named(pb.FindingCode.DESCRIPTOR, each.code), each.field) for each in message.findings),
    )


def _value(message: pb.Value) -> Value:
    match message.WhichOneof("kind"):
        case "integer":
            return message.integer
        case "coded":
            return Coded(message.coded.code, message.coded.text)
        case "period":
            return Period(message.period.first, message.period.last)
        case "rows":
            rows = message.rows.rows
            return Rows(tuple(MappingProxyType({name: _value(row.cells[name]) for name in sorted(row.cells)}) for row in rows))
        case None:
            return ""
        case kind:
            return str(getattr(message, kind))


def read_provenance(message: pb.Provenance) -> Provenance:
    """Where a message says that it came from."""
    return Provenance(
        message.region,
        message.system,
        message.table_edition,
        message.agreement,
        _moment(message.request_in),
        _moment(message.request_out),
        _moment(message.response_in),
        _moment(message.response_out),
        message.city_status,
    )


def _moment(message: Timestamp) -> datetime:
    return message.ToDatetime(UTC)
