"""Ends a log in PostgreSQL: from then on it takes no exchange, whoever writes it.

Laws: only where no gateway gives a sign of life and no exchange is open, looked at under the head's lock in the transaction that ends it;
what ends it is the owner's, the writer may do it and nobody but the owner undo it. What the witnesses said last of the log is laid down
with it, for every gateway that gives receipts of it.
"""

from contextlib import closing

import psycopg

from gateway.ledger.appending import Notary
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.connecting import Connection, Database, told
from gateway.ledger.postgresql.living import DEAD_AFTER
from gateway.ledger.records import LogUnusable


def finish(database: Database, notary: Notary, cosigned: str | None, dead_after: float = DEAD_AFTER) -> None:
    """End it; may be done again. `cosigned` is the newest checkpoint that witnesses cosigned. Raises LogUnusable, which says what to do."""
    name = database.schema
    with told(f"the log {notary.log} could not be ended"), closing(database.connect()) as connection:
        schema.check(connection, name, notary)
        if not schema.has_function(connection, name, "finish(text)"):
            raise LogUnusable(
                f"the tables of the log {notary.log} were made before a log could be ended: as the owner of the database run "
                f"what `kuacheng ledger schema --schema {name} --ending` prints"
            )
        with connection.transaction():
            connection.execute("SELECT set_config('synchronous_commit', 'on', true)")
            connection.execute(f"SELECT 1 FROM {name}.head FOR UPDATE".encode())
            _check_at_rest(connection, name, notary.log, dead_after)
            connection.execute(f"SELECT {name}.finish(%s)".encode(), (cosigned,))


def cosigned(database: Database) -> str | None:
    """What was laid down when the log was ended; None where nothing was. Raises LogUnusable."""
    name = database.schema
    with told("the evidence log cannot be read"), closing(database.connect()) as connection:
        try:
            row = connection.execute(f"SELECT cosigned FROM {name}.ended".encode()).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        return row[0] if row else None


def _check_at_rest(connection: Connection, name: str, log: str, dead_after: float) -> None:
    alive = f"SELECT count(*) FROM {name}.writers WHERE seen > clock_timestamp() - %s * interval '1 s'"
    if connection.execute(alive.encode(), (dead_after,)).fetchone() != (0,):
        raise LogUnusable(
            f"a gateway still writes the log {log}: stop every gateway of it, then change the log; "
            f"one that was killed counts for {dead_after:.0f} seconds more"
        )
    (still,) = connection.execute(f"SELECT count(*) FROM {name}.open_exchanges".encode()).fetchone() or (0,)
    if still:
        raise LogUnusable(f"{still} exchanges of the log {log} have not ended: change the log again")
