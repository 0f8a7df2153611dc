"""Takes bodies out of the log's SQLite file, while others append to it.

Laws: one transaction takes few rows and holds the turn for no longer; between two the turn is free for at least as long as it was taken;
what is taken is overwritten in the file (secure_delete); being killed in between is harmless, for
each row is taken whole or not at all.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection, Error
from typing import Final

from gateway.ledger import schema
from gateway.ledger.appending import Notary
from gateway.ledger.purging import slices
from gateway.ledger.records import LogUnusable
from gateway.ledger.sharing import Turn, TurnNotGiven

AT_ONCE: Final = 256
"""Rows a transaction: some ten milliseconds."""
PATIENCE: Final = 30.0
"""Seconds that it waits for its turn: those who append come first."""

_SHORTEST_PAUSE: Final = 0.01
_CHECKPOINT_EVERY: Final = 16
_TAKE: Final = "UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx >= ? AND idx < ? AND body IS NOT NULL"


def purge(path: Path, notary: Notary, runs: Iterable[range], monotonic: Callable[[], float]) -> Iterator[int]:
    """Take the bodies of these entries; gives, after each transaction, how many it took. Raises LogUnusable."""
    try:
        with closing(Turn(path, PATIENCE)) as turn, closing(_connected(path, notary)) as connection:
            for number, each in enumerate(slices(runs, AT_ONCE), 1):
                began = monotonic()
                with turn:
                    taken = connection.execute(_TAKE, (each.start, each.stop)).rowcount
                    if number % _CHECKPOINT_EVERY == 0:
                        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                yield taken
                threading.Event().wait(max(_SHORTEST_PAUSE, monotonic() - began))
            with turn:
                # Whoever reads just now is not waited for: the next checkpoint of a writer does it.
                connection.execute("PRAGMA busy_timeout = 0").fetchall()
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (Error, OSError, TurnNotGiven) as error:
        raise LogUnusable(f"the purge of {path} stopped, purge again to go on: {error}") from error


def _connected(path: Path, notary: Notary) -> Connection:
    connection = schema.connect_writer(path, notary, lock_timeout=PATIENCE)
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    return connection
