"""What the catalogue, the tables and the agreements say of one another."""

from pathlib import Path

CATALOGUE = Path(__file__).parents[3] / "gateway" / "catalogue"


def test_a_kind_of_evidence_in_two_files_names_both_places(site):
    site.write("types/again.yaml", (CATALOGUE / "housing-record.yaml").read_bytes())
    site.change("gateway.yaml", "catalogue: [shipped]", "catalogue: [types, shipped]")
    told = site.messages()
    assert [each.partition("housing-record.yaml:")[2] for each in told] == [
        "1:7: code: the evidence type '11100000M00000035K202' stands also at types/again.yaml:1:7; keep one",
        "2:8: alias: the evidence type 'housing-record' stands also at types/again.yaml:2:8; keep one",
    ]


def test_a_kind_that_cannot_be_read_is_not_called_unknown_elsewhere(site):
    for path in CATALOGUE.glob("*.yaml"):
        site.write(f"types/{path.name}", path.read_bytes())
    site.change("gateway.yaml", "catalogue: [shipped]", "catalogue: [types]")
    assert {each.alias for each in site.load().world.catalogue.types.values()} == {each.stem for each in CATALOGUE.glob("*.yaml")}
    site.change("types/business-licence.yaml", "holder_count: 1", "holder_count: none")
    assert site.messages() == [
        "types/business-licence.yaml:6:15: holder_count: must be a whole number; write it in digits, without quotes"
    ]


def test_a_table_that_cannot_be_read_is_not_missed_by_agreements(site):
    site.change("tables/business-licence.yaml", "edition:", "editon:")
    assert [each.split(": ")[1] for each in site.messages()] == ["edition", "editon"]


def test_a_table_that_is_not_there_is_missed_by_agreements(site):
    (site.folder / "tables/business-licence.yaml").unlink()
    assert site.messages() == [
        "agreements/both.yaml:18:7: agreements[1].evidence: no table says how 440600 answers for business-licence;"
        " add the table, or take the type out; there are: none"
    ]


def test_shipped_tables_are_those_of_the_regions_configured(site):
    text = (site.folder / "gateway.yaml").read_text(encoding="utf-8")
    start, end = text.index('  "440600"'), text.index("catalogue:")
    site.write("gateway.yaml", (text[:start] + text[end:]).replace("tables: [tables]", "tables: [shipped]"))
    told = site.messages()
    assert told
    assert not any("adapters/foshan" in each for each in told)
    assert any(
        "adapters/guangzhou/tables/business-licence.yaml" in each
        and "unknown system 'guangzhou.g1'; configure it under regions.440100.systems, or leave the table out" in each
        for each in told
    )
