"""A question as protobuf."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from gateway.model.identifiers import HolderIdType, InvalidIdentifier, parse_holder_number
from gateway.model.query import HolderType, LegalBasisKind, MonthRange, Parameter, Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb

_HOLDERS: Mapping[HolderType, pb.HolderType.ValueType] = MappingProxyType(
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
    holder = query.holder
    try:
        number = parse_holder_number(HolderIdType.parse(holder.id_type), holder.id_number, date.max)
    except InvalidIdentifier:
        number = holder.id_number
    return replace(query, request_id=query.request_id.lower(), holder=replace(holder, id_number=number))


def write(query: Query) -> pb.QueryRequest:
    """The request that carries the question."""
    holder, purpose, basis = query.holder, query.purpose, query.legal_basis
    operator = pb.Operator(account=purpose.operator.account, name=purpose.operator.name, role=purpose.operator.role)
    return pb.QueryRequest(
        request_id=query.request_id,
        evidence_type=query.evidence_type,
        provider_region=query.provider_region,
        holder=pb.Holder(type=_HOLDERS[holder.type], id_type=holder.id_type, id_number=holder.id_number, name=holder.name),
        purpose=pb.Purpose(
            matter_code=purpose.matter_code, matter_name=purpose.matter_name, case_number=purpose.case_number, operator=operator
        ),
        legal_basis=pb.LegalBasis(kind=_BASES[basis.kind], reference=basis.reference, token=basis.token),
        parameters=[_parameter(name, value) for name, value in query.parameters.items()],
        fields=sorted(query.fields),
    )


def _parameter(name: str, value: Parameter) -> pb.Parameter:
    if isinstance(value, MonthRange):
        return pb.Parameter(name=name, months=pb.MonthRange(first=value.first, last=value.last))
    if isinstance(value, date):
        return pb.Parameter(name=name, date=value.isoformat())
    return pb.Parameter(name=name, text=value)
