"""Reaching the database: who we are to it, over what, and what its faults are called.

Laws: over a network TLS with the server's name verified, always; a password comes from the configuration, never from a variable or file
that libpq finds by itself; nothing that is told of a fault carries a value or an address.
Source: libpq, Database Connection Control Functions (34.1.2).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from gateway.ledger.records import LogUnusable, Unreadable

Connection = psycopg.Connection[tuple[Any, ...]]

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_CONNECT_SECONDS: Final = 2
"""For each server that is named; libpq knows whole seconds and takes no fewer than two."""
_NETWORK_MILLISECONDS: Final = 5000
"""How long sent bytes may go unacknowledged before the connection is given up."""
_KEPT_ALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
_CORRUPT: Final = (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted)


@dataclass(frozen=True, slots=True)
class Database:
    """Where the log is: servers as (host, port), of which the one that can be written is taken, or the folder of a Unix socket.

    `authorities` names the file with the CAs that may sign a server's certificate; it is needed wherever there are servers.
    `certificate` and `key` are files too. `schema` is the log's own.
    """

    name: str
    user: str
    schema: str
    servers: tuple[tuple[str, int], ...] = ()
    socket: Path | None = None
    password: str = field(default="", repr=False)
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if not is_name(self.schema) or bool(self.servers) is (self.socket is not None) or (self.servers and not self.authorities):
            raise RuntimeError("a database has a schema's name, and either servers with their authorities or a socket")

    def connect(self) -> Connection:
        """A connection of its own, each statement its own transaction. Raises LogUnusable."""
        with told("the database of the evidence log cannot be reached"):
            # No statement is prepared, so that a pooler may give each transaction another session.
            return psycopg.Connection.connect(autocommit=True, prepare_threshold=None, **self._parameters())

    def _parameters(self) -> dict[str, Any]:
        given = {
            "dbname": self.name,
            "user": self.user,
            # What is not given, even as nothing, libpq takes from variables and files that it finds.
            "password": self.password,
            "passfile": "/dev/null/none",
            "hostaddr": "",
            "options": "",
            "gssencmode": "disable",
            "application_name": "kuacheng",
            "client_encoding": "UTF8",
            "connect_timeout": _CONNECT_SECONDS,
            "target_session_attrs": "read-write",
        }
        if self.socket is not None:
            return given | {"host": str(self.socket), "sslmode": "disable"}
        return (
            given
            | _KEPT_ALIVE
            | {
                "host": ",".join(host for host, _ in self.servers),
                "port": ",".join(str(port) for _, port in self.servers),
                "tcp_user_timeout": _NETWORK_MILLISECONDS,
                "sslmode": "verify-full",
                "sslrootcert": str(self.authorities),
                "sslcert": str(self.certificate) if self.certificate else "/dev/null/none",
                "sslkey": str(self.key) if self.key else "/dev/null/none",
                "ssl_min_protocol_version": "TLSv1.2",
            }
        )


def is_name(schema: str) -> bool:
    """Whether a schema may be called so: small letters, digits and underscores, so that it stands in statements without quotes."""
    return _NAME.fullmatch(schema) is not None


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns the driver's errors into ours, by the name of the fault alone."""
    try:
        yield
    except _CORRUPT as error:
        raise Unreadable(f"{what}: {fault(error)}") from error
    except psycopg.Error as error:
        raise LogUnusable(f"{what}: {fault(error)}") from error


def fault(error: BaseException) -> str:
    """The name of a fault: PostgreSQL's condition where the server named one, else the driver's."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__
