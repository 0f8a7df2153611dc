import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import ConfigError, load, survey
from gateway.model.world import Limits, Region

FILES = ["gateway.yaml", "agreements/both.yaml", "tables/business-licence.yaml", "types/housing-record.yaml"]


def test_the_world(site, pki):
    world = site.load().world
    assert world.regions == {"440100": Region("440100", "广州市", "Guangzhou"), "440600": Region("440600", "佛山市", "Foshan")}
    assert set(world.tables) == {("440100", "11100000M00000035K201"), ("440600", "11100000M00000035K101")}
    assert world.limits == Limits(default_deadline=20.0, maximum_deadline=60.0, minimum_deadline=0.5)
    assert world.holder_key.id == "hk-2026"
    assert {domain: (each.region, each.authorities) for domain, each in world.trust.anchors.items()} == {
        "guangzhou.test": ("440100", pki.files["guangzhou-ca.crt"]),
        "foshan.test": ("440600", pki.files["foshan-ca.crt"]),
    }


def test_tables_are_compiled(site):
    table = site.load().world.tables[("440100", "11100000M00000035K201")]
    assert (table.system, table.operation, table.edition) == ("guangzhou.g2", "insured-proof", "2026.11.1")
    assert dict(table.withheld) == {"employer_code": "the interface has no credit code of the unit"}
    readers = dict(table.inward)
    assert readers["months_paid"]({"aae201": "12"}) == 12
    assert readers["insured_since"]({"aac049": "000000"}) is None
    assert readers["issued_on"]({"cjrq": "2026-11-02 10:00:00"}) == "2026-11-02"


def test_one_configuration_has_one_edition_wherever_it_lies(site, tmp_path_factory, pki):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("gateway.yaml", "agreements/both.yaml", "tables/social-insurance-proof.yaml", "tables/business-licence.yaml"):
        (elsewhere / name).parent.mkdir(exist_ok=True)
        (elsewhere / name).write_bytes((site.folder / name).read_bytes())
    for name in ("pki", "secrets"):
        (elsewhere / name).symlink_to(site.folder / name)
    first, second = site.load().world, load(elsewhere / "gateway.yaml", site.environment).world
    assert (first.edition, first.trust.generation) == (second.edition, second.trust.generation)
    assert len(first.edition) == 16


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("gateway.yaml", "500ms", "600ms"),
        ("agreements/both.yaml", "title: Housing", "title: House"),
        ("tables/business-licence.yaml", "2026.11.2", "2026.11.3"),
    ],
)
def test_whatever_judges_changes_the_edition(site, file: str, old: str, new: str):
    before = site.load().world
    site.change(file, old, new)
    after = site.load().world
    assert after.edition != before.edition
    assert after.trust == before.trust


def test_another_authority_changes_edition_and_generation(site, pki):
    before = site.load().world
    site.write("pki/foshan-ca.crt", pki.files["guangzhou-ca.crt"])
    site.write("pki/guangzhou-ca.crt", pki.files["foshan-ca.crt"])
    after = site.load().world
    assert after.trust.generation != before.trust.generation
    assert after.edition != before.edition


def test_secrets_do_not_change_the_edition(site):
    before = site.load().world.edition
    site.write("secrets/holder.key", os.fsencode("k" * 40))
    site.environment["KUACHENG_G2_TOKEN"] = "another"
    assert site.load().world.edition == before


def test_the_environment_is_what_is_passed_in(site, monkeypatch):
    monkeypatch.setenv("KUACHENG_G2_TOKEN", "from outside")
    assert site.load().systems["guangzhou.g2"].credentials["token"] == "token-7c1e"


def test_problems_of_all_files_are_told_at_once(site):
    site.change("gateway.yaml", "127.0.0.1:9464", "10.0.0.1:9464")
    site.change("agreements/both.yaml", "[window, terminal]", "[]")
    site.change("tables/business-licence.yaml", "{from: zs}", "zs")
    site.change("tables/social-insurance-proof.yaml", '"1": ACTIVE', '"1": ACTIV')
    assert [each.split(":")[0] for each in site.messages()] == [
        "agreements/both.yaml",
        "gateway.yaml",
        "tables/business-licence.yaml",
        "tables/social-insurance-proof.yaml",
    ]


def test_no_file_at_all(tmp_path: Path):
    path = tmp_path / "gateway.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}:1:1: {path} does not exist; make it, or correct the path"
    assert survey(path, {}).coverage == ()


def test_a_path_relative_to_where_one_stands(site, monkeypatch):
    monkeypatch.chdir(site.folder)
    loaded = load(Path("gateway.yaml"), site.environment)
    assert loaded.systems["guangzhou.g2"].key == str(site.folder / "pki/gateway.key")
    site.change("gateway.yaml", "version: 1", "version: 2")
    with pytest.raises(ConfigError) as caught:
        load(Path("gateway.yaml"), site.environment)
    assert str(caught.value) == "gateway.yaml:1:10: version: is none of the values allowed here; write 1"


def _mutations(text: str) -> st.SearchStrategy[bytes]:
    """The file with some stretch of it replaced by something else."""
    pieces = st.sampled_from(
        ["", "\t", "[", "}", "*", "&a", "!!int ", ": ", "- ", "{}", "null", "1", '"', "\x00", "\ud7ff", "99999999999"]
    )
    spans = st.tuples(st.integers(0, len(text)), st.integers(0, 12), pieces)
    return st.lists(spans, min_size=1, max_size=3).map(lambda cuts: _cut(text, cuts))


def _cut(text: str, cuts: list[tuple[int, int, str]]) -> bytes:
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]
    return text.encode()


@pytest.mark.parametrize("name", FILES)
def test_anything_in_any_file_is_a_configuration_or_a_config_error(site, name: str):
    source = Path(__file__).parents[3] / "gateway" / "catalogue" / "housing-record.yaml"
    if name.startswith("types/"):
        site.write(name, source.read_bytes())
        site.change("gateway.yaml", "catalogue: [shipped]", "catalogue: [types, shipped]")
    text = (site.folder / name).read_text(encoding="utf-8")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(content=_mutations(text) | st.binary(max_size=60))
    def holds(content: bytes) -> None:
        site.write(name, content)
        try:
            problems = () if site.load().world.tables else None
        except ConfigError as error:
            problems = error.problems
        assert all(each.message and each.line >= 1 and each.column >= 1 for each in problems)

    holds()
