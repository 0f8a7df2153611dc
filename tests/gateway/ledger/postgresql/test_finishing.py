"""A log in PostgreSQL ends once and for all, at the word of who writes it, when nobody does."""

import psycopg
import pytest

from gateway.ledger.appending import Notary
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.finishing import cosigned, finish
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import finished
from gateway.model.act import Act
from gateway.model.refusal import Refusal
from gateway.stages.seal import act
from tests.gateway.ledger.conftest import AT, BY
from tests.gateway.ledger.keyring import signers

pytestmark = pytest.mark.needs("postgresql")

LOG = "kuacheng.test/2026a"
NOTARY = Notary.of(LOG, signers(LOG))


async def test_what_ended_takes_acts_only_and_keeps_what_witnesses_said_last(database, opened, book) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.intent(0))
        with pytest.raises(LogUnusable, match="a gateway still writes the log"):
            finish(database, NOTARY, None)
    with pytest.raises(LogUnusable, match=r"1 exchanges of the log .* have not ended"):
        finish(database, NOTARY, None)
    async with opened(database) as ledger:
        await ledger.append(book.outcome(0))
    assert cosigned(database) is None
    for note in ("the last word", "another word"):
        finish(database, NOTARY, note)
        assert cosigned(database) == "the last word"
    async with opened(database) as ledger:
        for entry in (book.intent(1), book.refused(2)):
            with pytest.raises(Refusal, match="the log is finished: name its successor"):
                await ledger.append(entry)
        assert (await ledger.append(book.act(0))).index == 2
    with Log(PostgresqlRecords.open(database)) as log:
        assert (log.verify([each.verifier for each in signers(LOG)]).sound, log.size()) == (True, 3)


async def test_behind_its_end_no_act_follows_but_its_own_purges(database, opened, book) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.refused(0))
    finish(database, NOTARY, None)
    async with opened(database) as ledger:
        await ledger.append(act(Act.LOG_FINISHED, BY, "end", AT, finished("kuacheng.test/2026b")))
        for _ in range(2):
            with pytest.raises(Refusal, match="the log is finished: name its successor"):
                await ledger.append(book.act(0))
        assert (await ledger.append(book.purge(0, 0))).index == 2
    with Log(PostgresqlRecords.open(database)) as log:
        assert (log.successor(), log.verify([each.verifier for each in signers(LOG)]).sound) == ("kuacheng.test/2026b", True)


async def test_who_ended_it_cannot_begin_it_again_and_nobody_else_ends_it(postgresql, database, opened, book) -> None:
    async with opened(database) as ledger:
        await ledger.append(book.refused(0))
    finish(database, NOTARY, None)
    with database.connect() as connection:
        connection.execute(f"SET search_path = {database.schema}")
        for statement in (
            "DROP TRIGGER entries_finished ON entries",
            "DELETE FROM ended",
            "UPDATE ended SET cosigned = 'mine'",
            "INSERT INTO ended (cosigned) VALUES ('mine')",
            "CREATE OR REPLACE FUNCTION finish(cosigned TEXT) RETURNS void LANGUAGE sql AS ''",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with postgresql.owner() as connection:
        for role in ("reader", "purger"):
            connection.execute(f"SET ROLE {database.schema}_{role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {database.schema}.finish(NULL)")
            connection.execute("RESET ROLE")


async def test_tables_that_were_made_without_it_are_told_how_to_get_it(postgresql, database, opened) -> None:
    async with opened(database):
        pass
    with postgresql.owner() as connection:
        name = database.schema
        connection.execute(f"DROP FUNCTION {name}.finish, {name}.refuse_exchange; DROP TABLE {name}.ended")
        with pytest.raises(LogUnusable, match=f"run what `kuacheng ledger schema --schema {name} --ending` prints"):
            finish(database, NOTARY, None)
        assert cosigned(database) is None
        for _ in range(2):
            connection.execute(schema.ending(name))
    finish(database, NOTARY, None)
