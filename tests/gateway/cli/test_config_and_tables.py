"""`config` and `tables` on a real configuration, whole and broken."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.development.layout import INTERFACES, TYPES, lay_out, write_configuration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A development configuration that nobody serves."""
    layout = lay_out(tmp_path_factory.mktemp("site") / "dev", SystemClock().now(), entropy)
    cities = {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}
    write_configuration(layout, cities, "127.0.0.1:0", "127.0.0.1:0")
    return layout.config


def kuacheng(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, list(arguments))
    return found.exit_code, found.stdout, found.stderr


def test_a_good_configuration_is_fine(site: Path) -> None:
    status, said, _ = kuacheng("config", "check", "-c", str(site))
    assert status == 0
    systems = sum(map(len, INTERFACES.values()))
    assert f"fine: 2 regions, {systems} systems, {2 * len(TYPES)} tables, 2 agreements; edition " in said


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("metrics:", "metricks:", "did you mean 'metrics'"),
        ("connector: foshan.f1", "connector: foshan.f9", "systems.f1.connector: unknown connector 'foshan.f9'; did you mean"),
        ("sid: {file", "sidd: {file", "systems.f2.credentials.sidd: unknown credential of foshan.f2 'sidd'; did you mean 'sid'?"),
        ("version: 1", "version: 2", "version"),
        ("authorities/440600.pem", "authorities/nowhere.pem", "nowhere.pem"),
    ],
)
def test_a_broken_one_is_told_with_its_place(site: Path, before: str, after: str, told: str) -> None:
    broken = site.with_name("broken.yaml")
    text = site.read_text()
    assert before in text
    broken.write_text(text.replace(before, after))
    status, _, said = kuacheng("config", "check", "-c", str(broken))
    assert status == 1
    assert told in said
    assert ".yaml:" in said


def test_show_names_each_origin_and_masks_secrets(site: Path) -> None:
    status, said, _ = kuacheng("config", "show", "-c", str(site), "-o", "json")
    assert status == 0
    rows = {row["key"]: row for row in json.loads(said)}
    secret = rows["regions.440100.systems.g2.credentials.token"]
    assert secret["value"] == "***"
    value = (site.parent / "secrets" / "440100-g2-token").read_text()
    assert value not in said
    assert rows["limits.default_deadline"]["origin"] == "default"
    assert "gateway.yaml:" in rows["log"]["origin"]


def test_the_shipped_tables_have_no_gap() -> None:
    status, said, _ = kuacheng("tables", "check", "-o", "json")
    assert status == 0
    told = json.loads(said)
    assert told["problems"] == []
    assert {(row["region"], row["type"]) for row in told["tables"]} == {
        (region, kind) for region in ("440100", "440600") for kind in TYPES
    }
    assert all(row["missing"] == [] and row["edition"] for row in told["tables"])


def test_a_gap_in_a_table_is_found_and_fails(site: Path, tmp_path: Path) -> None:
    shipped = Path("adapters/guangzhou/tables/housing-record.yaml")
    lines = (Path(__file__).parents[3] / shipped).read_text().splitlines()
    kept = [line for line in lines if not line.lstrip().startswith("issued_on:")]
    assert len(kept) == len(lines) - 1
    (tmp_path / "housing-record.yaml").write_text("\n".join(kept))
    gapped = site.with_name("gapped.yaml")
    gapped.write_text(site.read_text().replace("tables: [shipped]", f"tables: [{tmp_path}]"))
    status, said, told = kuacheng("tables", "check", "-c", str(gapped))
    assert status == 1
    assert "issued_on" in said + told


def test_people_get_a_table_that_fits_eighty_columns() -> None:
    status, said, _ = kuacheng("tables", "check")
    assert status == 0
    assert "social-insurance-proof" in said
    assert max(len(line) for line in said.splitlines()) <= 80
