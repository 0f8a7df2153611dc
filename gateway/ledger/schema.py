"""The evidence log's file: its tables, who may open it, and how it is opened for writing and for reading.

Laws: a file is readable by its owner only; a file of another log, another form or another hand is refused, never mended. Entries are only
ever inserted: the file's own triggers refuse to change or delete one, but for a purge, which takes nonce, body and holder together.
"""

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

from gateway.ledger import ownership, tiles
from gateway.ledger.appending import Notary, fit_to_grow
from gateway.ledger.records import SCHEMA, Head, LogUnusable
from gateway.ledger.tiles import WIDTH
from gateway.ledger.tree import Place

APPLICATION_ID: Final = 0x4B434C47
"""`KCLG` in the file's header, by which file(1) and we know it."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# The writer checkpoints by itself, after a batch, when its callers have their results already. fullfsync is for macOS, whose fsync
# leaves data in the disk's cache. The cache is 32 MiB; a WAL that a long reading let grow is cut back to 64 MiB.
_WRITING: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "fullfsync = 1",
    "wal_autocheckpoint = 0",
    "cache_size = -32768",
    f"journal_size_limit = {64 * 2**20}",
)
_PATIENCE: Final = 5.0
"""Seconds that an opening or a reading waits for another connection."""

# NULLs are never equal, so the replay keys of INTENTs alone have to be unique (see `unique_key`). head, tiles and open_exchanges follow
# from entries, but for the writer who has an exchange in hand, and save a scan: where the next entry goes, the inner nodes of the tree,
# which INTENT has no OUTCOME yet. Before the body, which may need pages of its own, stands what is read without it.
_KEPT: Final = ("idx", "kind", "exchange_id", "at", "replay_key", "leaf_hash")
"""What a purge leaves as it is."""
_IS_NO_PURGE: Final = (
    "OLD.body IS NULL OR NEW.nonce IS NOT NULL OR NEW.body IS NOT NULL OR NEW.holder IS NOT NULL OR "
    + " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _KEPT)
)
_REPLACE_HEAD: Final = "UPDATE head SET size = ?, frontier = ?, checkpoint = ? WHERE size = ? AND checkpoint = ?"
_LEAVES: Final = "SELECT leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
_TILE: Final = "SELECT hashes FROM tiles WHERE level = ? AND place = ?"
_TABLES: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
BEGIN IMMEDIATE;
CREATE TABLE meta (log TEXT NOT NULL, schema INTEGER NOT NULL);
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 0), size INTEGER NOT NULL, frontier BLOB NOT NULL, checkpoint TEXT NOT NULL
);
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, exchange_id TEXT NOT NULL, at TEXT NOT NULL, replay_key TEXT,
    holder TEXT, leaf_hash BLOB NOT NULL, nonce BLOB, body BLOB, CHECK ((nonce IS NULL) = (body IS NULL))
);
CREATE UNIQUE INDEX entries_replay_key ON entries (replay_key);
CREATE UNIQUE INDEX entries_exchange ON entries (exchange_id, kind);
CREATE INDEX entries_holder ON entries (holder, idx) WHERE holder IS NOT NULL;
CREATE TABLE tiles (level INTEGER NOT NULL, place INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, place)) WITHOUT ROWID;
CREATE TABLE open_exchanges (exchange_id TEXT PRIMARY KEY, idx INTEGER NOT NULL, writer TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER entries_unchanged BEFORE UPDATE ON entries WHEN {_IS_NO_PURGE}
    BEGIN SELECT RAISE(ABORT, 'entries are never changed, but for a purge of nonce, body and holder together'); END;
CREATE TRIGGER entries_undeleted BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
"""

IS_FINISHED: Final = "the log is finished: it takes no exchange any more"
"""What SQLite says to whoever writes an exchange into a log that has ended."""
_FINISH: Final = f"""
CREATE TRIGGER IF NOT EXISTS entries_finished BEFORE INSERT ON entries WHEN NEW.kind <> 'ACT'
    BEGIN SELECT RAISE(ABORT, '{IS_FINISHED}'); END
"""


def read_head(connection: sqlite3.Connection) -> Head:
    """The head; that of an empty log without checkpoint where the file has none. Raises sqlite3.Error."""
    return Head.of(*connection.execute("SELECT size, frontier, checkpoint FROM head").fetchone() or (0, b"", ""))


def write_head(connection: sqlite3.Connection, head: Head) -> None:
    """Put it in place of the one that stands. Raises sqlite3.Error."""
    connection.execute("INSERT OR REPLACE INTO head VALUES (0, ?, ?, ?)", head.columns)


def replace_head(connection: sqlite3.Connection, head: Head, by: Head) -> bool:
    """Put another in place of this one, and say whether it was the one that stood. Raises sqlite3.Error."""
    changed = connection.execute(_REPLACE_HEAD, (*by.columns, head.size, head.checkpoint))
    return changed.rowcount == 1


def tile(connection: sqlite3.Connection, level: int, place: int) -> bytes:
    """As `Records.tile`. Raises sqlite3.Error."""
    if level == 0:
        return b"".join(row[0] for row in connection.execute(_LEAVES, (place * WIDTH, (place + 1) * WIDTH)))
    row = connection.execute(_TILE, (level, place)).fetchone()
    return bytes(row[0]) if row else b""


def write_tiles(connection: sqlite3.Connection, made: Iterable[tuple[Place, bytes]]) -> None:
    """Add the nodes that belong into tiles, of those that a growth has completed. Raises sqlite3.Error, LogUnusable."""
    for changed in tiles.extended(made, partial(tile, connection)):
        connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", changed)


def create(path: Path, log: str, empty: Head) -> None:
    """Make the file, owner-only, with its tables and this head, unless it is there; raises OSError, sqlite3.Error."""
    with suppress(FileExistsError):
        os.close(ownership.made(path, os.O_RDWR))
        _sync_folder(path.parent)
    check_rights(path)
    with closing(_connect(path, "rw", timeout=_PATIENCE)) as connection:
        if connection.execute("PRAGMA schema_version").fetchone() != (0,):
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO meta VALUES (?, ?)", (log, SCHEMA))
        write_head(connection, empty)
        connection.execute("COMMIT")


def finish(connection: sqlite3.Connection) -> None:
    """From now on the log takes nothing but acts, whoever writes it. Raises sqlite3.Error."""
    connection.execute(_FINISH)


def is_ended(connection: sqlite3.Connection) -> bool:
    """Whether `finish` was here. Raises sqlite3.Error."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = 'entries_finished'").fetchone()
    return found is not None


def connect_writer(path: Path, notary: Notary, *, lock_timeout: float) -> sqlite3.Connection:
    """Open the log's file for writing, durable at each commit; `lock_timeout` in seconds, of waiting for another hand's lock.

    Raises LogUnusable, or sqlite3.Error when SQLite cannot.
    """
    connection = _connect(path, "rw", timeout=lock_timeout)
    try:
        _check_log(connection, path, notary)
        for pragma in _WRITING:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open a file for reading only, and return the log's name with it. Raises LogUnusable, sqlite3.Error."""
    connection = _connect(path, "ro", timeout=_PATIENCE)
    try:
        return connection, log_name(connection)
    except BaseException:
        connection.close()
        raise


def log_name(connection: sqlite3.Connection) -> str:
    """Return the name of the log that this file holds; raises LogUnusable for a file of another kind or form."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise LogUnusable("the file is no evidence log: name the file that the gateway writes")
    name, schema = connection.execute("SELECT log, schema FROM meta").fetchone() or ("", None)
    if schema != SCHEMA:
        message = f"the file has form {schema} and this program reads form {SCHEMA}: read it with the program that wrote it, "
        raise LogUnusable(message + "and give this one a new file, under a new name of the log")
    return str(name)


def check_rights(path: Path) -> None:
    """Raise LogUnusable unless only the file's owner may read or write it."""
    if path.stat().st_mode & _OTHERS:
        raise LogUnusable(f"{path} is open to others than its owner: run `chmod 600` on it, then see who has read it")


def _connect(path: Path, mode: str, *, timeout: float) -> sqlite3.Connection:
    # Transactions are begun and ended in so many words, so the driver begins none (isolation_level None).
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=timeout,
        check_same_thread=False,
        cached_statements=256,
    )


def _check_log(connection: sqlite3.Connection, path: Path, notary: Notary) -> None:
    """Cheap signs that this is the log and whole at its end; `verify` looks at all of it."""
    name = log_name(connection)
    if name != notary.log:
        raise LogUnusable(f"{path} is the log {name!r}, not {notary.log!r}: name the right file, or the right log")
    # Both as of one moment, for others may be appending.
    connection.execute("BEGIN")
    try:
        (present,) = connection.execute("SELECT ifnull(max(idx) + 1, 0) FROM entries").fetchone()
        head = read_head(connection)
    finally:
        connection.execute("ROLLBACK")
    fit_to_grow(head, present, notary, str(path))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
