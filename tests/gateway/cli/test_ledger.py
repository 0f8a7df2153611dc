"""`ledger`: list, show and verify on a log that holds real entries, whole and tampered with."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import entropy
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind

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
        ledger = SqliteLedger.open(tmp_path / "ledger.db", log="log.test/1", entropy=entropy)
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
    with sqlite3.connect(log) as database:
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


def test_a_file_that_is_no_log_says_so(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"not a database")
    status, _, told = ledger("list", "-f", str(tmp_path / "other.db"))
    assert status == 2
    assert "other.db" in told
