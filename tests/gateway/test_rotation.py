"""The change of log by the configuration: once, named on both sides, with receipts and replays across it."""

import asyncio
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import acts, rotation, storage
from gateway.app import gateway
from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, WitnessMaterial, load
from gateway.console import running
from gateway.development.layout import LOG, Layout, lay_out, write_configuration
from gateway.ledger.checkpoint import Proof
from gateway.ledger.keys import new_key, signers
from gateway.ledger.note import Algorithm, Note, Signer, Verifier, signed
from gateway.ledger.reading import Log
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.records import LogUnusable
from gateway.model.act import Act, HostRole
from gateway.model.exchange import Entry, EntryKind, Logged
from gateway.model.refusal import Refusal

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = Signer(Verifier("witness.test/1", Algorithm.COSIGNATURE_V1, PRIVATE.public_key().public_bytes_raw()), PRIVATE.sign)
NEW = "log.gateway.test/development-2"
CLOCK = SystemClock()
BY = acts.actor(HostRole.COMMAND, "operator-1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = lay_out(tmp_path / "dev", CLOCK.now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return layout


def changed(layout: Layout, *changes: tuple[str, str]) -> Loaded:
    """The configuration after an edit; by default to the new log."""
    text = layout.config.read_text()
    former = f"file: ledger-2.db\n  former: [{{log: {LOG}, file: ledger.db}}]"
    for old, new in changes or ((f"log: {LOG}", f"log: {NEW}"), ("file: ledger.db", former)):
        assert old in text
        text = text.replace(old, new, 1)
    layout.config.write_text(text)
    return load(layout.config, {})


def intent(number: int, key: str) -> Entry:
    return Entry(EntryKind.INTENT, f"e-{number}", CLOCK.now(), {}, key)


async def append(loaded: Loaded, *entries: Entry) -> None:
    ledger = storage.ledger(loaded)
    try:
        for each in entries:
            await ledger.append(each)
    finally:
        await ledger.close()


async def test_the_old_log_ends_the_new_one_begins_after_it_and_both_are_searched(layout: Layout) -> None:
    await append(load(layout.config, {}), intent(1, "caller#1"))
    loaded = changed(layout)
    with pytest.raises(LogUnusable, match="run `kuacheng ledger rotate`"):
        async with gateway(loaded, io.StringIO()):
            pass
    done = await rotation.rotate(loaded, CLOCK, BY)
    assert (done.finished, done.begun, done.size) == (True, True, 3)
    assert await rotation.rotate(loaded, CLOCK, acts.actor(HostRole.COMMAND, "operator-2")) == done
    async with gateway(loaded, io.StringIO()):
        pass
    await append(loaded, intent(2, "caller#2"), Entry(EntryKind.OUTCOME, "e-2", CLOCK.now(), {}))
    with pytest.raises(Refusal, match="REPLAYED_REQUEST"):
        await append(loaded, intent(3, "caller#1"))
    with Log.open(layout.ledger) as log:
        assert [each.entry.facts.get("result") for each in log.entries()] == [None, "UNKNOWN", None]
        assert (log.entry(2).entry.facts["operator"], log.verify().sound) == ("operator-1", True)
        last = log.checkpoint()
    with Log(storage.opening(loaded)()) as log:
        assert log.beginning().checkpoint == last
        assert (log.name, log.verify().sound) == (NEW, True)
        assert [each.entry.exchange_id for each in log.entries() if each.entry.kind is not EntryKind.ACT] == ["e-2", "e-2"]
    receipts = LogReceipts(*storage.openings(loaded))
    for exchange, where in (("e-1", LOG), ("e-2", NEW)):
        found = await receipts.find(exchange)
        assert [each.recorded.log for each in found if isinstance(each, Logged)] == [where, where]
    assert await receipts.find("e-9") == ()
    assert (await receipts.checkpoint()).log == NEW
    await receipts.close()


async def test_an_interrupted_change_is_begun_anew(layout: Layout) -> None:
    await append(load(layout.config, {}), Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    loaded = changed(layout)
    storage.finish(loaded.former[0])
    assert not rotation.change(loaded).finished
    done = await rotation.rotate(loaded, CLOCK, BY)
    assert (done.finished, done.begun) == (True, True)
    (layout.folder / "ledger-2.db").unlink()
    assert not rotation.change(loaded).begun
    assert (await rotation.rotate(loaded, CLOCK, BY)).begun


async def test_who_goes_on_with_an_old_configuration_records_nothing_behind_the_end(layout: Layout) -> None:
    before = load(layout.config, {})
    await append(before, Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    loaded = changed(layout)
    with pytest.raises(LogUnusable, match=r"has not been begun after .*: run `kuacheng ledger rotate` first"):
        await asyncio.to_thread(acts.record_by_command, loaded, Act.CERTIFICATE_ISSUED)
    await rotation.rotate(loaded, CLOCK, BY)
    with pytest.raises(Refusal, match="the log is finished"):
        await asyncio.to_thread(acts.record_by_command, before, Act.CERTIFICATE_ISSUED)
    # A console that was begun before.
    sought = {"sought": "period", "found": 0}
    found = await asyncio.to_thread(running._record, before, sought, lambda: load(layout.config, {}))
    assert (found.log, found.index) == (NEW, 1)
    with pytest.raises(Refusal, match="the log is finished"):
        await asyncio.to_thread(running._record, before, sought, lambda: before)
    with Log.open(layout.ledger) as log:
        assert (log.verify().sound, log.size()) == (True, 2)


async def test_a_log_that_was_spoilt_behind_its_end_is_sealed_and_the_next_one_goes_on(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(layout.config, {})
    await append(before, Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    loaded = changed(layout)
    await rotation.rotate(loaded, CLOCK, BY)
    with monkeypatch.context() as patch:
        patch.setattr("gateway.ledger.sqlite.check_after_end", lambda *_: None)
        await asyncio.to_thread(acts.record_by_command, before, Act.LOG_SEARCHED)
    rotation.check(loaded)
    status, said = kuacheng(layout, "verify", "--log", LOG)
    assert (status, "entry 2: AFTER_FINISH" in said) == (1, True)
    status, said = kuacheng(layout, "export", str(layout.folder / "sealed"))
    assert (status, "3 entries" in said, "entry 2: AFTER_FINISH" in said) == (1, True, True)
    assert "AFTER_FINISH of entry 2" in (layout.folder / "sealed" / "README.md").read_text()


async def test_no_gateway_writes_what_is_finished_or_forgets_what_was_before(layout: Layout) -> None:
    before = layout.config.read_text()
    await append(load(layout.config, {}))
    loaded = changed(layout)
    await rotation.rotate(loaded, CLOCK, BY)
    layout.config.write_text(before)
    with pytest.raises(LogUnusable, match=f"is finished: configure its successor {NEW}"):
        rotation.check(load(layout.config, {}))
    forgetful = changed(layout, (f"log: {LOG}", f"log: {NEW}"), ("file: ledger.db", "file: ledger-2.db"))
    with pytest.raises(LogUnusable, match=f"began after {LOG}: name that under ledger.former"):
        rotation.check(forgetful)
    with pytest.raises(LogUnusable, match="no log was configured before this one"):
        rotation.change(forgetful)


async def test_another_file_in_the_place_of_the_old_log_is_found(layout: Layout) -> None:
    await append(load(layout.config, {}))
    loaded = changed(layout)
    await rotation.rotate(loaded, CLOCK, BY)
    layout.ledger.unlink()
    for beside in layout.folder.glob("ledger.db-*"):
        beside.unlink()
    ledger = storage.ledger_at
    layout.ledger.touch(0o600)
    again = ledger(loaded.former[0])
    await again.append(Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    await again.close()
    with pytest.raises(LogUnusable, match="is not the one that its successor began after"):
        rotation.check(loaded)


async def test_a_log_that_is_in_use_is_no_successor(layout: Layout) -> None:
    loaded = changed(layout, (f"log: {LOG}", f"log: {NEW}"), ("file: ledger.db", "file: ledger-2.db"))
    await append(loaded, Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    loaded = changed(layout, ("file: ledger-2.db", f"file: ledger-2.db\n  former: [{{log: {LOG}, file: ledger.db}}]"))
    with pytest.raises(LogUnusable, match=f"the log {LOG} is not at"):
        storage.ledger_at(loaded.former[0])
    layout.ledger.touch(0o600)
    ledger = storage.ledger_at(loaded.former[0])
    await ledger.close()
    with pytest.raises(LogUnusable, match="needs a new name and a new file"):
        await rotation.rotate(loaded, CLOCK, BY)


async def test_the_key_may_change_with_the_log(layout: Layout) -> None:
    await append(load(layout.config, {}), Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    fresh = layout.folder / "secrets" / "fresh-key"
    fresh.touch(0o600)
    fresh.write_bytes(new_key(entropy))
    former = f"file: ledger-2.db\n  former: [{{log: {LOG}, file: ledger.db, key: {{file: secrets/log-key}}}}]"
    loaded = changed(
        layout, (f"log: {LOG}", f"log: {NEW}"), ("file: secrets/log-key", "file: secrets/fresh-key"), ("file: ledger.db", former)
    )
    assert (await rotation.rotate(loaded, CLOCK, BY)).begun
    for which in ([], ["--log", LOG]):
        found = CliRunner().invoke(main, ["ledger", "verify", "-c", str(layout.config), "-o", "json", *which])
        assert (found.exit_code, json.loads(found.stdout)["sound"]) == (0, True)


async def test_who_keeps_a_checkpoint_from_night_to_night_keeps_the_next_logs_after_the_change(layout: Layout) -> None:
    await append(load(layout.config, {}), Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    keep, mine = layout.folder / "last-seen", layout.folder / "mine"
    assert kuacheng(layout, "verify", "--keep", str(keep))[0] == 0
    loaded = changed(layout)
    await rotation.rotate(loaded, CLOCK, BY)
    with Log.open(layout.ledger) as log:
        mine.write_text(log.checkpoint())
    old, new = (str(signers(log, loaded.log_keys)[0].verifier) for log in (LOG, NEW))
    given = ("--file", str(layout.folder / "ledger-2.db"), "--key", new, "--keep", str(mine))
    status, said = kuacheng(layout, "verify", *given)
    assert (status, f"of the log {LOG}, can be believed only" in said) == (2, True)
    for options in ((*given, "--kept-key", old), ("--keep", str(keep))):
        status, said = kuacheng(layout, "verify", *options)
        assert (status, f"began after {LOG}, of which the kept checkpoint holds" in said) == (0, True)
        status, said = kuacheng(layout, "verify", *options)
        assert (status, "began after" in said) == (0, False)
    assert keep.read_text() == mine.read_text()
    assert keep.read_text().startswith(f"{NEW}\n")
    text = f"{LOG}\n1\n{'A' * 43}=\n"
    forged = signed(text, [signers(LOG, loaded.log_keys)[0].line(text)])
    keep.write_text(forged)
    status, said = kuacheng(layout, "verify", "--keep", str(keep))
    assert (status, f"{LOG}: FORKED" in said, keep.read_text()) == (1, True, forged)


async def test_the_next_key_beside_it_is_no_finding_in_the_log_before(layout: Layout) -> None:
    await append(load(layout.config, {}), Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    await rotation.rotate(changed(layout), CLOCK, BY)
    fresh = layout.folder / "secrets" / "fresh-key"
    fresh.touch(0o600)
    fresh.write_bytes(new_key(entropy))
    key = "  key: {file: secrets/log-key}\n"
    loaded = changed(layout, (key, f"{key}  next_key: {{file: secrets/fresh-key}}\n"))
    assert kuacheng(layout, "verify", "--log", LOG)[0] == 0
    assert kuacheng(layout, "export", str(layout.folder / "sealed"))[0] == 0
    assert len((layout.folder / "sealed" / "keys").read_text().split()) == 1
    await append(loaded, Entry(EntryKind.REFUSED, "e-2", CLOCK.now(), {}))
    changed(layout, (f"{key}  next_key", "  key"))
    status, said = kuacheng(layout, "verify", "--log", LOG)
    assert (status, "NOT_SIGNED\n  if its key was changed" in said) == (1, True)
    former = f"former: [{{log: {LOG}, file: ledger.db"
    changed(layout, (former, f"{former}, key: {{file: secrets/log-key}}"))
    assert kuacheng(layout, "verify", "--log", LOG)[0] == 0


def kuacheng(layout: Layout, *arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["ledger", *arguments, "-c", str(layout.config)])
    return found.exit_code, found.output


@pytest.fixture
async def configured(layout: Layout) -> Layout:
    """One entry in the old log, and the new one configured."""
    await append(load(layout.config, {}), Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    changed(layout)
    return layout


def test_the_command_says_what_it_would_do_does_it_and_does_it_once(configured: Layout) -> None:
    layout = configured
    status, said = kuacheng(layout, "rotate", "--dry-run")
    assert (status, f"{LOG} would be finished at 1 entries, and {NEW} begun after it" in said) == (0, True)
    status, said = kuacheng(layout, "rotate", "-o", "json")
    assert (status, json.loads(said)["finished"], json.loads(said)["changed"]) == (0, True, True)
    status, said = kuacheng(layout, "rotate")
    assert (status, "nothing to do" in said) == (0, True)
    _, said = kuacheng(layout, "list", "-o", "json", "--log", LOG)
    assert [row["facts"].get("act") for row in json.loads(said)] == [None, "LOG_FINISHED"]
    status, said = kuacheng(layout, "list", "--log", "log.test/other")
    assert (status, f"there are: {NEW}, {LOG}" in said) == (2, True)


def test_a_finished_log_is_exported_and_one_that_is_written_is_not(configured: Layout) -> None:
    sealed = configured.folder / "sealed"
    status, said = kuacheng(configured, "export", str(sealed))
    assert (status, "is not finished: change the log first, `kuacheng ledger rotate`" in said) == (2, True)
    assert kuacheng(configured, "rotate")[0] == 0
    status, said = kuacheng(configured, "export", str(sealed), "-o", "json")
    assert (status, json.loads(said)["log"], json.loads(said)["entries"]) == (0, LOG, 2)
    (vkey,) = (sealed / "keys").read_text().split()
    found = CliRunner().invoke(main, ["ledger", "verify", "--file", str(sealed), "--key", vkey])
    assert (found.exit_code, f"{LOG}: 2 entries" in found.output) == (0, True)
    with closing(sqlite3.connect(configured.ledger)) as connection, connection:
        connection.execute("UPDATE entries SET nonce = NULL, body = NULL WHERE idx = 0")
    status, said = kuacheng(configured, "export", str(configured.folder / "again"))
    assert (status, "not sound (PURGED_UNRECORDED): verify it" in said) == (1, True)


async def test_what_witnesses_said_last_stays_beside_the_old_log_and_proves_its_receipts(layout: Layout) -> None:
    before = load(layout.config, {})
    await append(before, Entry(EntryKind.REFUSED, "e-1", CLOCK.now(), {}))
    with Log.open(layout.ledger) as log:
        last = log.checkpoint()
    kept = layout.folder / "witnessed.note"
    kept.write_text(last + WITNESS.line(Note.parse(last).text, 1_900_000_000))
    vkey = signers(LOG, before.log_keys)[0].verifier
    wanted = WitnessMaterial(f"log {vkey}\nwitness w {WITNESS.verifier}\nquorum w\n", kept, 10.0, 300.0, None)
    loaded = replace(changed(layout), witnesses=wanted)
    await rotation.rotate(loaded, CLOCK, BY)
    note = kept.read_text()
    kept.write_text(f"{NEW}\n1\nroot\n\n")
    assert storage.kept_at_the_end(loaded.former[0]) == note
    receipts = LogReceipts(*storage.openings(loaded), cosigned=storage.cosigned(loaded))
    (found,) = await receipts.find("e-1")
    assert Proof.parse(found.recorded.proof).checkpoint == note
    await receipts.close()
