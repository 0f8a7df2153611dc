"""Takes bodies out of the log's tables in PostgreSQL, while gateways append to it.

Laws: the role is the purger's, who may do nothing else; a statement is a transaction and takes few rows, which nobody else writes; being
killed in between is harmless. What was taken is gone from the disk when the server has vacuumed the table, and from its WAL archive never.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final

from gateway.ledger.appending import Notary
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.connecting import Database, told
from gateway.ledger.purging import slices
from gateway.ledger.records import LogUnusable

AT_ONCE: Final = 256
"""Rows a transaction."""


def purge(database: Database, notary: Notary, runs: Iterable[range]) -> Iterator[int]:
    """Take the bodies of these entries; gives, after each transaction, how many it took. Raises LogUnusable."""
    name = database.schema
    take = f"UPDATE {name}.entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx >= %s AND idx < %s AND body IS NOT NULL"
    with told("the purge stopped, purge again to go on"), closing(database.connect()) as connection:
        schema.check(connection, name, notary)
        for each in slices(runs, AT_ONCE):
            yield connection.execute(take.encode(), (each.start, each.stop)).rowcount


def check(database: Database) -> None:
    """Raises LogUnusable where this user may not purge, or the log cannot be reached."""
    asked = "SELECT bool_and(has_column_privilege(%s, name, 'UPDATE')) FROM unnest(ARRAY['nonce', 'body', 'holder']) AS name"
    with told("nothing was purged"), closing(database.connect()) as connection:
        if connection.execute(asked, (f"{database.schema}.entries",)).fetchone() != (True,):
            raise LogUnusable(
                f"nothing was purged: the database's user {database.user} may not; "
                f"grant {database.schema}_purger to another one, and name that by --purger"
            )
