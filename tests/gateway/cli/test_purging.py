"""`ledger purge`, and what `list`, `show` and `verify` say afterwards."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import storage
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.model.exchange import Entry, EntryKind

LONG_AGO = datetime(2019, 5, 9, 8, 0, tzinfo=UTC)


def entries() -> list[Entry]:
    return [
        Entry(EntryKind.INTENT, "e-1", LONG_AGO, {"provider_region": "440100"}, "caller#1"),
        Entry(EntryKind.OUTCOME, "e-1", LONG_AGO, {"result": "ISSUED"}),
        Entry(EntryKind.REFUSED, "e-2", SystemClock().now(), {"reason": "NO_AGREEMENT", "result": "REFUSED"}),
    ]


@pytest.fixture
async def configured(tmp_path: Path) -> Layout:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    ledger = storage.ledger(load(layout.config, {}))
    for each in entries():
        await ledger.append(each)
    await ledger.close()
    return layout


def ledger(configured: Layout, *arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["ledger", *arguments, "-c", str(configured.config)], env={"COLUMNS": "160"})
    return found.exit_code, found.output


def test_a_dry_run_says_what_would_go_and_changes_nothing(configured: Layout) -> None:
    before = configured.ledger.read_bytes()
    status, said = ledger(configured, "purge", "--dry-run")
    assert (status, "2 entries of ended exchanges are older than 3y" in said) == (0, True)
    assert "from 0 to 1; without --dry-run what they say would go" in said
    assert configured.ledger.read_bytes() == before


def test_it_purges_once_and_the_others_say_so(configured: Layout) -> None:
    days = {f"{SystemClock().now():%Y-%m-%d}"}
    status, said = ledger(configured, "purge", "--operator", "auditor-1", "-o", "json")
    days.add(f"{SystemClock().now():%Y-%m-%d}")
    (told,) = json.loads(said)
    assert (status, told["purged"], told["first"], told["last"], told["recorded_at"]) == (0, 2, 0, 1, 3)
    _, said = ledger(configured, "show", "3")
    assert all(each in said for each in ("PURGE", "auditor-1", "ledger.retention 3y"))
    _, said = ledger(configured, "show", "e-1")
    assert 2 in {said.count(f"purged on {day}") for day in days}
    _, said = ledger(configured, "list", "-o", "json")
    assert [row.get("purged", False) for row in json.loads(said)] == [True, True, False, False]
    assert json.loads(said)[0]["purged_on"][:10] in days
    _, said = ledger(configured, "list")
    assert 2 in {said.count(f"purged on {day}") for day in days}
    status, said = ledger(configured, "verify", "-o", "json")
    assert (status, json.loads(said)["purged"]) == (0, 2)
    status, said = ledger(configured, "purge")
    assert (status, "nothing to purge" in said) == (0, True)


def test_what_cannot_be_recorded_is_not_purged(configured: Layout) -> None:
    before = configured.ledger.read_bytes()
    (configured.folder / "secrets" / "log-key").unlink()
    (configured.folder / "secrets" / "log-key").touch(0o600)
    status, _ = ledger(configured, "purge")
    assert status == 1
    assert configured.ledger.read_bytes() == before
