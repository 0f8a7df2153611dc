"""How gateways that share a log in PostgreSQL know of each other who is alive, and take over what the dead left open.

Laws: a sign of life is a row that its writer renews and the database dates, so neither a pooler nor a wrong clock of ours spoils it; who
does not renew it in time is dead, and learns so when it comes back; the exchanges of the dead are taken over under the head's lock, by one.
"""

import threading
from typing import Final

import psycopg

from gateway.ledger.postgresql.connecting import Connection, Database
from gateway.ledger.records import LogUnusable

BEAT: Final = 5.0
"""Seconds from one sign of life to the next."""
DEAD_AFTER: Final = 30.0
"""Seconds without one."""


class Living:
    """A writer's sign of life, renewed by a thread of its own until `close`. Raises psycopg.Error, LogUnusable where it is made."""

    def __init__(self, database: Database, name: str, beat: float, dead_after: float) -> None:
        self._database = database
        self._schema = database.schema
        self._name = name
        self._beat = beat
        self._dead_after = dead_after
        self._connection: Connection | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._adopted: list[str] = []
        self.declared_dead = False
        """Whether this writer was once taken for dead: others may have ended its exchanges."""
        self._connection = database.connect()
        try:
            self._insert(self._connection)
            self.interrupted = self._take_over(self._connection)
        except BaseException:
            self._connection.close()
            raise
        self._thread = threading.Thread(target=self._run, name="kuacheng-ledger-living", daemon=True)
        self._thread.start()

    def adopted(self) -> tuple[str, ...]:
        """The exchanges of writers who have died since, and since this was last asked; oldest first."""
        with self._lock:
            taken, self._adopted = tuple(self._adopted), []
        return taken

    def close(self) -> None:
        """The writer goes, and whatever it has open is anybody's."""
        self._ended.set()
        self._thread.join()
        try:
            connection = self._connection or self._database.connect()
            with connection:
                connection.execute(f"DELETE FROM {self._schema}.writers WHERE name = %s".encode(), (self._name,))
        except (psycopg.Error, LogUnusable):
            return  # it is not renewed, and so it ends by itself

    def _run(self) -> None:
        while not self._ended.wait(self._beat):
            try:
                self._connection = self._connection or self._database.connect()
                self._sign(self._connection)
                taken = self._take_over(self._connection)
            except (psycopg.Error, LogUnusable):
                self._disconnect()
            else:
                with self._lock:
                    self._adopted += taken

    def _sign(self, connection: Connection) -> None:
        """Renew the sign; who finds it gone was taken for dead."""
        renew = f"UPDATE {self._schema}.writers SET seen = clock_timestamp() WHERE name = %s"
        if connection.execute(renew.encode(), (self._name,)).rowcount == 0:
            self.declared_dead = True
            self._insert(connection)

    def _insert(self, connection: Connection) -> None:
        connection.execute(f"INSERT INTO {self._schema}.writers VALUES (%s, clock_timestamp())".encode(), (self._name,))

    def _take_over(self, connection: Connection) -> tuple[str, ...]:
        """Take the exchanges of the dead, if there are any: looked for without a lock, taken under the head's."""
        values = {"dead_after": self._dead_after, "name": self._name}
        dead = f"writer NOT IN (SELECT name FROM {self._schema}.writers WHERE seen > clock_timestamp() - %(dead_after)s * interval '1 s')"
        looked = connection.execute(f"SELECT 1 FROM {self._schema}.open_exchanges WHERE {dead} LIMIT 1".encode(), values)
        if looked.fetchone() is None:
            return ()
        with connection.transaction():
            connection.execute(f"SELECT 1 FROM {self._schema}.head FOR UPDATE".encode())
            bury = f"DELETE FROM {self._schema}.writers WHERE seen <= clock_timestamp() - %(dead_after)s * interval '1 s'"
            connection.execute(bury.encode(), values)
            take = f"UPDATE {self._schema}.open_exchanges SET writer = %(name)s WHERE {dead} RETURNING idx, exchange_id"
            return tuple(exchange_id for _, exchange_id in sorted(connection.execute(take.encode(), values)))

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
