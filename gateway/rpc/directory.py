"""DirectoryService: what this caller may ask of whom, as protobuf."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gateway.model.catalogue import EvidenceKind, EvidenceType, Field, ValueKind
from gateway.model.query import HolderType
from gateway.model.world import Region
from gateway.rpc.pb.v1 import directory_service_pb2 as pb
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.stages.survey import Offer

_KINDS: Mapping[ValueKind, pb.ValueKind.ValueType] = MappingProxyType(
    {
        ValueKind.TEXT: pb.VALUE_KIND_TEXT,
        ValueKind.INTEGER: pb.VALUE_KIND_INTEGER,
        ValueKind.MONEY: pb.VALUE_KIND_MONEY,
        ValueKind.DATE: pb.VALUE_KIND_DATE,
        ValueKind.MONTH: pb.VALUE_KIND_MONTH,
        ValueKind.DECIMAL: pb.VALUE_KIND_DECIMAL,
        ValueKind.CODED: pb.VALUE_KIND_CODED,
        ValueKind.PERIOD: pb.VALUE_KIND_PERIOD,
        ValueKind.ROWS: pb.VALUE_KIND_ROWS,
        ValueKind.MONTHS: pb.VALUE_KIND_MONTH_RANGE,
        ValueKind.HOLDERS: pb.VALUE_KIND_HOLDERS,
    }
)
_PAPERS: Mapping[EvidenceKind, pb.EvidenceKind.ValueType] = MappingProxyType(
    {
        EvidenceKind.CERTIFICATE: pb.EVIDENCE_KIND_CERTIFICATE,
        EvidenceKind.E_LICENCE: pb.EVIDENCE_KIND_E_LICENCE,
    }
)
_HOLDERS: Mapping[HolderType, evidence_pb2.HolderType.ValueType] = MappingProxyType(
    {
        HolderType.PERSON: evidence_pb2.HOLDER_TYPE_PERSON,
        HolderType.ORGANISATION: evidence_pb2.HOLDER_TYPE_ORGANISATION,
    }
)


def regions(offers: Iterable[Offer], known: Mapping[str, Region]) -> pb.ListRegionsResponse:
    """The regions with what may be asked of each."""
    types: dict[str, list[str]] = {}
    for offer in offers:
        types.setdefault(offer.region, []).append(offer.type.code)
    return pb.ListRegionsResponse(
        regions=[
            pb.Region(code=code, name_zh=known[code].zh, name_en=known[code].en, evidence_types=sorted(codes))
            for code, codes in sorted(types.items())
        ]
    )


def evidence_types(offers: Iterable[Offer], region: str) -> pb.ListEvidenceTypesResponse:
    """The types that may be asked, of one region or of any: what any of them gives, and what each does."""
    found: dict[str, list[Offer]] = {}
    for offer in offers:
        if region in ("", offer.region):
            found.setdefault(offer.type.code, []).append(offer)
    return pb.ListEvidenceTypesResponse(evidence_types=[_type(found[code]) for code in sorted(found)])


def _type(offers: list[Offer]) -> pb.EvidenceType:
    kind: EvidenceType = offers[0].type
    seen = frozenset[str]().union(*(offer.fields for offer in offers))
    verifiable = frozenset[str]().union(*(offer.verifiable for offer in offers))
    return pb.EvidenceType(
        code=kind.code,
        alias=kind.alias,
        name_zh=kind.zh,
        name_en=kind.en,
        kind=_PAPERS[kind.kind],
        holder_types=[_HOLDERS[each] for each in sorted(kind.holder_types)],
        provider_regions=sorted(offer.region for offer in offers),
        parameters=[_field(each) for each in kind.parameters],
        fields=[_field(each) for name, each in kind.fields.items() if name in seen],
        verifiable=[_field(each) for name, each in kind.fields.items() if name in verifiable],
        file_formats=sorted({each.value for offer in offers for each in offer.formats}),
        presented_code_regions=sorted(offer.region for offer in offers if offer.presented),
        offers=[_offer(each) for each in sorted(offers, key=lambda offer: offer.region)],
    )


def _offer(offer: Offer) -> pb.RegionOffer:
    return pb.RegionOffer(
        region=offer.region,
        fields=[name for name in offer.type.fields if name in offer.fields],
        verifiable=[name for name in offer.type.fields if name in offer.verifiable],
        file_formats=sorted(each.value for each in offer.formats),
        holder_id_types=offer.id_types,
    )


def _field(field: Field) -> pb.FieldDescription:
    return pb.FieldDescription(
        name=field.name,
        name_zh=field.zh,
        name_en=field.en,
        kind=_KINDS[field.kind],
        unit=field.unit,
        codes=field.codes,
        columns=[_field(each) for each in field.columns],
        required=field.required,
    )
