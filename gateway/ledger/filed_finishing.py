"""Ends a log's SQLite file: from then on it takes no exchange, whoever opens it.

Law: only where nobody else writes it and no exchange is open, looked at in the turn in which it ends.
"""

from contextlib import closing
from pathlib import Path
from sqlite3 import Error
from typing import Final

from gateway.ledger import schema
from gateway.ledger.appending import Notary
from gateway.ledger.records import LogUnusable
from gateway.ledger.sharing import Turn, TurnNotGiven, lives, signs

PATIENCE: Final = 2.0
"""Seconds that it waits for its turn."""


def finish(path: Path, notary: Notary) -> None:
    """End it; may be done again. Raises LogUnusable, which says what to do."""
    try:
        with closing(Turn(path, PATIENCE)) as turn, turn:
            if any(lives(path, each) for each in signs(path)):
                raise LogUnusable(f"a gateway still writes the log {notary.log}: stop every gateway of it, then change the log")
            with closing(schema.connect_writer(path, notary, lock_timeout=PATIENCE)) as connection:
                (still,) = connection.execute("SELECT count(*) FROM open_exchanges").fetchone()
                if still:
                    raise LogUnusable(f"{still} exchanges of the log {notary.log} have not ended: change the log again")
                schema.finish(connection)
    except (Error, OSError, TurnNotGiven) as error:
        raise LogUnusable(f"the log {notary.log} could not be ended: {error}") from error
