"""Who may do what with the tables, and which tables are taken for the log."""

from dataclasses import replace

import psycopg
import pytest

from gateway.ledger.appending import Notary
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from tests.gateway.ledger.keyring import signers

pytestmark = pytest.mark.needs("postgresql")

LOG = "kuacheng.test/2026a"
PURGE = "nonce = NULL, body = NULL, holder = NULL"


def refusal(database, log: str = LOG, seed: int = 7) -> str:
    with pytest.raises(LogUnusable) as caught:
        PostgresqlLedger.open(database, log=log, signers=signers(log, seed), entropy=bytes)
    return str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE entries SET {PURGE}",
        "UPDATE entries SET at = ''",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "DELETE FROM head",
        "DELETE FROM tiles",
        "UPDATE meta SET log = 'another'",
        "DROP TABLE entries",
        "ALTER TABLE entries DISABLE TRIGGER USER",
        "CREATE TABLE another (n INTEGER)",
    ],
)
async def test_the_gateway_s_role_may_neither_change_nor_delete_what_stands(database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(f"SET search_path = {database.schema}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET at = ''",
        "UPDATE entries SET holder = NULL",
        "UPDATE entries SET nonce = NULL, body = NULL",
        f"UPDATE entries SET {PURGE}, leaf_hash = ''",
        f"UPDATE entries SET {PURGE}, replay_key = NULL",
        "DELETE FROM entries",
        "TRUNCATE entries",
    ],
)
async def test_the_owner_is_kept_from_it_by_accident(postgresql, database, opened, book, statement: str) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.search(0))
    with postgresql.owner() as connection:
        connection.execute(f"SET search_path = {database.schema}")
        with pytest.raises(psycopg.errors.RaiseException, match="entries are never changed"):
            connection.execute(statement)


async def test_the_purger_s_role_may_purge_and_no_more(postgresql, database, opened, book) -> None:
    async with opened(database) as ledger:
        for entry in (book.search(0), book.outcome(0), book.purge(0, 0)):
            await ledger.append(entry)
    with postgresql.owner() as connection:
        connection.execute(f"SET ROLE {database.schema}_purger")
        connection.execute(f"SET search_path = {database.schema}")
        connection.execute(f"UPDATE entries SET {PURGE} WHERE idx = 0")
        for statement in ("UPDATE entries SET at = ''", "DELETE FROM entries", "UPDATE head SET size = 0"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with Log(PostgresqlRecords.open(database)) as log:
        verdict = log.verify([signers(LOG)[0].verifier])
        assert (verdict.sound, verdict.entries, verdict.purged, [each.index for each in log.entries()]) == (True, 3, 1, [1, 2])


def test_a_schema_without_tables_is_told_how_to_get_them(database) -> None:
    assert "run what `kuacheng ledger schema` prints" in refusal(replace(database, schema="nothing"))
    with pytest.raises(LogUnusable, match="cannot be read"):
        PostgresqlRecords.open(replace(database, schema="nothing"))


async def test_tables_of_another_log_another_form_or_another_key_are_refused(postgresql, database, opened) -> None:
    async with opened(database):
        pass
    assert "is the log 'kuacheng.test/2026a', not 'another'" in refusal(database, "another")
    assert "signed by another key" in refusal(database, seed=66)
    with postgresql.owner() as connection:
        connection.execute(f"UPDATE {database.schema}.head SET size = 1, frontier = '\\x00'")
        assert "verify it" in refusal(database)
        connection.execute(f"UPDATE {database.schema}.meta SET schema = 2")
    assert "form 2 of the log and this program reads form 3" in refusal(database)


def test_a_server_that_would_lose_entries_is_refused(postgresql, database, monkeypatch) -> None:
    monkeypatch.setattr(schema, "_DURABLE", ("fsync", "zero_damaged_pages"))
    with database.connect() as connection, pytest.raises(LogUnusable, match="set zero_damaged_pages = on"):
        schema.begin(connection, database, Notary.of(LOG, signers(LOG)))


@pytest.mark.parametrize("name", ["", "Log", "a-b", "1a", 'a"; DROP', "a" * 42])
def test_a_schema_s_name_needs_no_quotes(database, name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        schema.tables(name)
    with pytest.raises(RuntimeError, match="schema's name"):
        replace(database, schema=name)
