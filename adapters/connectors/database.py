"""Statements on a city's front-end database (前置库), PostgreSQL or an SQLite file: a single one by itself, several in one transaction.

Laws: the event loop never waits for a statement: they run on threads of their own; over a network TLS with the server's name verified,
always, and the gateway's certificate shown; nothing that is told of a fault carries a value, a statement or an address; a connection
that broke is replaced, and what ran on it is run once more, so a statement that writes must be one that may come twice.
Source: libpq, Database Connection Control Functions (34.1.2); SQLite, Uniform Resource Identifiers (3.1).
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, unquote, urlsplit

from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.connectors.verdict import ItemFault, Unreached, timed_out
from gateway.model.refusal import Reason, Refusal

if TYPE_CHECKING:
    import psycopg

_MOST_THREADS: Final = 8
_CONNECT_SECONDS: Final = 2

Row = tuple[Any, ...]
"""The values of a row, in the order in which its statement names their columns."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, a `?` for each value."""

    text: str
    values: tuple[str, ...] = field(default=(), repr=False)


class _Session(Protocol):
    """A connection, used by one thread."""

    def run(self, statements: Sequence[Statement]) -> list[list[Row]]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Way:
    """How a session begins, and what its driver raises: any fault, a connection that broke, a right that is missing, a statement that took
    too long.
    """

    open: Callable[[], _Session]
    faults: tuple[type[Exception], ...]
    broken: tuple[type[Exception], ...] = ()
    denied: tuple[type[Exception], ...] = ()
    slow: tuple[type[Exception], ...] = ()

    def broke(self, error: Exception) -> bool:
        """Whether the connection is no more: what took too long is not run once more on another."""
        return isinstance(error, self.broken) and not isinstance(error, self.slow)


class Database:
    """One front-end database. Raises SettingRefused when made of settings that no connection can be made with."""

    def __init__(self, settings: SystemSettings) -> None:
        self._way = _way(settings)
        self._system = settings.name
        threads = min(settings.connections, _MOST_THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=settings.name)
        self._own = threading.local()
        self._sessions: list[_Session] = []

    async def run(self, statements: Sequence[Statement], seconds: float) -> list[list[Row]]:
        """The rows of each statement, all of one moment. Raises Refusal, blame COUNTERPARTY: Unreached where nothing was sent, ItemFault
        where the database did not take a statement.
        """
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, statements)
        except TimeoutError:
            raise timed_out(self._system) from None

    async def close(self) -> None:
        """Ends the connections, once what still runs on them has ended."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        while self._sessions:
            self._sessions.pop().close()

    def _run(self, statements: Sequence[Statement]) -> list[list[Row]]:
        kept: _Session | None = getattr(self._own, "session", None)
        if kept is not None:
            try:
                return kept.run(statements)
            except self._way.faults as error:
                if not self._way.broke(error):
                    raise self._failed(error) from None
                self._drop(kept)
        session = self._opened(Unreached if kept is None else Refusal)
        try:
            return session.run(statements)
        except self._way.faults as error:
            if self._way.broke(error):
                self._drop(session)
            raise self._failed(error) from None

    def _opened(self, unavailable: type[Refusal]) -> _Session:
        try:
            session = self._way.open()
        except self._way.faults as error:
            refused = isinstance(error, self._way.denied) or "authentication failed" in str(error)
            what = f"{self._system}: no connection to the database ({_fault(error)})"
            raise Refusal(Reason.CITY_REFUSED, what) if refused else unavailable(Reason.CITY_UNAVAILABLE, what) from None
        self._own.session = session
        self._sessions.append(session)
        return session

    def _drop(self, session: _Session) -> None:
        self._own.session = None
        self._sessions.remove(session)
        session.close()

    def _failed(self, error: Exception) -> Refusal:
        if isinstance(error, self._way.slow):
            return timed_out(self._system)
        reason = Reason.CITY_REFUSED if isinstance(error, self._way.denied) else Reason.CITY_UNAVAILABLE
        refusal = Refusal if isinstance(error, self._way.broken) else ItemFault
        return refusal(reason, f"{self._system}: the database failed ({_fault(error)})")


class _File:
    """An SQLite file, which is there already: nothing is made where the city put nothing."""

    def __init__(self, path: str, seconds: float) -> None:
        self._connection = sqlite3.connect(
            f"file:{quote(path)}?mode=rw", uri=True, timeout=seconds, isolation_level=None, check_same_thread=False
        )

    def run(self, statements: Sequence[Statement]) -> list[list[Row]]:
        if len(statements) == 1:
            return [self._rows(statements[0])]
        self._connection.execute("BEGIN")
        try:
            told = [self._rows(each) for each in statements]
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            # A COMMIT that somebody else's reading kept waiting too long leaves all open, and the city locked out of its own file.
            self._connection.rollback()
            raise
        return told

    def _rows(self, statement: Statement) -> list[Row]:
        return self._connection.execute(statement.text, statement.values).fetchall()

    def close(self) -> None:
        self._connection.close()


class _Server:
    """A PostgreSQL server."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        import psycopg

        # No statement is prepared, so that a pooler may give each transaction another session.
        self._connection = psycopg.Connection.connect(autocommit=True, prepare_threshold=None, **parameters)
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def run(self, statements: Sequence[Statement]) -> list[list[Row]]:
        with self._connection.cursor() as cursor:
            if len(statements) == 1:
                return [self._rows(cursor, statements[0])]
            with self._connection.transaction():
                return [self._rows(cursor, each) for each in statements]

    @staticmethod
    def _rows(cursor: psycopg.Cursor[Row], statement: Statement) -> list[Row]:
        cursor.execute(statement.text.replace("?", "%s").encode(), statement.values)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._connection.close()


def _way(settings: SystemSettings) -> _Way:
    url = urlsplit(settings.url)
    if url.scheme == "sqlite" and not url.netloc and url.path:
        return _Way(lambda: _File(unquote(url.path), settings.timeout), (sqlite3.Error,))
    if url.scheme == "postgresql" and url.hostname and url.path.strip("/"):
        return _to_server(_parameters(settings, url.hostname, url.port or 5432, url.path.strip("/")))
    raise SettingRefused(settings.name, ("url",), "the url must be postgresql://host[:port]/database or sqlite:///path")


def _to_server(parameters: dict[str, Any]) -> _Way:
    import psycopg  # where no city has a server, nobody waits for its driver

    return _Way(
        lambda: _Server(parameters),
        (psycopg.Error,),
        (psycopg.OperationalError, psycopg.InterfaceError),
        (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.InvalidPassword,
            psycopg.errors.InvalidAuthorizationSpecification,
        ),
        (psycopg.errors.QueryCanceled,),
    )


def _parameters(settings: SystemSettings, host: str, port: int, database: str) -> dict[str, Any]:
    """Everything that libpq would otherwise take from variables and files that it finds by itself."""
    if not _is_address(host) and host != settings.server_name:
        what = "write the server's address in the url, for its certificate carries another name"
        raise SettingRefused(settings.name, ("url",), what)
    return {
        # The name is what the certificate must carry, the address where the server is.
        "host": settings.server_name,
        "hostaddr": host if _is_address(host) else "",
        "port": port,
        "dbname": database,
        "user": settings.credential("account"),
        "password": settings.credential("password"),
        "passfile": "/dev/null/none",
        "options": f"-c statement_timeout={int(settings.timeout * 1000)}",
        "gssencmode": "disable",
        "application_name": "kuacheng",
        "client_encoding": "UTF8",
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": int(settings.timeout * 1000),
        "sslmode": "verify-full",
        "sslrootcert": settings.authorities_file,
        "sslcert": settings.certificate,
        "sslkey": settings.key,
        "ssl_min_protocol_version": "TLSv1.2",
    }


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _fault(error: BaseException) -> str:
    """The name of a fault: the database's condition where it named one, else the driver's."""
    state = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__
