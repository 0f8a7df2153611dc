"""The bundle holds what helps, and neither a secret nor what looks like a person; what is not ours to read is left out."""

import io
import json
import tarfile
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.simulation.identifiers import resident_number
from gateway.checking.support import packed, parts
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import Layout, lay_out, write_configuration

NUMBER = resident_number("440106", date(1877, 7, 7), 77)
NAME = "司徒金丝雀"


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("support") / "dev", SystemClock().now(), entropy)
    write_configuration(made, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return made


def test_a_log_line_gives_allowed_fields_only_and_free_text_is_left_out(layout: Layout) -> None:
    lines = [
        json.dumps({"event": "exchange", "exchange_id": "x-1", "holder": NAME, "reason": "NO_AGREEMENT"}),
        json.dumps({"event": "log", "message": "internal fault", "kind": "ValueError", "argument": NUMBER}),
        json.dumps({"event": "other", "text": NAME}),
        f"E0000 handshake of {NAME}",
        "[]",
    ]
    told = parts(load(layout.config, {}), (), "", lines)["gateway.log"].decode().splitlines()
    assert [json.loads(each) for each in told] == [
        {"event": "exchange", "exchange_id": "x-1", "reason": "NO_AGREEMENT"},
        {"event": "log", "message": "internal fault", "kind": "ValueError"},
        {"event": "left-out", "lines": 3},
    ]


def test_no_secret_and_no_resident_number_is_packed(layout: Layout) -> None:
    files = parts(load(layout.config, {}), (), f"a_metric {NUMBER}\n", [])
    whole = b"".join(files.values())
    assert NUMBER.encode() not in whole
    secrets = {
        each.read_text()
        for each in (layout.folder / "secrets").iterdir()
        if each.suffix != ".json" and "account" not in each.name
    }
    assert len(secrets) > 10
    assert [each for each in secrets if len(each) > 8 and each.encode() in whole] == []
    assert b"PRIVATE KEY" not in whole
    assert files["metrics.txt"] == b"a_metric " + b"*" * 18 + b"\n"


def test_the_command_packs_a_gateway_that_does_not_run_and_overwrites_nothing(layout: Layout, tmp_path: Path) -> None:
    out = tmp_path / "bundle.tar.gz"
    said = CliRunner().invoke(main, ["support", "-c", str(layout.config), "--out", str(out), "-o", "json"])
    assert said.exit_code == 0, said.output
    with tarfile.open(fileobj=io.BytesIO(out.read_bytes())) as archive:
        names = {Path(each).name for each in archive.getnames()}
    assert names == set(json.loads(said.output)["parts"])
    assert {"about.json", "check.json", "configuration.json", "certificates.json", "ledger.json"} <= names
    assert out.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(main, ["support", "-c", str(layout.config), "--out", str(out)])
    assert (again.exit_code, "another --out" in again.output) == (2, True)


def test_a_configuration_that_does_not_read_is_packed_as_what_is_wrong_with_it() -> None:
    files = parts(None, (), "", ())
    assert files.keys() == {"about.json", "check.json", "metrics.txt", "gateway.log"}
    assert packed(files)[:2] == b"\x1f\x8b"
