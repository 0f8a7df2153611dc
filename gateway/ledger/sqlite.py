"""The evidence log in one SQLite file.

Laws: an acknowledged entry is on the disk (synchronous=FULL); indexes are dense from 0; each transaction reads the head it builds
on, so nothing in memory can disagree with the file; any fault of SQLite or of the file refuses the whole batch, and the next one
tries afresh. An exchange has at most one INTENT, then at most one OUTCOME: a breach is a bug of ours, and is an OutOfOrder.
Serves: gateway.ports.Ledger; PIPL art. 56 and Network Data Security Regulations art. 12 (records of each provision).
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from gateway.ledger import schema
from gateway.ledger.batching import GroupCommit
from gateway.ledger.encoding import NONCE_SIZE, chain_link, encode, leaf_hash, moment
from gateway.ledger.schema import LogUnusable
from gateway.model.exchange import Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal

LOCK_TIMEOUT: Final = 2.0
"""Seconds that a batch waits for another hand's lock on the file."""
QUEUE_LIMIT: Final = 4096
"""Entries that may wait; one more is refused."""

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
_OPENS: Final[Mapping[str, int]] = MappingProxyType({_INTENT: 1, _OUTCOME: -1})

_CHECKPOINT_PAGES: Final = 4096
# Measured: about two pages of the WAL an entry, and three more a transaction. Only the rhythm of checkpoints hangs on it.
_PAGES_AN_ENTRY: Final = 2
_PAGES_A_BATCH: Final = 3


class OutOfOrder(RuntimeError):  # noqa: N818 - named for what was found
    """A bug of ours: an entry that cannot follow what the log holds of its exchange."""


class Leaf(NamedTuple):
    """One entry, ready to be written."""

    kind: str
    exchange_id: str
    at: str
    replay_key: str | None
    nonce: bytes
    body: bytes


class SqliteLedger:
    """The port `Ledger` on one file, for one event loop. Made by `open`, ended by `close`."""

    def __init__(self, store: "_Store", entropy: Callable[[int], bytes], queue_limit: int) -> None:
        self._entropy = entropy
        self._interrupted = store.interrupted
        self._commits: GroupCommit[Leaf, Recorded] = GroupCommit(store, name="kuacheng-ledger", queue_limit=queue_limit)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        log: str,
        entropy: Callable[[int], bytes],
        lock_timeout: float = LOCK_TIMEOUT,
        queue_limit: int = QUEUE_LIMIT,
    ) -> Self:
        """Open or make the file of the log named `log`; `entropy(n)` gives n bytes of chance, `lock_timeout` is in seconds.

        Raises LogUnusable, which says what to do.
        """
        try:
            return cls(_Store(path, log, lock_timeout), entropy, queue_limit)
        except (sqlite3.Error, OSError) as error:
            raise LogUnusable(f"the evidence log {path} cannot be opened: {error}") from error

    def append(self, entry: Entry) -> asyncio.Future[Recorded]:
        """As the port says. Besides: raises MalformedEntry at once, and the future raises OutOfOrder; both are bugs of ours."""
        nonce = self._entropy(NONCE_SIZE)
        if len(nonce) != NONCE_SIZE:
            raise RuntimeError("the source of chance gave too few bytes, or too many")
        kind = entry.kind.value
        unique = schema.unique_key(kind, entry.replay_key)
        return self._commits.submit(Leaf(kind, entry.exchange_id, moment(entry.at), unique, nonce, encode(entry)))

    def interrupted(self) -> tuple[str, ...]:
        """Return the exchanges whose INTENT stood without an OUTCOME when the file was opened, oldest first."""
        return self._interrupted

    async def close(self) -> None:
        """Take nothing more, write what waits, let go of the file. May be called again."""
        await self._commits.close()


class _Store:
    """The file, as the writer's thread sees it."""

    def __init__(self, path: Path, log: str, lock_timeout: float) -> None:
        self._path = path
        self._log = log
        self._lock_timeout = lock_timeout
        self._lock = schema.take_lock(path)
        self._connection: sqlite3.Connection | None = None
        try:
            schema.create(path, log)
            self._file = _identity(path)
            self.interrupted = self._open_exchanges()
        except BaseException:
            self.close()
            raise
        self._open = len(self.interrupted)
        self._pages = 0

    def in_flight(self) -> int:
        return self._open

    def commit(self, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        try:
            results = self._transact(self._connected(), leaves)
        except (sqlite3.Error, OSError, LogUnusable) as error:
            # A connection that failed may have lost its place; the next batch gets a new one.
            self._disconnect()
            return [_unavailable(error) for _ in leaves]
        done = zip(leaves, results, strict=True)
        self._open += sum(_OPENS.get(leaf.kind, 0) for leaf, result in done if isinstance(result, Recorded))
        self._pages += _PAGES_AN_ENTRY * len(leaves) + _PAGES_A_BATCH
        return results

    def rest(self) -> None:
        """Move what is in the WAL into the file, now and then. Should it fail, nothing is lost and it is tried again."""
        if self._pages >= _CHECKPOINT_PAGES and self._connection is not None:
            self._pages = 0
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        self._disconnect()
        os.close(self._lock)

    def _transact(self, connection: sqlite3.Connection, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        connection.execute("BEGIN IMMEDIATE")
        index, chain = connection.execute("SELECT entries, chain FROM head").fetchone()
        results: list[Recorded | Exception] = []
        for leaf in leaves:
            leaf_digest = leaf_hash(leaf.nonce, leaf.body)
            link = chain_link(chain, leaf_digest)
            try:
                _insert(connection, leaf, (index, *leaf, leaf_digest, link))
            except (Refusal, OutOfOrder) as refused:
                results.append(refused)
                continue
            results.append(Recorded(self._log, index, leaf_digest))
            index, chain = index + 1, link
        connection.execute("UPDATE head SET entries = ?, chain = ?", (index, chain))
        connection.execute("COMMIT")
        return results

    def _open_exchanges(self) -> tuple[str, ...]:
        rows = self._connected().execute("SELECT exchange_id FROM open_exchanges ORDER BY idx")
        return tuple(exchange_id for (exchange_id,) in rows)

    def _connected(self) -> sqlite3.Connection:
        # A moved or deleted file would take entries that nobody finds again.
        if _identity(self._path) != self._file:
            raise LogUnusable("the file of the evidence log was replaced while it was open")
        if self._connection is None:
            self._connection = schema.connect_writer(self._path, self._log, lock_timeout=self._lock_timeout)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _insert(connection: sqlite3.Connection, leaf: Leaf, row: tuple[object, ...]) -> None:
    """Insert one row; raises Refusal or OutOfOrder having changed nothing, or sqlite3.Error."""
    if leaf.kind == _OUTCOME:
        ended = connection.execute("DELETE FROM open_exchanges WHERE exchange_id = ?", (leaf.exchange_id,))
        if ended.rowcount == 0:
            raise OutOfOrder("an OUTCOME needs an INTENT of its exchange that has none yet")
    try:
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError as error:
        if leaf.kind == _OUTCOME or error.sqlite_errorname != "SQLITE_CONSTRAINT_UNIQUE":
            raise
        raise _collision(connection, leaf) from None
    if leaf.kind == _INTENT:
        connection.execute("INSERT INTO open_exchanges VALUES (?, ?)", (leaf.exchange_id, row[0]))


def _collision(connection: sqlite3.Connection, leaf: Leaf) -> Exception:
    standing = connection.execute("SELECT 1 FROM entries WHERE replay_key = ?", (leaf.replay_key,)).fetchone()
    if standing is not None:
        return Refusal(Reason.REPLAYED_REQUEST, "an INTENT with this replay key is in the evidence log")
    return OutOfOrder(f"the exchange has its {leaf.kind} already")


def _unavailable(error: Exception) -> Refusal:
    # Only names of faults and our own words: SQLite's messages could carry a path.
    what = getattr(error, "sqlite_errorname", None) or (str(error) if isinstance(error, LogUnusable) else type(error).__name__)
    refusal = Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log could not be written: {what}")
    refusal.__cause__ = error
    return refusal


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
