"""Which store holds the evidence log: chosen by the configuration, for the gateway and for the command line alike.

Law: nothing else in the house knows that there is more than one store.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.clock import entropy
from gateway.ledger.filed import FiledRecords
from gateway.ledger.keys import signers
from gateway.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from gateway.config import DatabaseMaterial, Loaded
    from gateway.ledger.appending import Appending
    from gateway.ledger.postgresql.connecting import Database
    from gateway.ledger.records import Opening


def ledger(loaded: Loaded) -> Appending:
    """The log, open for appending. Raises LogUnusable, which says what to do."""
    log, where = loaded.settings.log, loaded.ledger
    keys = signers(log, loaded.log_keys)
    if isinstance(where, Path):
        return SqliteLedger.open(where, log=log, signers=keys, entropy=entropy)
    from gateway.ledger.postgresql.writing import PostgresqlLedger

    return PostgresqlLedger.open(_database(where), log=log, signers=keys, entropy=entropy)


def opening(loaded: Loaded) -> Opening:
    """What opens the log for reading, again and again."""
    where = loaded.ledger
    if isinstance(where, Path):
        return partial(FiledRecords.open, where)
    from gateway.ledger.postgresql.reading import PostgresqlRecords

    return partial(PostgresqlRecords.open, _database(where))


def _database(where: DatabaseMaterial) -> Database:
    from gateway.ledger.postgresql.connecting import Database

    return Database(
        name=where.name,
        user=where.user,
        schema=where.schema,
        servers=tuple((each.host, each.port) for each in where.servers),
        socket=where.socket,
        password=where.password,
        authorities=where.authorities,
        certificate=where.certificate,
        key=where.key,
    )
