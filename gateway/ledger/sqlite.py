"""The evidence log in one SQLite file, which several programs may write.

Laws: an acknowledged entry is on the disk (synchronous=FULL), under a signed checkpoint that is there too; indexes are dense from 0; each
transaction holds the head it builds on against the file's and writes nothing on any other, so several programs may take turns; any
fault of SQLite, of the file or of the key refuses the whole batch, and the next one tries afresh.
Serves: gateway.ports.Ledger; PIPL art. 56 and Network Data Security Regulations art. 12 (records of each provision).
"""

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from gateway.ledger import schema
from gateway.ledger.appending import QUEUE_LIMIT, Appending, Leaf, Notary, results
from gateway.ledger.filed import FiledRecords
from gateway.ledger.inserting import Unlike, insert_all, insert_each
from gateway.ledger.note import Signer
from gateway.ledger.proving import proofs
from gateway.ledger.records import Head, LogUnusable, Opening
from gateway.ledger.sharing import SignOfLife, Turn, TurnNotGiven, lives, signs
from gateway.ledger.succession import Unrepeated, check_after_end
from gateway.ledger.tree import Frontier, grow, leaf_hash
from gateway.model.exchange import EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal

LOCK_TIMEOUT: Final = 2.0
"""Seconds that a batch waits for its turn, and for another hand's lock on the file."""


_CHECKPOINT_ENTRIES: Final = 2048
"""Entries, whoever appended them, from one checkpoint of the WAL to the next: some 1,000 pages, 2,000 where replay keys fall anywhere."""
_NAME_SIZE: Final = 4
_ACT: Final = EntryKind.ACT.value

_FAULTS: Final = (sqlite3.Error, OSError, LogUnusable, TurnNotGiven)


class SqliteLedger(Appending):
    """The port `Ledger` on one file, for one event loop. Made by `open`, ended by `close`."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        log: str,
        signers: Sequence[Signer],
        entropy: Callable[[int], bytes],
        lock_timeout: float = LOCK_TIMEOUT,
        queue_limit: int = QUEUE_LIMIT,
        predecessor: Opening | None = None,
    ) -> Self:
        """Open or make the file of the log named `log`.

        Each of `signers`, at least one and all under the log's name, signs every checkpoint; `entropy(n)` gives n bytes of chance;
        `lock_timeout` is in seconds; what stands in `predecessor`, the log before, is a replay here too. Raises LogUnusable, which says
        what to do.
        """
        notary = Notary.of(log, signers)
        try:
            store = _Store(path, notary, entropy(_NAME_SIZE).hex(), lock_timeout)
        except (sqlite3.Error, OSError, TurnNotGiven) as error:
            raise LogUnusable(f"the evidence log {path} cannot be opened: {error}") from error
        return cls(Unrepeated(store, predecessor) if predecessor else store, entropy, queue_limit)


class _Store:
    """The file, as the writer's thread sees it."""

    def __init__(self, path: Path, notary: Notary, name: str, lock_timeout: float) -> None:
        self._path = path
        self._notary = notary
        self._lock_timeout = lock_timeout
        self._connection: sqlite3.Connection | None = None
        self._head: Head | None = None
        self._sign: SignOfLife | None = None
        self._name = f"{os.getpid()}-{name}"
        self._turn = Turn(path, lock_timeout)
        try:
            with self._turn:
                schema.create(path, notary.log, notary.head(Frontier()))
                self._file = _identity(path)
                self._sign = SignOfLife(path, self._name)
                self.interrupted = self._claim(self._connected())
        except BaseException:
            self.close()
            raise
        self._checkpointed = 0

    def adopted(self) -> tuple[str, ...]:
        """None: of whoever dies on this machine, the next opening is told."""
        return ()

    def commit(self, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        try:
            with self._turn:
                connection = self._connected()
                if any(leaf.kind == _ACT for leaf in leaves) and schema.is_ended(connection):
                    check_after_end(leaves, FiledRecords(connection, self._notary.log))
                return self._transact(connection, leaves)
        except _FAULTS as error:
            # A connection that failed may have lost its place; the next batch gets a new one.
            self._disconnect()
            return [_unavailable(error) for _ in leaves]
        except BaseException:
            self._disconnect()
            raise

    def rest(self) -> None:
        """Move what is in the WAL into the file, now and then. Should it fail, nothing is lost and it is tried again."""
        if self._connection is None or self._head is None:
            return
        if self._head.size - self._checkpointed >= _CHECKPOINT_ENTRIES:
            self._checkpointed = self._head.size
            with suppress(sqlite3.Error, TurnNotGiven), self._turn:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        self._disconnect()
        if self._sign is not None:
            self._sign.close()
        self._turn.close()

    def _transact(self, connection: sqlite3.Connection, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        """All at once after the head that this process left; where the file says otherwise, one by one after the file's own head."""
        hashes = [leaf_hash(leaf.whole) for leaf in leaves]
        if self._head is not None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                insert_all(connection, leaves, hashes, self._head.size, self._name)
                return self._conclude(connection, self._head, leaves, hashes, {})
            except (sqlite3.IntegrityError, Unlike):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        head = schema.read_head(connection)
        refused = insert_each(connection, leaves, hashes, head.size, self._name)
        return self._conclude(connection, head, leaves, hashes, refused)

    def _conclude(
        self,
        connection: sqlite3.Connection,
        head: Head,
        leaves: Sequence[Leaf],
        hashes: Sequence[bytes],
        refused: Mapping[int, Exception],
    ) -> Sequence[Recorded | Exception]:
        """Grow the tree by what was inserted, sign it, commit, and prove each entry."""
        before = head.frontier()
        after, made = grow(before, [hash_ for number, hash_ in enumerate(hashes) if number not in refused])
        schema.write_tiles(connection, made.items())
        signed = self._notary.head(after)
        if not schema.replace_head(connection, head, signed):
            raise Unlike("the head of the evidence log is not the one that was there: verify the log")
        connection.execute("COMMIT")
        self._head = signed
        proven = proofs(before, after, made, signed.checkpoint)
        return results(self._notary.log, leaves, before.size, proven, refused)

    def _claim(self, connection: sqlite3.Connection) -> tuple[str, ...]:
        """Take over the exchanges that dead writers had in hand."""
        dead = {name for name in signs(self._path) if name != self._name and not lives(self._path, name)}
        connection.execute("BEGIN IMMEDIATE")
        writers = {name for (name,) in connection.execute("SELECT DISTINCT writer FROM open_exchanges")}
        for name in writers:
            if name in dead or not lives(self._path, name):
                connection.execute("UPDATE open_exchanges SET writer = ? WHERE writer = ?", (self._name, name))
        rows = connection.execute(
            "SELECT exchange_id FROM open_exchanges WHERE writer = ? ORDER BY idx", (self._name,)
        ).fetchall()
        connection.execute("COMMIT")
        return tuple(exchange_id for (exchange_id,) in rows)

    def _connected(self) -> sqlite3.Connection:
        # A moved or deleted file would take entries that nobody finds again.
        if _identity(self._path) != self._file:
            raise LogUnusable("the file of the evidence log was replaced while it was open")
        if self._connection is None:
            self._connection = schema.connect_writer(self._path, self._notary, lock_timeout=self._lock_timeout)
        return self._connection

    def _disconnect(self) -> None:
        self._head = None
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _unavailable(error: Exception) -> Refusal:
    # Only names of faults and our own words: SQLite's messages could carry a path.
    own = isinstance(error, LogUnusable | TurnNotGiven)
    what = getattr(error, "sqlite_errorname", None) or (str(error) if own else type(error).__name__)
    refusal = Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log could not be written: {what}")
    refusal.__cause__ = error
    return refusal


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
