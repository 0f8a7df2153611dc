"""The configuration chooses the store: a gateway and the command line on a log in PostgreSQL."""

import asyncio
import io
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import app, storage
from gateway.app import gateway
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, load
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.keys import signers
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.model.exchange import Entry, EntryKind
from tests.postgresql import Server

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def configured(postgresql: Server, tmp_path: Path) -> Layout:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    where = postgresql.empty()
    stored = f"postgresql: {{socket: {where.socket}, database: {where.name}, schema: {where.schema}, user: {where.user}}}"
    written = layout.config.read_text()
    assert "  file: ledger.db\n" in written
    layout.config.write_text(written.replace("  file: ledger.db\n", f"  {stored}\n"))
    return layout


@pytest.fixture
def loaded(configured: Layout) -> Loaded:
    return load(configured.config, os.environ)


def intent(name: str) -> Entry:
    return Entry(EntryKind.INTENT, name, SystemClock().now(), {}, name)


def results(loaded: Loaded) -> list[tuple[str, object]]:
    with Log(storage.opening(loaded)()) as log:
        assert log.verify().sound
        found = [each.entry for each in log.entries() if each.entry.kind is not EntryKind.ACT]
        return [(entry.exchange_id, entry.facts.get("result")) for entry in found]


async def test_a_gateway_keeps_its_log_there_and_ends_what_an_earlier_run_left_open(loaded: Loaded) -> None:
    ledger = storage.ledger(loaded)
    await ledger.append(intent("left"))
    await ledger.close()
    async with gateway(loaded, io.StringIO()):
        pass
    assert results(loaded) == [("left", None), ("left", "UNKNOWN")]


async def test_what_another_gateway_leaves_is_ended_while_this_one_runs(loaded: Loaded, monkeypatch) -> None:
    monkeypatch.setattr(app, "_ADOPTED_SECONDS", 0.01)
    log, keys = loaded.settings.log, signers(loaded.settings.log, loaded.log_keys)
    other = storage.ledger(loaded)
    own = PostgresqlLedger.open(storage._database(loaded.ledger), log=log, signers=keys, entropy=entropy, beat=0.01)
    ending = asyncio.create_task(app._close_adopted(own, SystemClock()))
    await other.append(intent("theirs"))
    await other.close()
    async with asyncio.timeout(20):
        while len(results(loaded)) < 2:
            await asyncio.to_thread(results, loaded)
    ending.cancel()
    with suppress(asyncio.CancelledError):
        await ending
    await own.close()
    assert results(loaded) == [("theirs", None), ("theirs", "UNKNOWN")]


async def test_a_gateway_does_not_start_on_tables_that_are_not_there(loaded: Loaded) -> None:
    elsewhere = replace(loaded, ledger=replace(loaded.ledger, schema="nothing"))
    with pytest.raises(LogUnusable, match="kuacheng ledger schema"):
        async with gateway(elsewhere, io.StringIO()):
            pass


async def test_the_command_line_reads_it(configured: Layout, loaded: Loaded) -> None:
    ledger = storage.ledger(loaded)
    await ledger.append(intent("one"))
    await ledger.close()
    told = CliRunner().invoke(main, ["ledger", "verify", "-c", str(configured.config), "-o", "json"])
    assert (told.exit_code, json.loads(told.stdout)["entries"]) == (0, 1)
    told = CliRunner().invoke(main, ["ledger", "list", "-c", str(configured.config), "-o", "json"])
    assert [each["exchange_id"] for each in json.loads(told.stdout)] == ["one"]


def test_the_tables_are_printed_for_the_owner_of_the_database() -> None:
    told = CliRunner().invoke(main, ["ledger", "schema", "--schema", "log_2026h2"])
    assert told.exit_code == 0
    assert "CREATE TABLE log_2026h2.entries" in told.stdout
    assert CliRunner().invoke(main, ["ledger", "schema", "--schema", "a b"]).exit_code == 2
