"""Model -> protobuf. The only answer it accepts is a Sealed one, so nothing leaves unrecorded."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.model.catalogue import COMMON, Field, ValueKind
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, FindingCode, Holders, Period, Rows, Value, Verdict
from gateway.model.exchange import Result, Sealed
from gateway.rpc import deferred
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.receipts import receipt, short

_STATUSES: Mapping[str, pb.EvidenceStatus.ValueType] = MappingProxyType(
    {
        "VALID": pb.EVIDENCE_STATUS_VALID,
        "EXPIRED": pb.EVIDENCE_STATUS_EXPIRED,
        "SUSPENDED": pb.EVIDENCE_STATUS_SUSPENDED,
        "REVOKED": pb.EVIDENCE_STATUS_REVOKED,
    }
)
_FINDINGS: Mapping[FindingCode, pb.FindingCode.ValueType] = MappingProxyType(
    {
        FindingCode.IDENTIFIER_CHECK_FAILED: pb.FINDING_CODE_IDENTIFIER_CHECK_FAILED,
        FindingCode.IDENTIFIER_ISSUER_INVALID: pb.FINDING_CODE_IDENTIFIER_ISSUER_INVALID,
        FindingCode.IDENTIFIER_FORM_INVALID: pb.FINDING_CODE_IDENTIFIER_FORM_INVALID,
        FindingCode.IDENTIFIER_TYPE_INVALID: pb.FINDING_CODE_IDENTIFIER_TYPE_INVALID,
        FindingCode.UNKNOWN_DIVISION: pb.FINDING_CODE_UNKNOWN_DIVISION,
        FindingCode.HOLDER_NAME_DIFFERS: pb.FINDING_CODE_HOLDER_NAME_DIFFERS,
    }
)
_OUTCOMES: Mapping[Result, pb.Outcome.ValueType] = MappingProxyType(
    {
        Result.ISSUED: pb.OUTCOME_ISSUED,
        Result.NO_RECORD: pb.OUTCOME_NO_RECORD,
        Result.DEFERRED: pb.OUTCOME_DEFERRED,
    }
)
_EPOCH, _DAY = datetime(1970, 1, 1, tzinfo=UTC), 86_400
_VERDICTS: Mapping[Verdict, pb.Verdict.ValueType] = MappingProxyType(
    {
        Verdict.MATCH: pb.VERDICT_MATCH,
        Verdict.MISMATCH: pb.VERDICT_MISMATCH,
        Verdict.NO_RECORD: pb.VERDICT_NO_RECORD,
    }
)
_TEXTS = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to")


def answer(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.QueryResponse:
    """The response of one sealed exchange, with a receipt of this form."""
    whole = receipt(sealed.intent, sealed.outcome, sealed.call.binding_key)
    permit = sealed.route.permit
    shown = sealed.disclosure.evidence
    return pb.QueryResponse(
        request_id=permit.query.request_id,
        exchange_id=sealed.call.exchange_id,
        outcome=_OUTCOMES[sealed.disclosure.result],
        evidence=[_evidence(each) for each in shown],
        provenance=_provenance(sealed, sealed.city_status),
        receipt=short(whole) if form == pb.RECEIPT_FORM_REFERENCE else whole,
        deferral=deferred.deferral(sealed.deferral) if sealed.deferral else None,
    )


def verdicts(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.VerifyResponse:
    """The verdicts of one sealed exchange. The city's status stays here: it would tell whether there is a paper at all."""
    whole = receipt(sealed.intent, sealed.outcome, sealed.call.binding_key)
    return pb.VerifyResponse(
        request_id=sealed.route.permit.query.request_id,
        exchange_id=sealed.call.exchange_id,
        verdicts=[pb.ClaimVerdict(field=field, verdict=_VERDICTS[given]) for field, given in sealed.disclosure.verdicts],
        provenance=_provenance(sealed, ""),
        receipt=short(whole) if form == pb.RECEIPT_FORM_REFERENCE else whole,
    )


def announced(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.DownloadResponse:
    """The first message of one sealed download: what file follows, or that there is none."""
    whole = receipt(sealed.intent, sealed.outcome, sealed.call.binding_key)
    file = sealed.disclosure.file
    return pb.DownloadResponse(
        header=pb.DownloadHeader(
            request_id=sealed.route.permit.query.request_id,
            exchange_id=sealed.call.exchange_id,
            outcome=pb.OUTCOME_ISSUED if file else pb.OUTCOME_NO_RECORD,
            file=pb.EvidenceFile(format=file.format, size=file.size, sha256=bytes.fromhex(file.sha256)) if file else None,
            provenance=_provenance(sealed, sealed.city_status),
            receipt=short(whole) if form == pb.RECEIPT_FORM_REFERENCE else whole,
        )
    )


def _provenance(sealed: Sealed, city_status: str) -> pb.Provenance:
    return pb.Provenance(
        region=sealed.route.table.region,
        system=sealed.route.table.system,
        table_edition=sealed.route.table.edition,
        agreement=sealed.route.permit.agreement.id,
        request_in=_moment(sealed.call.received),
        request_out=_moment(sealed.asked.request_out),
        response_in=_moment(sealed.asked.response_in),
        response_out=_moment(sealed.response_out),
        city_status=city_status,
    )


def _moment(moment: datetime) -> Timestamp:
    since = moment - _EPOCH
    return Timestamp(seconds=since.days * _DAY + since.seconds, nanos=since.microseconds * 1000)


def _evidence(evidence: Evidence) -> pb.Evidence:
    values = evidence.values
    written = pb.Evidence(type=evidence.type.code, name=evidence.type.zh)
    for name in _TEXTS:
        if name in values:
            setattr(written, name, values[name])
    for each in evidence.findings:
        written.findings.add(code=_FINDINGS[each.code], field=each.field)
    status, holders = values.get("status"), values.get("holders")
    if isinstance(status, Coded):
        written.status = _STATUSES[status.code]
    if isinstance(holders, Holders):
        written.holders.extend(_holder(each) for each in holders.holders)
    for name, value in values.items():
        if name not in COMMON:
            _fill(written.fields[name], value, evidence.type.fields[name])
    return written


def _holder(holder: EvidenceHolder) -> pb.EvidenceHolder:
    return pb.EvidenceHolder(name=holder.name, id_type=holder.id_type, id_number=holder.id_number, role=holder.role)


def _fill(into: pb.Value, value: Value, field: Field) -> None:
    if isinstance(value, Rows):
        _fill_rows(into.rows, value, {column.name: column for column in field.columns})
    else:
        _FILL[field.kind](into, value)


def _fill_rows(into: pb.Rows, value: Rows, columns: Mapping[str, Field]) -> None:
    into.SetInParent()
    fill = {name: _FILL[column.kind] for name, column in columns.items()}
    for row in value.rows:
        cells = into.rows.add().cells
        for name, cell in row.items():
            fill[name](cells[name], cell)


def _set(part: str) -> Callable[[pb.Value, Value], None]:
    return lambda into, value: setattr(into, part, value)


def _coded(into: pb.Value, value: Value) -> None:
    if isinstance(value, Coded):
        coded = into.coded
        coded.code, coded.text = value.code, value.text


def _period(into: pb.Value, value: Value) -> None:
    if isinstance(value, Period):
        into.period.first, into.period.last = value.first, value.last


_FILL: Mapping[ValueKind, Callable[[pb.Value, Value], None]] = MappingProxyType(
    {
        ValueKind.TEXT: _set("text"),
        ValueKind.INTEGER: _set("integer"),
        ValueKind.MONEY: _set("money"),
        ValueKind.DATE: _set("date"),
        ValueKind.MONTH: _set("month"),
        ValueKind.DECIMAL: _set("decimal"),
        ValueKind.CODED: _coded,
        ValueKind.PERIOD: _period,
    }
)
