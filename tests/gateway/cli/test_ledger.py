"""`ledger`: list, show and verify on a log that holds real entries, whole and tampered with."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.keys import signer
from gateway.ledger.note import Signer, signed
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from tests.gateway.ledger.keyring import signers

MOMENT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def entries() -> list[Entry]:
    return [
        Entry(
            EntryKind.INTENT, "e-1", MOMENT, {"provider_region": "440100", "caller_department": "11440600M00000027C"}, "caller#1"
        ),
        Entry(EntryKind.OUTCOME, "e-1", MOMENT, {"result": "ISSUED", "fields": ("number", "issuer")}),
        Entry(EntryKind.REFUSED, "e-2", MOMENT, {"reason": "NO_AGREEMENT", "result": "REFUSED"}),
        Entry(EntryKind.INTENT, "e-3", MOMENT, {"provider_region": "440600"}, "caller#3"),
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    async def write() -> None:
        ledger = SqliteLedger.open(tmp_path / "ledger.db", log="log.test/1", signers=signers("log.test/1"), entropy=entropy)
        for entry in entries():
            await ledger.append(entry)
        await ledger.close()

    asyncio.run(write())
    return tmp_path / "ledger.db"


def ledger(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, ["ledger", *arguments])
    return found.exit_code, found.stdout, found.stderr


def test_list_gives_every_entry_in_order(log: Path) -> None:
    status, said, _ = ledger("list", "-f", str(log), "-o", "json")
    assert status == 0
    assert [(row["index"], row["kind"], row["exchange_id"]) for row in json.loads(said)] == [
        (0, "INTENT", "e-1"),
        (1, "OUTCOME", "e-1"),
        (2, "REFUSED", "e-2"),
        (3, "INTENT", "e-3"),
    ]


def test_list_pages_and_selects(log: Path) -> None:
    _, said, _ = ledger("list", "-f", str(log), "-o", "json", "--after", "0", "--limit", "2")
    assert [row["index"] for row in json.loads(said)] == [1, 2]
    _, said, _ = ledger("list", "-f", str(log), "-o", "json", "--exchange", "e-1")
    assert [row["index"] for row in json.loads(said)] == [0, 1]


def test_show_finds_by_index_and_by_exchange(log: Path) -> None:
    status, said, _ = ledger("show", "2", "-f", str(log))
    assert status == 0
    assert "NO_AGREEMENT" in said
    _, said, _ = ledger("show", "e-1", "-f", str(log), "-o", "json")
    assert [row["facts"].get("fields") for row in json.loads(said)] == [None, ["number", "issuer"]]


def test_show_says_where_to_look_for_what_is_not_there(log: Path) -> None:
    status, _, told = ledger("show", "77", "-f", str(log))
    assert status == 1
    assert "kuacheng ledger list" in told


def test_verify_holds_and_names_what_is_open(log: Path) -> None:
    status, said, _ = ledger("verify", "-f", str(log), "-o", "json")
    assert status == 0
    verdict = json.loads(said)
    assert (verdict["sound"], verdict["entries"], verdict["open_exchanges"]) == (True, 4, ["e-3"])


def test_verify_names_the_first_bad_entry(log: Path) -> None:
    with closing(sqlite3.connect(log)) as database, database:
        guards = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for guard in guards:
            database.execute(f"DROP TRIGGER {guard}")
        database.execute("UPDATE entries SET body = replace(CAST(body AS TEXT), 'ISSUED', 'ISSUED!') WHERE idx = 1")
    database.close()
    status, _, told = ledger("verify", "-f", str(log))
    assert status == 1
    assert "entry 1" in told
    _, said, _ = ledger("verify", "-f", str(log), "-o", "json")
    assert json.loads(said)["first_bad"] == 1


VKEY = str(signers("log.test/1")[0].verifier)


def test_verify_asks_for_the_signature_of_each_named_key(log: Path) -> None:
    status, said, _ = ledger("verify", "-f", str(log))
    assert (status, "signature not checked" in said) == (0, True)
    status, said, _ = ledger("verify", "-f", str(log), "--key", VKEY)
    assert (status, f"signed by {VKEY}" in said) == (0, True)
    other = str(signers("log.test/1", 66)[0].verifier)
    status, _, told = ledger("verify", "-f", str(log), "--key", VKEY, "--key", other)
    assert (status, told.strip()) == (1, "log.test/1: NOT_SIGNED")
    status, _, told = ledger("verify", "-f", str(log), "--key", "log.test/1+12345678+AAAA")
    assert (status, "verifier key" in told) == (2, True)


def test_verify_holds_the_log_against_a_checkpoint_or_a_proof_kept_elsewhere(log: Path, tmp_path: Path) -> None:
    with Log.open(log) as whole:
        note, proof = whole.checkpoint(), whole.recorded(whole.entry(1)).proof
    for kept in (note, proof):
        (tmp_path / "kept").write_text(kept, encoding="utf-8")
        status, _, told = ledger("verify", "-f", str(log), "--key", VKEY, "--checkpoint", str(tmp_path / "kept"))
        assert (status, told) == (0, "")
    status, _, told = ledger("verify", "-f", str(log), "--checkpoint", str(tmp_path / "kept"))
    assert (status, "give --key" in told) == (2, True)
    text = "log.test/1\n9\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    (tmp_path / "kept").write_text(signed(text, [signers("log.test/1")[0].line(text)]), encoding="utf-8")
    status, _, told = ledger("verify", "-f", str(log), "--key", VKEY, "--checkpoint", str(tmp_path / "kept"))
    assert (status, told.strip()) == (1, "log.test/1: entries 4 to 8: ROLLED_BACK")
    (tmp_path / "kept").write_text("a text", encoding="utf-8")
    status, _, told = ledger("verify", "-f", str(log), "--key", VKEY, "--checkpoint", str(tmp_path / "kept"))
    assert (status, "the kept checkpoint: not a signed note" in told) == (2, True)


@pytest.fixture
def configured(tmp_path: Path) -> Layout:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return layout


def test_key_prints_the_verifier_key_of_the_configuration(configured: Layout) -> None:
    (own,) = configured.verifiers()
    status, said, _ = ledger("key", "-c", str(configured.config))
    assert (status, said) == (0, f"{own}\n")
    _, said, _ = ledger("key", "-c", str(configured.config), "-o", "json")
    assert json.loads(said) == [str(own)]


def test_verify_takes_file_and_key_from_the_configuration(configured: Layout) -> None:
    (own,) = configured.verifiers()

    async def write(key: Signer) -> None:
        ledger = SqliteLedger.open(configured.ledger, log=own.name, signers=(key,), entropy=entropy)
        await ledger.append(entries()[0])
        await ledger.close()

    asyncio.run(write(signer(own.name, (configured.folder / "secrets" / "log-key").read_bytes())))
    status, said, _ = ledger("verify", "-c", str(configured.config), "-o", "json")
    assert (status, json.loads(said)["signed_by"]) == (0, [str(own)])
    configured.ledger.unlink()
    asyncio.run(write(signers(own.name)[0]))
    status, _, told = ledger("verify", "-c", str(configured.config))
    assert (status, "NOT_SIGNED" in told) == (1, True)


def test_a_file_that_is_no_log_says_so(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"not a database")
    status, _, told = ledger("list", "-f", str(tmp_path / "other.db"))
    assert status == 2
    assert "other.db" in told


def test_an_entry_that_cannot_be_read_says_so_and_points_to_verify(log: Path) -> None:
    with closing(sqlite3.connect(log)) as database, database:
        database.execute("DROP TRIGGER entries_unchanged")
        database.execute("UPDATE entries SET body = x'7b7d' WHERE idx = 1")
    database.close()
    status, _, told = ledger("list", "-f", str(log))
    assert (status, "entry 1 cannot be read" in told, "verify the log" in told) == (2, True, True)
