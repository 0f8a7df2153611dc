"""The configuration chooses the store: a gateway and the command line on a log in PostgreSQL."""

import asyncio
import io
import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import acts, app, rotation, storage
from gateway.app import gateway
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import ConfigError, Loaded, LogPlace, load
from gateway.console.running import console
from gateway.console.searching import ZONE
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.keys import signers
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.model.act import HostRole
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Refusal
from tests.gateway.console.conftest import House, administrators
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
    async with asyncio.timeout(60):
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
    for which in ("0", "one"):
        status, said = kuacheng(configured, "show", which)
        assert (status, [each["kind"] for each in json.loads(said)]) == (0, ["INTENT"])
    assert kuacheng(configured, "show", "two")[0] == 1


def kuacheng(configured: Layout, *arguments: str) -> tuple[int, str]:
    told = CliRunner().invoke(main, ["ledger", *arguments, "-c", str(configured.config), "-o", "json"])
    return told.exit_code, told.output


async def test_a_purge_is_recorded_by_who_writes_and_done_by_who_may_purge(
    postgresql: Server, configured: Layout, loaded: Loaded
) -> None:
    ledger, long_ago = storage.ledger(loaded), datetime(2019, 5, 9, tzinfo=UTC)
    await ledger.append(Entry(EntryKind.INTENT, "one", long_ago, {}, "one"))
    await ledger.append(Entry(EntryKind.OUTCOME, "one", long_ago, {}))
    await ledger.close()
    schema = loaded.ledger.schema
    status, said = await asyncio.to_thread(kuacheng, configured, "purge")
    assert (status, f"{loaded.ledger.user} may not; grant {schema}_purger to another one" in said) == (2, True)
    assert len(results(loaded)) == 2, "nothing is recorded that is not done"
    with postgresql.owner() as connection:
        connection.execute(f"CREATE ROLE {schema}_timer LOGIN IN ROLE {schema}_purger")
    secret = configured.folder / "secrets" / "purger"
    secret.touch(0o600)
    secret.write_text("of no use on a socket\n")
    asked = ("purge", "--purger", f"{schema}_timer", "--purger-password", str(secret), "--operator", "timer")
    status, said = await asyncio.to_thread(kuacheng, configured, *asked)
    assert (status, json.loads(said)[0]["purged"], json.loads(said)[0]["recorded_at"]) == (0, 2, 2)
    with Log(storage.opening(loaded)()) as log:
        assert (log.verify().sound, log.verify().purged) == (True, 2)
        assert (log.entry(2).entry.facts["act"], log.entry(2).entry.facts["operator"]) == ("PURGE", "timer")


def test_a_purgers_options_belong_together(configured: Layout) -> None:
    for given in (["--purger-cert", str(configured.config)], ["--purger-password", str(configured.config)]):
        assert kuacheng(configured, "purge", *given)[0] == 2
    status, said = kuacheng(configured, "purge", "--purger", "timer", "--purger-password", str(configured.config))
    assert (status, "open to others" in said) == (2, True)


async def test_a_log_in_postgresql_follows_one_in_a_file(configured: Layout, loaded: Loaded) -> None:
    before = LogPlace("log.gateway.test/before", configured.folder / "before.db", loaded.log_keys)
    older = replace(loaded, ledger=before.where, settings=loaded.settings.model_copy(update={"log": before.log}))
    ledger = storage.ledger(older)
    await ledger.append(intent("one"))
    await ledger.close()
    changed = replace(loaded, former=(before,))
    with pytest.raises(LogUnusable, match="run `kuacheng ledger rotate`"):
        rotation.check(changed)
    done = await rotation.rotate(changed, SystemClock(), acts.actor(HostRole.COMMAND))
    assert (done.finished, done.begun) == (True, True)
    async with gateway(changed, io.StringIO()):
        pass
    ledger = storage.ledger(changed)
    with pytest.raises(Refusal, match="REPLAYED_REQUEST"):
        await ledger.append(intent("one"))
    await ledger.close()


async def test_a_log_in_postgresql_ends_and_another_follows_it(postgresql: Server, configured: Layout, loaded: Loaded) -> None:
    ledger = storage.ledger(loaded)
    await ledger.append(intent("one"))
    await ledger.close()
    text, where = configured.config.read_text(), postgresql.empty()
    stored = next(line for line in text.splitlines() if line.startswith("  postgresql: "))
    named = {loaded.ledger.schema: where.schema, loaded.ledger.user: where.user}
    newer = stored
    for old, new in named.items():
        newer = newer.replace(f": {old}", f": {new}")
    former = f"  former: [{{log: {loaded.settings.log}, {stored.strip()}}}]"
    text = text.replace(stored, f"{newer}\n{former}").replace(f"log: {loaded.settings.log}", "log: log.gateway.test/next", 1)
    configured.config.write_text(text)
    status, said = await asyncio.to_thread(kuacheng, configured, "rotate")
    assert (status, json.loads(said)["finished"]) == (0, True), said
    changed = load(configured.config, os.environ)
    rotation.check(changed)
    assert results(loaded) == [("one", None), ("one", "UNKNOWN")]
    ledger = storage.ledger(changed)
    with pytest.raises(Refusal, match="REPLAYED_REQUEST"):
        await ledger.append(intent("one"))
    await ledger.close()
    configured.config.write_text(text.replace(newer, stored, 1))
    with pytest.raises(ConfigError, match="or its file or schema, stands here twice"):
        load(configured.config, os.environ)


async def test_the_console_searches_it_for_an_exchange_and_for_a_time(configured: Layout, loaded: Loaded) -> None:
    exchange = "018f7d3a-0000-7000-8000-000000000001"
    ledger = storage.ledger(loaded)
    await ledger.append(intent(exchange))
    await ledger.close()
    administrators(configured)
    first, last = (f"{SystemClock().now().astimezone(ZONE) + timedelta(hours=each):%Y-%m-%dT%H:%M}" for each in (-1, 1))
    async with console(configured.config, os.environ, "http://127.0.0.1:1/metrics") as up:
        house = House(configured, up, up, exchange, "", io.StringIO())
        for path in (f"/exchanges?id={exchange}", f"/exchanges?from={first}&to={last}"):
            answer = await house.get("audit", path)
            assert (answer.status, exchange in answer.text) == (200, True)
    with Log(storage.opening(loaded)()) as log:
        assert [each.entry.facts.get("sought") for each in log.entries()] == [None, "exchange", "period"]


def test_the_tables_are_printed_for_the_owner_of_the_database() -> None:
    told = CliRunner().invoke(main, ["ledger", "schema", "--schema", "log_2026h2"])
    assert told.exit_code == 0
    assert "CREATE TABLE log_2026h2.entries" in told.stdout
    assert CliRunner().invoke(main, ["ledger", "schema", "--schema", "a b"]).exit_code == 2
