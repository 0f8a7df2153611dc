"""The directory's answer as frozen values; a kind of tomorrow is no crash."""

from gateway.client.directory import Described, Offered, read
from gateway.rpc.pb.v1 import directory_service_pb2 as pb

FIELD = pb.FieldDescription(name="homes", name_zh="住房明细", name_en="Homes", kind=pb.VALUE_KIND_ROWS)


def test_every_part_is_read() -> None:
    months = pb.FieldDescription(name="months", name_zh="起止", name_en="Months", kind=pb.VALUE_KIND_MONTH_RANGE, required=True)
    kind = pb.EvidenceType(
        code="c",
        alias="a",
        name_zh="证",
        name_en="Proof",
        provider_regions=["440100", "440600"],
        parameters=[months],
        fields=[FIELD],
    )
    assert read(pb.ListEvidenceTypesResponse(evidence_types=[kind])) == (
        Offered(
            "c",
            "a",
            "证",
            "Proof",
            ("440100", "440600"),
            (Described("months", "起止", "Months", "month_range", required=True),),
            (Described("homes", "住房明细", "Homes", "rows", required=False),),
        ),
    )


def test_a_kind_of_tomorrow_stands_as_its_number() -> None:
    newer = pb.FieldDescription(name="x", kind=77)  # type: ignore[arg-type]
    (offered,) = read(pb.ListEvidenceTypesResponse(evidence_types=[pb.EvidenceType(fields=[newer])]))
    assert offered.fields[0].kind == "77"
