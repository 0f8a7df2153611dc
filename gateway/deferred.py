"""The tickets of questions that cities answer later, in an SQLite file beside the evidence log.

Laws: a ticket is durable before its caller hears of it; a row holds no personal data and no payload; a row goes when its limit is past for
as long again, and until then says that it has ended. Several gateways on one machine may use one file.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

from gateway.model.deferral import Deferral
from gateway.model.refusal import Reason, Refusal

_Told = TypeVar("_Told")

_COLUMNS: Final = ("key", "exchange_id", "digest", "digest_key", "system", "operation", "ticket", "asked_at", "until")
_TABLE: Final = f"""CREATE TABLE IF NOT EXISTS deferred (
  {", ".join(f"{each} TEXT NOT NULL" for each in (*_COLUMNS, "gone_at"))}, PRIMARY KEY (key)) WITHOUT ROWID"""
_KEEP: Final = "INSERT INTO deferred VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND: Final = "SELECT * FROM deferred WHERE key = ?"
_PURGE: Final = "DELETE FROM deferred WHERE gone_at < ?"
_BUSY_SECONDS: Final = 5.0


class DeferredFile:
    """The file (gateway.ports.Deferrals)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deferred")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Makes it where it is not there. Raises OSError where that is not possible."""
        path.touch(mode=0o600, exist_ok=True)
        try:
            connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            with ExitStack() as unusable:
                unusable.callback(connection.close)
                for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
                    connection.execute(statement)
                unusable.pop_all()
        except sqlite3.Error as error:
            message = f"{path} cannot hold tickets ({type(error).__name__}); is it a file of something else, or is the disk full?"
            raise OSError(message) from error
        return cls(connection)

    async def keep(self, deferral: Deferral) -> None:
        """As the port says."""

        def write() -> None:
            self._connection.execute(_PURGE, (_text(deferral.asked_at),))
            self._connection.execute(_KEEP, _row(deferral))

        await self._told(write)

    async def find(self, key: str) -> Deferral | None:
        """As the port says."""
        found = await self._told(lambda: self._connection.execute(_FIND, (key,)).fetchone())
        return None if found is None else Deferral(*found[:-3], *map(datetime.fromisoformat, found[-3:-1]))

    async def close(self) -> None:
        """Ends the connection, after what is still being written."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _told(self, work: Callable[[], _Told]) -> _Told:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            what = f"the tickets of deferred questions cannot be kept or read ({type(error).__name__})"
            raise Refusal(Reason.LEDGER_UNAVAILABLE, what) from None


def _row(deferral: Deferral) -> tuple[str, ...]:
    texts = tuple(str(getattr(deferral, name)) for name in _COLUMNS[:-2])
    gone = deferral.until + (deferral.until - deferral.asked_at)
    return (*texts, _text(deferral.asked_at), _text(deferral.until), _text(gone))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
