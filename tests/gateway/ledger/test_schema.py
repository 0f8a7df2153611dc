"""Which files are taken for the log, and which are refused."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.ledger import schema
from gateway.ledger.appending import Notary
from gateway.ledger.reading import Log
from gateway.ledger.records import Head, LogUnusable
from gateway.ledger.sqlite import SqliteLedger
from tests.gateway.ledger.keyring import signers


def refusal(path: Path, log: str = "kuacheng.test/2026a") -> str:
    with pytest.raises(LogUnusable) as caught:
        SqliteLedger.open(path, log=log, signers=signers(log), entropy=bytes)
    return str(caught.value)


async def test_only_the_owner_may_read_any_of_its_files(path, ledger_at, book) -> None:
    before = os.umask(0)
    try:
        async with ledger_at(path) as ledger:
            await ledger.append(book.intent(0))
            files = {file.name.removeprefix(path.name): stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    writer = f"-writer-{os.getpid()}-"
    assert {name if not name.startswith(writer) else "-writer" for name in files} == {"", "-wal", "-shm", "-lock", "-writer"}
    assert set(files.values()) == {0o600}


async def test_a_file_that_others_may_read_is_refused(path, ledger_at) -> None:
    async with ledger_at(path):
        pass
    path.chmod(0o640)
    assert "chmod 600" in refusal(path)
    path.chmod(0o600)
    async with ledger_at(path):
        pass


async def test_the_log_s_name_has_to_be_the_file_s(path, ledger_at) -> None:
    async with ledger_at(path, log="kuacheng.test/2025b"):
        pass
    assert "'kuacheng.test/2025b', not 'kuacheng.test/2026a'" in refusal(path)
    with Log.open(path) as log:
        assert log.name == "kuacheng.test/2025b"


async def test_a_refused_opening_keeps_nobody_out(path, ledger_at) -> None:
    refusal(path.parent / "no such folder" / "ledger.db")
    async with ledger_at(path, log="other"):
        pass
    refusal(path)
    async with ledger_at(path, log="other"):
        pass


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE notes (text)")


def no_database(path: Path) -> None:
    path.write_bytes(b"no database, and longer than the hundred bytes that the header of one would take " * 3)


@pytest.mark.parametrize("make", [another_database, no_database])
def test_a_file_of_another_kind_is_refused_and_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    path.chmod(0o600)
    before = path.read_bytes()
    refusal(path)
    with pytest.raises(LogUnusable):
        Log.open(path)
    assert path.read_bytes() == before


async def test_a_file_of_another_form_is_refused(path, ledger_at, tamper) -> None:
    async with ledger_at(path):
        pass
    tamper(path, "UPDATE meta SET schema = 1")
    assert "form 1 and this program reads form 3" in refusal(path)
    tamper(path, "DELETE FROM meta")
    assert "form None" in refusal(path)


async def test_a_file_whose_end_was_cut_or_lengthened_is_not_written_on(path, ledger_at, book, tamper) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
    tamper(path, "DELETE FROM entries")
    assert "verify it" in refusal(path)
    with Log.open(path) as log:
        assert log.verify().first_bad == 0
    tamper(path, "UPDATE head SET size = 0, frontier = x''")
    assert "verify it" in refusal(path)


async def test_it_is_opened_for_writing_while_others_append(path, ledger_at, book, monkeypatch) -> None:
    read_head = schema.read_head
    async with ledger_at(path) as ledger:
        await ledger.append(book.refused(0))
        loop = asyncio.get_running_loop()

        async def another() -> None:
            await ledger.append(book.refused(1))

        def late(connection: sqlite3.Connection) -> Head:
            monkeypatch.undo()
            asyncio.run_coroutine_threadsafe(another(), loop).result()
            return read_head(connection)

        monkeypatch.setattr(schema, "read_head", late)
        notary = Notary.of(book.log, signers(book.log))
        connection = await asyncio.to_thread(schema.connect_writer, path, notary, lock_timeout=5.0)
        assert read_head(connection).size == 2
        connection.close()


async def test_a_head_that_does_not_fit_itself_is_not_written_on(path, ledger_at, book, tamper) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
    for damage in (
        "frontier = x''",
        "frontier = zeroblob(32)",
        "checkpoint = ''",
        "checkpoint = replace(checkpoint, '2026a', '2026b')",
    ):
        with closing(sqlite3.connect(path)) as connection:
            whole = connection.execute("SELECT * FROM head").fetchone()
        tamper(path, f"UPDATE head SET {damage}")
        assert "verify it" in refusal(path)
        tamper(path, ("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)", whole))
    async with ledger_at(path) as ledger:
        assert (await ledger.append(book.intent(1))).index == 1


def test_a_creation_that_was_cut_short_is_done_again(path) -> None:
    path.touch(0o600)
    schema.create(path, "a log", Head(0, (), "a note"))
    schema.create(path, "a log", Head(0, (), "another note"))
    connection, name = schema.connect_reader(path)
    with closing(connection):
        assert (name, schema.read_head(connection)) == ("a log", Head(0, (), "a note"))


PURGE = "UPDATE entries SET nonce = NULL, body = NULL, holder = NULL"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET at = ''",
        "UPDATE entries SET holder = NULL",
        "UPDATE entries SET nonce = NULL",
        "UPDATE entries SET body = NULL, holder = NULL",
        "UPDATE entries SET nonce = NULL, body = NULL",
        *(
            f"{PURGE}, {column} = {other}"
            for column, other in (("leaf_hash", "x''"), ("idx", "7"), ("kind", "'ACT'"), ("at", "''"))
        ),
        *(f"{PURGE}, {column} = NULL" for column in ("exchange_id", "replay_key")),
        f"{PURGE}, body = x'00'",
        "DELETE FROM entries",
    ],
)
async def test_the_file_itself_refuses_to_change_or_delete_an_entry(path, ledger_at, book, statement: str) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.search(0))
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="entries are never"):
        connection.execute(statement)


async def test_a_purge_is_the_one_change_that_the_file_lets_happen_and_once_only(path, ledger_at, book, rows) -> None:
    async with ledger_at(path) as ledger:
        for entry in (book.search(0), book.intent(1)):
            await ledger.append(entry)
    before = rows(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"{PURGE} WHERE idx = 0")
        with pytest.raises(sqlite3.IntegrityError, match="entries are never"):
            connection.execute(f"{PURGE} WHERE idx = 0")
    assert rows(path) == [(*before[0][:5], None, before[0][6], None, None), before[1]]


async def test_it_is_durable_at_each_commit(path, ledger_at) -> None:
    async with ledger_at(path):
        pass
    notary = Notary.of("kuacheng.test/2026a", signers("kuacheng.test/2026a"))
    with closing(schema.connect_writer(path, notary, lock_timeout=1.0)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
