"""Before anything runs: what is wrong with files, log and cities is told, each by its name; nothing else is."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.checking.everything import everything
from gateway.checking.files import limits, tables
from gateway.checking.ledger import ledger
from gateway.checking.line import Category, Line, State
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.keys import signers
from gateway.ledger.sqlite import SqliteLedger

CLOCK = SystemClock()
NOWHERE = {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = lay_out(tmp_path / "dev", CLOCK.now(), entropy)
    write_configuration(made, NOWHERE, "127.0.0.1:0", "127.0.0.1:0")
    return made


async def codes(layout: Layout) -> Mapping[str, State]:
    lines = await everything(layout.config, {}, "", CLOCK)
    assert [each.category for each in lines] == sorted((each.category for each in lines), key=list(Category).index)
    return {each.code: each.state for each in lines if each.code}


async def test_before_the_cities_are_up_only_they_fail(layout: Layout) -> None:
    found = await codes(layout)
    assert found == {
        "city-unreachable": State.FAILED,
        "gateway-address-unknown": State.LEFT_OUT,
    } | {each: state for each, state in found.items() if each == "sqlite-wal-bug"}


async def test_a_key_that_others_read_is_told_and_the_rest_is_looked_at(layout: Layout) -> None:
    next((layout.folder / "material").rglob("server.key")).chmod(0o644)
    lines = await everything(layout.config, {}, "", CLOCK)
    (told,) = [each for each in lines if each.state is State.FAILED and each.category is not Category.CITIES]
    assert "chmod" in told.reason + told.mend
    assert {each.category for each in lines} >= set(Category) - {Category.CLOCK}


async def test_where_nothing_reads_all_else_is_left_out(layout: Layout) -> None:
    layout.config.write_text("version: 1\nlgo: x\n")
    lines = await everything(layout.config, {}, "", CLOCK)
    assert {each.state for each in lines if each.category is Category.CONFIGURATION} == {State.FAILED}
    assert {each.code for each in lines if each.category is not Category.CONFIGURATION} == {"not-looked-at"}


async def test_a_system_that_cannot_be_asked_is_told_with_its_place_and_the_rest_is_looked_at(layout: Layout) -> None:
    text = layout.config.read_text()
    layout.config.write_text(text.replace("{file: secrets/440600-f2-aes_key}", "{file: secrets/440600-f2-sid}"))
    lines = await everything(layout.config, {}, "", CLOCK)
    (told,) = [each for each in lines if each.category is Category.CONFIGURATION]
    line = 1 + next(number for number, each in enumerate(text.splitlines()) if each.strip().startswith("aes_key:"))
    assert told.what == f"{layout.config}:{line}:20 regions.440600.systems.f2.credentials.aes_key"
    assert told.reason.startswith("the credential aes_key is missing or not 32 hex digits; ")
    assert {each.category for each in lines} >= set(Category) - {Category.CLOCK}


def _found(layout: Layout) -> list[Line]:
    return [each for each in ledger(load(layout.config, {}), CLOCK.now()) if each.code not in {"", "sqlite-wal-bug"}]


async def _written(layout: Layout, log: str) -> None:
    keys = signers(log, load(layout.config, {}).log_keys)
    await SqliteLedger.open(layout.ledger, log=log, signers=keys, entropy=entropy).close()


async def test_the_log_is_the_one_meant_and_ends_under_our_signature(layout: Layout) -> None:
    log = load(layout.config, {}).settings.log
    assert _found(layout) == []
    await _written(layout, log)
    assert _found(layout) == []
    other = lay_out(layout.folder / "other", CLOCK.now(), entropy)
    (layout.folder / "secrets" / "log-key").write_bytes((other.folder / "secrets" / "log-key").read_bytes())
    assert [each.code for each in _found(layout)] == ["checkpoint-refused"]
    layout.ledger.unlink()
    await _written(layout, "log.example/another")
    assert [each.code for each in _found(layout)] == ["log-of-another-name"]
    layout.ledger.write_bytes(b"no database" * 1000)
    assert [each.code for each in _found(layout)] == ["log-unusable"]


def test_limits_and_tables_by_what_is_loaded(layout: Layout) -> None:
    loaded = load(layout.config, {})
    greedy = {name: replace(each, connections=1 << 40) for name, each in loaded.systems.items()}
    assert [each.code for each in limits(replace(loaded, systems=greedy))] in (["open-files-too-few"], [""])
    gap = tuple(replace(each, missing=("number",)) for each in loaded.coverage[:1])
    assert [each.code for each in tables(replace(loaded, coverage=gap))] == ["field-unmapped"]


def test_the_command_speaks_both_languages_and_ends_with_a_finding(layout: Layout) -> None:
    said = {each: CliRunner().invoke(main, ["check", "-c", str(layout.config), "--lang", each]) for each in ("zh", "en")}
    assert {each.exit_code for each in said.values()} == {1}
    assert "无法连通" in said["zh"].output
    assert "no answer" in said["en"].output
    wrong = CliRunner().invoke(main, ["check", "-c", str(layout.config), "--metrics", "file:///etc/hostname"])
    assert wrong.exit_code == 2


def test_json_has_every_line_in_both_languages_and_nothing_of_a_secret(layout: Layout) -> None:
    said = CliRunner().invoke(main, ["check", "-c", str(layout.config), "-o", "json"])
    told = json.loads(said.output)
    assert not told["fine"]
    assert all({"reason", "reason_zh", "mend", "mend_zh", "link"} <= each.keys() for each in told["lines"])
    assert not any(secret in said.output for region in NOWHERE for secret in layout.secrets(region))
