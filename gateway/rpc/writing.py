"""Model -> protobuf. The only answer it accepts is a Sealed one, so nothing leaves unrecorded.

Each part is written in its place: a message that is made apart is copied whole where it is put in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.model.catalogue import COMMON, Field, ValueKind
from gateway.model.evidence import Coded, Evidence, FindingCode, Holders, Period, Rows, Value, Verdict
from gateway.model.exchange import Result, Sealed
from gateway.rpc import deferred
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.receipts import write

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
_NOTHING: Mapping[str, Value] = MappingProxyType({})
_NO_ROW: Final = (_NOTHING, None)
_TEXTS = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to")


def answer(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.QueryResponse:
    """The response of one sealed exchange, with a receipt of this form."""
    response = pb.QueryResponse(
        request_id=sealed.route.permit.query.request_id,
        exchange_id=sealed.call.exchange_id,
        outcome=_OUTCOMES[sealed.disclosure.result],
        deferral=deferred.deferral(sealed.deferral) if sealed.deferral else None,
    )
    for each in sealed.disclosure.evidence:
        _evidence(response.evidence.add(), each)
    _provenance(response.provenance, sealed, sealed.city_status)
    _receipt(response.receipt, sealed, form)
    return response


def verdicts(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.VerifyResponse:
    """The verdicts of one sealed exchange. The city's status stays here: it would tell whether there is a paper at all."""
    response = pb.VerifyResponse(
        request_id=sealed.route.permit.query.request_id,
        exchange_id=sealed.call.exchange_id,
        verdicts=[pb.ClaimVerdict(field=field, verdict=_VERDICTS[given]) for field, given in sealed.disclosure.verdicts],
    )
    _provenance(response.provenance, sealed, "")
    _receipt(response.receipt, sealed, form)
    return response


def announced(sealed: Sealed, form: pb.ReceiptForm.ValueType = pb.RECEIPT_FORM_FULL) -> pb.DownloadResponse:
    """The first message of one sealed download: what file follows, or that there is none."""
    file = sealed.disclosure.file
    response = pb.DownloadResponse(
        header=pb.DownloadHeader(
            request_id=sealed.route.permit.query.request_id,
            exchange_id=sealed.call.exchange_id,
            outcome=pb.OUTCOME_ISSUED if file else pb.OUTCOME_NO_RECORD,
            file=pb.EvidenceFile(format=file.format, size=file.size, sha256=bytes.fromhex(file.sha256)) if file else None,
        )
    )
    _provenance(response.header.provenance, sealed, sealed.city_status)
    _receipt(response.header.receipt, sealed, form)
    return response


def _receipt(into: pb.Receipt, sealed: Sealed, form: pb.ReceiptForm.ValueType) -> None:
    write(into, sealed.intent, sealed.outcome, sealed.call.binding_key, short=form == pb.RECEIPT_FORM_REFERENCE)


def _provenance(into: pb.Provenance, sealed: Sealed, city_status: str) -> None:
    table = sealed.route.table
    into.region, into.system, into.table_edition = table.region, table.system, table.edition
    into.agreement = sealed.route.permit.agreement.id
    _moment(into.request_in, sealed.call.received)
    _moment(into.request_out, sealed.asked.request_out)
    _moment(into.response_in, sealed.asked.response_in)
    _moment(into.response_out, sealed.response_out)
    into.city_status = city_status


def _moment(into: Timestamp, moment: datetime) -> None:
    since = moment - _EPOCH
    into.seconds, into.nanos = since.days * _DAY + since.seconds, since.microseconds * 1000


def _evidence(into: pb.Evidence, evidence: Evidence) -> None:
    values, fields = evidence.values, evidence.type.fields
    into.type, into.name = evidence.type.code, evidence.type.zh
    for name in _TEXTS:
        if name in values:
            setattr(into, name, values[name])
    for finding in evidence.findings:
        into.findings.add(code=_FINDINGS[finding.code], field=finding.field)
    status, holders = values.get("status"), values.get("holders")
    if isinstance(status, Coded):
        into.status = _STATUSES[status.code]
    if isinstance(holders, Holders):
        for each in holders.holders:
            into.holders.add(name=each.name, id_type=each.id_type, id_number=each.id_number, role=each.role)
    _fill(into.fields, {name: value for name, value in values.items() if name not in COMMON}, fields, _NOTHING)


def _fill(
    into: Mapping[str, pb.Value], values: Mapping[str, Value], fields: Mapping[str, Field], there: Mapping[str, Value]
) -> None:
    """Fields or cells, but for what is `there`: to ask for one that is not there makes it. A text's kind is named as its part is.

    Nearly all are texts and codes, so these are written here: a long statement has hundreds.
    """
    for name, value in values.items():
        if value is there.get(name):
            continue
        if isinstance(value, str):
            setattr(into[name], fields[name].kind, value)
        elif isinstance(value, Coded):
            coded = into[name].coded
            coded.code = value.code
            coded.text = value.text
        else:
            _compose(into[name], value, fields[name])


def _compose(into: pb.Value, value: Value, field: Field) -> None:
    if isinstance(value, Rows):
        _rows(into.rows, value, {column.name: column for column in field.columns})
    elif isinstance(value, Period):
        into.period.first, into.period.last = value.first, value.last
    else:
        setattr(into, field.kind, value)


def _rows(into: pb.Rows, value: Rows, columns: Mapping[str, Field]) -> None:
    """Each row begins as a copy of the last one with the same codes, for most of it stands there.

    What did not change, two rows hold as one value; see translate.reading.column.
    """
    into.SetInParent()
    coded = [name for name, column in columns.items() if column.kind is ValueKind.CODED]
    last: dict[tuple[int, ...], tuple[Mapping[str, Value], pb.Row]] = {}
    for row in value.rows:
        made, codes = into.rows.add(), tuple([id(row.get(name)) for name in coded])
        there, written = last.get(codes, _NO_ROW)
        if written is not None and row.keys() == there.keys():
            made.CopyFrom(written)
        else:
            there = _NOTHING
        _fill(made.cells, row, columns, there)
        last[codes] = row, made
