"""A question as protobuf."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from gateway.model import claiming
from gateway.model.catalogue import ValueKind
from gateway.model.identifiers import HolderIdType, InvalidIdentifier, parse_holder_number
from gateway.model.query import (
    Claimed,
    Holder,
    HolderType,
    LegalBasis,
    LegalBasisKind,
    MonthRange,
    Parameter,
    PresentedCode,
    Purpose,
    Query,
)
from gateway.rpc.pb.v1 import evidence_pb2 as pb

HOLDERS: Mapping[HolderType, pb.HolderType.ValueType] = MappingProxyType(
    {HolderType.PERSON: pb.HOLDER_TYPE_PERSON, HolderType.ORGANISATION: pb.HOLDER_TYPE_ORGANISATION}
)
_BASES: Mapping[LegalBasisKind, pb.LegalBasisKind.ValueType] = MappingProxyType(
    {
        LegalBasisKind.STATUTORY_DUTY: pb.LEGAL_BASIS_KIND_STATUTORY_DUTY,
        LegalBasisKind.HOLDER_AUTHORISED: pb.LEGAL_BASIS_KIND_HOLDER_AUTHORISED,
        LegalBasisKind.ENTRUSTED: pb.LEGAL_BASIS_KIND_ENTRUSTED,
    }
)


def canonical(query: Query) -> Query:
    """The question as the gateway understands it: the number at full length, request_id in lower case. What it refuses stays as it is."""
    claims = tuple(map(_canonical_claim, query.claims))
    return replace(query, request_id=query.request_id.lower(), holder=_canonical_holder(query.holder), claims=claims)


def _canonical_holder(holder: Holder | PresentedCode) -> Holder | PresentedCode:
    if isinstance(holder, PresentedCode):
        return holder
    try:
        number = parse_holder_number(HolderIdType.parse(holder.id_type), holder.id_number, date.max)
    except InvalidIdentifier:
        number = holder.id_number
    return replace(holder, id_number=number)


def _canonical_claim(claim: Claimed) -> Claimed:
    kind = claim.kind if claim.kind != ValueKind.HOLDERS else ValueKind.TEXT.value
    return replace(claim, kind=kind, value=claiming.canonical(kind, claim.value) or claim.value)


def write(query: Query, *, reference: bool = False) -> pb.QueryRequest:
    """The request that carries the question; with `reference`, for an answer with a short receipt."""
    holder = query.holder
    return pb.QueryRequest(
        request_id=query.request_id,
        evidence_type=query.evidence_type,
        provider_region=query.provider_region,
        holder=None if isinstance(holder, PresentedCode) else _holder(holder),
        presented_code=holder.code if isinstance(holder, PresentedCode) else None,
        purpose=purpose(query.purpose),
        legal_basis=legal_basis(query.legal_basis),
        parameters=[_parameter(name, value) for name, value in query.parameters.items()],
        fields=sorted(query.fields),
        receipt_form=pb.RECEIPT_FORM_REFERENCE if reference else pb.RECEIPT_FORM_UNSPECIFIED,
    )


def _holder(holder: Holder) -> pb.Holder:
    return pb.Holder(type=HOLDERS[holder.type], id_type=holder.id_type, id_number=holder.id_number, name=holder.name)


def write_claims(query: Query, *, reference: bool = False) -> pb.VerifyRequest:
    """The request that carries the claims, for a receipt without its proof where `reference` says so."""
    asked = write(query, reference=reference)
    return pb.VerifyRequest(
        request_id=asked.request_id,
        evidence_type=asked.evidence_type,
        provider_region=asked.provider_region,
        holder=asked.holder,
        purpose=asked.purpose,
        legal_basis=asked.legal_basis,
        parameters=asked.parameters,
        claims=[pb.Claim(field=each.field, value=_value(each)) for each in query.claims],
        receipt_form=asked.receipt_form,
    )


def write_download(query: Query, *, reference: bool = False) -> pb.DownloadRequest:
    """The request for a file. Raises ValueError for a question that names none."""
    if query.file is None:
        raise ValueError("the question names no file")
    asked = write(query, reference=reference)
    return pb.DownloadRequest(
        request_id=asked.request_id,
        evidence_type=asked.evidence_type,
        provider_region=asked.provider_region,
        holder=asked.holder,
        purpose=asked.purpose,
        legal_basis=asked.legal_basis,
        parameters=asked.parameters,
        format=query.file.format,
        number=query.file.number,
        receipt_form=asked.receipt_form,
    )


def _value(claim: Claimed) -> pb.Value:
    """Raises ValueError for a claim of a kind that cannot be made, or for a whole number that is none."""
    match claim.kind:
        case ValueKind.INTEGER:
            return pb.Value(integer=int(claim.value))
        case ValueKind.CODED:
            return pb.Value(coded=pb.CodedValue(code=claim.value))
        case ValueKind.PERIOD:
            first, _, last = claim.value.partition("/")
            return pb.Value(period=pb.Period(first=first, last=last))
        case ValueKind.MONEY | ValueKind.DATE | ValueKind.MONTH | ValueKind.DECIMAL:
            return pb.Value(**{claim.kind: claim.value})  # type: ignore[arg-type]  # each of these is a text under its kind's name
        case ValueKind.TEXT | ValueKind.HOLDERS:
            return pb.Value(text=claim.value)
    message = f"{claim.field}: no claim is made of kind {claim.kind}"
    raise ValueError(message)


def purpose(given: Purpose) -> pb.Purpose:
    """For what."""
    operator = pb.Operator(account=given.operator.account, name=given.operator.name, role=given.operator.role)
    return pb.Purpose(
        matter_code=given.matter_code, matter_name=given.matter_name, case_number=given.case_number, operator=operator
    )


def legal_basis(given: LegalBasis) -> pb.LegalBasis:
    """On what ground."""
    return pb.LegalBasis(kind=_BASES[given.kind], reference=given.reference, token=given.token)


def _parameter(name: str, value: Parameter) -> pb.Parameter:
    if isinstance(value, MonthRange):
        return pb.Parameter(name=name, months=pb.MonthRange(first=value.first, last=value.last))
    if isinstance(value, date):
        return pb.Parameter(name=name, date=value.isoformat())
    return pb.Parameter(name=name, text=value)
