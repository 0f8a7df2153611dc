"""What this system may ask of whom, as frozen values."""

from dataclasses import dataclass

from gateway.client.answer import named
from gateway.rpc.pb.v1 import directory_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Described:
    """One field or parameter of an evidence type."""

    name: str
    name_zh: str
    name_en: str
    kind: str
    required: bool


@dataclass(frozen=True, slots=True)
class RegionOffered:
    """What one region gives of a type: the names of the fields that this system may see, and of those that it may have verified.

    `holder_id_types` are the kinds of number (GB/T 36903) by which it is asked; empty where it takes any.
    """

    region: str
    fields: tuple[str, ...]
    verifiable: tuple[str, ...]
    file_formats: tuple[str, ...]
    holder_id_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """One evidence type that this system may ask, of these regions: the fields that it may see, and those that it may have verified.

    Fields and formats are those of one region at least; `by_region` has what each gives, in the order of `regions`.
    `presented_code_regions` are those that answer for a code which the holder shows.
    """

    code: str
    alias: str
    name_zh: str
    name_en: str
    regions: tuple[str, ...]
    parameters: tuple[Described, ...]
    fields: tuple[Described, ...]
    verifiable: tuple[Described, ...] = ()
    file_formats: tuple[str, ...] = ()
    presented_code_regions: tuple[str, ...] = ()
    by_region: tuple[RegionOffered, ...] = ()


def read(response: pb.ListEvidenceTypesResponse) -> tuple[Offered, ...]:
    """The offers that a response carries."""
    return tuple(_offered(each) for each in response.evidence_types)


def _offered(message: pb.EvidenceType) -> Offered:
    return Offered(
        message.code,
        message.alias,
        message.name_zh,
        message.name_en,
        tuple(message.provider_regions),
        tuple(_described(each) for each in message.parameters),
        tuple(_described(each) for each in message.fields),
        tuple(_described(each) for each in message.verifiable),
        tuple(message.file_formats),
        tuple(message.presented_code_regions),
        tuple(
            RegionOffered(
                each.region, tuple(each.fields), tuple(each.verifiable), tuple(each.file_formats), tuple(each.holder_id_types)
            )
            for each in message.offers
        ),
    )


def _described(message: pb.FieldDescription) -> Described:
    kind = named(pb.ValueKind.DESCRIPTOR, message.kind).lower()
    return Described(message.name, message.name_zh, message.name_en, kind, message.required)
