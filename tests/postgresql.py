"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a Unix socket, durable like one that keeps evidence.

One serves a whole process of tests; each log has a schema of its own there, made by the SQL that operators run, and the gateway's role in
it may do no more than a gateway's may.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg

from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.postgresql.schema import tables

_OWNER = "owner"
_SETTINGS = "-c listen_addresses='' -c shared_buffers=32MB -c max_connections=40 -c max_wal_size=128MB"


def _programs() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


class Server:
    """Stopped, started and killed as a test likes. Made by `begin`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)

    @classmethod
    def begin(cls) -> Self:
        """A new cluster, started."""
        server = cls(Path(tempfile.mkdtemp(prefix="kc-pg-")))
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(server.folder, "postgres")
        server.run("initdb", "--no-sync", "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C")
        server.start()
        return server

    def start(self, further: str = "") -> None:
        """With further options of the server, for this time."""
        options = f"-k {self.folder} {_SETTINGS} {further}"
        self.run("pg_ctl", "start", "-w", "-s", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is what a power cut looks like to the database."""
        self.run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def write(self, name: str, content: bytes) -> Path:
        """A file beside the cluster that the server may read."""
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres")
        return path

    def end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def run(self, program: str, *arguments: str) -> None:
        lowered = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*lowered, str(_programs() / program), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=60)

    def empty(self) -> Database:
        """The tables of a log that nobody has begun, as the gateway's role reaches them."""
        schema = f"log_{next(self._numbers)}"
        with self.owner() as connection:
            connection.execute(tables(schema))
            connection.execute(f"CREATE ROLE {schema}_gateway LOGIN IN ROLE {schema}_writer")
        return Database("postgres", f"{schema}_gateway", schema, socket=self.folder)

    @contextmanager
    def owner(self, **options: Any) -> Iterator[psycopg.Connection[Any]]:
        """The owner of the database, who may do anything."""
        with psycopg.connect(host=str(self.folder), dbname="postgres", user=_OWNER, autocommit=True, **options) as connection:
            yield connection
