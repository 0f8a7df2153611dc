"""What a witness remembers: the latest checkpoint of each log that it cosigned, and every proof of a fork, in one SQLite file.

Laws: looking at the latest checkpoint and putting the next in its place are one transaction, on the disk before it is answered; a tree
never shrinks and a moment never goes back, whatever the caller or the clock says; the file belongs to one key and is never made anew
by the service, because a witness that forgets cosigns a rollback.
Source: C2SP tlog-witness ("persist the new checkpoint before responding", "atomically").
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.note import Note, Verifier
from gateway.witness.submission import Forked, Submission, extend

APPLICATION_ID: Final = 0x4B435754
"""`KCWT` in the file's header."""

_OWNER_ONLY: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PATIENCE: Final = 5.0
_MOST_FORKS: Final = 100
"""Of a log. One convicts it; a broken log must not fill our disk."""
# No WAL: a rollback journal needs no checkpointing, and EXTRA puts the end of the journal on the disk too.
_DURABLE: Final = ("journal_mode = DELETE", "synchronous = EXTRA", "fullfsync = 1")
_TABLES: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
BEGIN IMMEDIATE;
CREATE TABLE meta (vkey TEXT NOT NULL);
CREATE TABLE latest (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL, moment INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE forks (
    origin TEXT NOT NULL, size INTEGER NOT NULL, held TEXT NOT NULL, given TEXT NOT NULL, moment INTEGER NOT NULL,
    PRIMARY KEY (origin, held, given)
) WITHOUT ROWID;
CREATE TRIGGER latest_grows BEFORE UPDATE ON latest WHEN NEW.size < OLD.size OR NEW.moment < OLD.moment
    BEGIN SELECT RAISE(ABORT, 'a log never shrinks'); END;
CREATE TRIGGER latest_stays BEFORE DELETE ON latest BEGIN SELECT RAISE(ABORT, 'a log is never forgotten'); END;
"""


class RecordUnusable(Exception):  # noqa: N818  named for what was found
    """A file that cannot be this witness's record; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The checkpoint last cosigned of a log, as the log signed it; `moment` in POSIX seconds."""

    checkpoint: Checkpoint
    note: str
    moment: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Two notes by which a log has signed two trees of one size, and when the second came."""

    origin: str
    size: int
    held: str
    given: str
    moment: int


class Record:
    """One open file. Its methods block; they are called by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def create(cls, path: Path, witness: Verifier) -> None:
        """Make the file, owner-only, for the witness of this key. Raises FileExistsError, OSError, sqlite3.Error."""
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        with closing(_connected(path)) as connection:
            connection.executescript(_TABLES)
            connection.execute("INSERT INTO meta VALUES (?)", (str(witness),))
            connection.execute("COMMIT")
        _sync_folder(path.parent)

    @classmethod
    def open(cls, path: Path, witness: Verifier) -> Self:
        """Open the file of the witness of this key. Raises RecordUnusable."""
        try:
            if path.stat().st_mode & _OTHERS:
                raise RecordUnusable(f"{path} is open to others than its owner: run `chmod 600` on it")
            connection = _connected(path)
        except FileNotFoundError as error:
            advice = "restore it; if it is lost, retire this key and make a new witness, for this one may have cosigned more"
            raise RecordUnusable(f"{path} does not exist: {advice}") from error
        except (sqlite3.Error, OSError) as error:
            raise RecordUnusable(f"{path} cannot be opened: {error}") from error
        try:
            _check(connection, path, witness)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def advance(self, submission: Submission, now: int) -> int:
        """Put the checkpoint in the place of the latest one, and return the moment to cosign it with: `now`, POSIX seconds, or later.

        Raises Refused having changed nothing, but that a fork is kept; raises sqlite3.Error when nothing is certain.
        """
        origin, size = submission.checkpoint.origin, submission.checkpoint.size
        with self._transaction():
            latest = self.latest(origin)
            try:
                extend(submission, latest.checkpoint if latest else None)
            except Forked:
                self._keep(submission, latest, now)
                raise
            moment = max(now, latest.moment) if latest else now
            self._connection.execute(
                "INSERT INTO latest VALUES (?, ?, ?, ?) ON CONFLICT (origin) "
                "DO UPDATE SET size = excluded.size, note = excluded.note, moment = excluded.moment",
                (origin, size, submission.text, moment),
            )
        return moment

    def latest(self, origin: str) -> Latest | None:
        """What was last cosigned of the log."""
        row = self._connection.execute("SELECT note, moment FROM latest WHERE origin = ?", (origin,)).fetchone()
        return _latest(*row) if row else None

    def everything(self) -> tuple[Latest, ...]:
        """What was last cosigned of each log, by origin."""
        return tuple(_latest(*row) for row in self._connection.execute("SELECT note, moment FROM latest ORDER BY origin"))

    def forks(self) -> tuple[Fork, ...]:
        """The proofs of forks, oldest first."""
        rows = self._connection.execute("SELECT origin, size, held, given, moment FROM forks ORDER BY moment, origin")
        return tuple(Fork(*row) for row in rows)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _keep(self, submission: Submission, latest: Latest | None, now: int) -> None:
        if latest is None:  # an empty tree with a root of its own convicts the log by itself, and nothing was held
            return
        origin, size = submission.checkpoint.origin, submission.checkpoint.size
        self._connection.execute(
            "INSERT OR IGNORE INTO forks SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM forks WHERE origin = ?) < ?",
            (origin, size, latest.note, submission.text, now, origin, _MOST_FORKS),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commits, also where a fork is told of; takes everything back where anything else goes wrong."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except Forked:
            self._connection.execute("COMMIT")
            raise
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._commit()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _latest(note: str, moment: int) -> Latest:
    return Latest(Checkpoint.parse(Note.parse(note).text), note, moment)


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE, check_same_thread=False)
    try:
        for pragma in _DURABLE:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path, witness: Verifier) -> None:
    try:
        known = connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        row = connection.execute("SELECT vkey FROM meta").fetchone() if known else None
    except sqlite3.Error as error:
        raise RecordUnusable(f"{path} cannot be read: {error}") from error
    if row is None:
        raise RecordUnusable(f"{path} is no record of a witness: name the file that `kuacheng witness init` made")
    if row != (str(witness),):
        raise RecordUnusable(f"{path} is the record of {row[0]}, not of {witness}: put the key back that belongs to it")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
