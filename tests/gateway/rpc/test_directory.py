"""The directory tells a caller what it may ask, whole and in order, and nothing that it may not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.client import directory as offered
from gateway.model.agreement import Agreement
from gateway.model.catalogue import EvidenceKind, ValueKind
from gateway.model.query import FileFormat, HolderType
from gateway.model.world import Region
from gateway.rpc import directory
from gateway.rpc.pb.v1 import directory_service_pb2 as pb
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceStub
from gateway.stages.survey import Offer
from tests.gateway.rpc.house import PATIENCE, house, papers
from tests.gateway.stages import builders

KNOWN = {"440100": Region("440100", "广州市", "Guangzhou"), "440600": Region("440600", "佛山市", "Foshan")}
OTHER = replace(builders.KIND, code="11100000M00000035K800", alias="earlier")


def test_every_kind_has_its_number_in_the_contract() -> None:
    """Each field, kind of paper and holder can be told: a kind without a number would be a KeyError in front of a caller."""
    kind = replace(
        builders.KIND,
        kind=EvidenceKind.CERTIFICATE,
        holder_types=frozenset(HolderType),
        fields={each.value: replace(builders.KIND.fields["number"], name=each.value, kind=each) for each in ValueKind},
    )
    told = directory.evidence_types([Offer("440600", kind, frozenset(kind.fields))], "").evidence_types[0]
    assert len({each.kind for each in told.fields}) == len(ValueKind)
    assert pb.VALUE_KIND_UNSPECIFIED not in {each.kind for each in told.fields}
    names = {name.removeprefix("VALUE_KIND_") for name in pb.ValueKind.keys()} - {"UNSPECIFIED"}  # noqa: SIM118  no mapping
    assert names == {{"MONTHS": "MONTH_RANGE"}.get(each.name, each.name) for each in ValueKind}
    assert list(told.holder_types) == [evidence_pb2.HOLDER_TYPE_ORGANISATION, evidence_pb2.HOLDER_TYPE_PERSON]


def test_a_type_is_described_with_what_this_caller_may_see() -> None:
    offers = [Offer("440600", builders.KIND, frozenset({"payments"})), Offer("440100", builders.KIND, frozenset({"number"}))]
    (told,) = directory.evidence_types(offers, "").evidence_types
    assert (told.code, told.alias, told.name_zh, told.name_en) == (
        builders.KIND.code,
        builders.KIND.alias,
        builders.KIND.zh,
        builders.KIND.en,
    )
    assert told.kind == pb.EVIDENCE_KIND_E_LICENCE
    assert list(told.provider_regions) == ["440100", "440600"]
    assert [each.name for each in told.fields] == ["number", "payments"], "and no others"
    assert [each.name for each in told.fields[1].columns] == ["month", "insurance", "amount", "agent"]
    assert list(told.fields[1].columns[1].codes) == ["PENSION", "MEDICAL"]
    assert [(each.name, each.required) for each in told.parameters] == [("months", True), ("day", False), ("reference", False)]


def test_what_each_region_gives_is_told_apart() -> None:
    """Or who asks one region for what only another gives would be refused, and could not have known it."""
    offers = [
        Offer("440600", builders.KIND, frozenset({"payments", "number"}), frozenset({"number"})),
        Offer(
            "440100",
            builders.KIND,
            frozenset({"number"}),
            frozenset({"capital"}),
            (FileFormat.PDF, FileFormat.OFD),
            id_types=("111", "516"),
        ),
    ]
    for region in ("", "440100"):
        (told,) = directory.evidence_types(offers, region).evidence_types
        assert [each.region for each in told.offers] == list(told.provider_regions)
        assert told.offers[0] == pb.RegionOffer(
            region="440100",
            fields=["number"],
            verifiable=["capital"],
            file_formats=["OFD", "PDF"],
            holder_id_types=["111", "516"],
        )
    (told,) = directory.evidence_types(offers, "").evidence_types
    assert told.offers[1] == pb.RegionOffer(region="440600", fields=["number", "payments"], verifiable=["number"])
    (read,) = offered.read(pb.ListEvidenceTypesResponse(evidence_types=[told]))
    assert read.by_region[0] == offered.RegionOffered("440100", ("number",), ("capital",), ("OFD", "PDF"), ("111", "516"))
    assert [each.region for each in read.by_region] == ["440100", "440600"]


def test_a_region_narrows_the_list_and_the_fields() -> None:
    offers = [Offer("440600", builders.KIND, frozenset({"payments"})), Offer("440100", builders.KIND, frozenset({"number"}))]
    (told,) = directory.evidence_types(offers, "440100").evidence_types
    assert [each.name for each in told.fields] == ["number"]
    assert list(told.provider_regions) == ["440100"]
    assert not directory.evidence_types(offers, "110000").evidence_types
    assert not directory.evidence_types((), "").evidence_types


def test_regions_and_types_stand_in_the_order_of_their_codes() -> None:
    offers = [
        Offer("440600", builders.KIND, frozenset()),
        Offer("440100", OTHER, frozenset()),
        Offer("440600", OTHER, frozenset()),
    ]
    assert [each.code for each in directory.evidence_types(offers, "").evidence_types] == [OTHER.code, builders.KIND.code]
    first, second = directory.regions(offers, KNOWN).regions
    assert (first.code, first.name_zh, first.name_en, list(first.evidence_types)) == (
        "440100",
        "广州市",
        "Guangzhou",
        [OTHER.code],
    )
    assert (second.code, list(second.evidence_types)) == ("440600", [OTHER.code, builders.KIND.code])


def _agreement(**changes: object) -> Agreement:
    day = timedelta(days=1)
    made = builders.agreement(valid_from=papers().now - day, valid_to=papers().now + day)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("agreement", "offered"),
    [
        (_agreement(), True),
        (_agreement(systems=frozenset({"window"})), True),
        (_agreement(systems=frozenset({"another"})), False),
        (_agreement(systems=frozenset()), False),
        (_agreement(valid_to=papers().now - timedelta(hours=1)), False),
        (_agreement(valid_from=papers().now + timedelta(hours=1)), False),
        (_agreement(provider_region="440100"), False),
    ],
)
async def test_over_the_wire_a_caller_sees_its_own_agreements_only(agreement: Agreement, *, offered: bool) -> None:
    async with house(agreements={agreement.department: (agreement,)}) as gateway, gateway.channel() as channel:
        stub = DirectoryServiceStub(channel)
        regions = await stub.ListRegions(pb.ListRegionsRequest(), timeout=PATIENCE)
        types = await stub.ListEvidenceTypes(pb.ListEvidenceTypesRequest(), timeout=PATIENCE)
        assert [each.code for each in regions.regions] == (["440600"] if offered else [])
        assert [each.alias for each in types.evidence_types] == (["everything-proof"] if offered else [])
        for each in types.evidence_types:
            assert "secret" not in {field.name for field in each.fields}
        assert gateway.told() == (), "no question, no entry"
