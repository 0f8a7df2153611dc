"""The evidence log in PostgreSQL, which gateways on several machines may write.

Laws: an acknowledged entry is on the server's disk (synchronous_commit=on), under a signed checkpoint that is there too; a transaction
first locks the head's row, and either finds there the head that this gateway left, or builds on what it reads; so indexes are dense,
there is one tree, and nothing in memory can disagree with it; a database that no longer holds what this gateway wrote is not written on;
any fault of the database or of the key refuses the whole batch, and the next one connects afresh. An exchange has at most one INTENT,
then at most one OUTCOME.
Serves: gateway.ports.Ledger; PIPL art. 56 and Network Data Security Regulations art. 12 (records of each provision).
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple, Self

import psycopg

from gateway.ledger import tiles
from gateway.ledger.appending import QUEUE_LIMIT, Appending, Leaf, Notary, OutOfOrder, results
from gateway.ledger.note import Signer
from gateway.ledger.postgresql import schema, statements
from gateway.ledger.postgresql.connecting import Connection, Database, fault, told
from gateway.ledger.postgresql.functions import BEGINNING
from gateway.ledger.postgresql.living import BEAT, DEAD_AFTER, Living
from gateway.ledger.postgresql.reading import PostgresqlRecords, tile
from gateway.ledger.postgresql.statements import BEGIN, COMMIT, ROLLBACK, UNLIKE, Statements, columns, ends
from gateway.ledger.proving import proofs
from gateway.ledger.records import Head, LogUnusable, Opening
from gateway.ledger.succession import FINISHED, Unrepeated, check_after_end
from gateway.ledger.tiles import LastTiles, Nodes
from gateway.ledger.tree import Frontier, Place, grow, leaf_hash, root_of
from gateway.model.exchange import EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
_ACT: Final = EntryKind.ACT.value
_NAME_SIZE: Final = 4


class _Standing(NamedTuple):
    """What the log held, when the head was locked, of the exchanges and replay keys of a batch."""

    head: Head
    entries: frozenset[tuple[str, str]]
    replay_keys: frozenset[str]


class _Grown(NamedTuple):
    """What a batch makes of the log's tree, ready to be written."""

    before: Frontier
    after: Frontier
    made: Mapping[Place, bytes]
    head: Head
    tiles: Sequence[tuple[int, int, bytes]]


class PostgresqlLedger(Appending):
    """The port `Ledger` on one schema, for one event loop. Made by `open`, ended by `close`."""

    @classmethod
    def open(
        cls,
        database: Database,
        *,
        log: str,
        signers: Sequence[Signer],
        entropy: Callable[[int], bytes],
        queue_limit: int = QUEUE_LIMIT,
        beat: float = BEAT,
        dead_after: float = DEAD_AFTER,
        predecessor: Opening | None = None,
    ) -> Self:
        """Open the log named `log`, or begin it in tables that are empty.

        Each of `signers`, at least one and all under the log's name, signs every checkpoint; `entropy(n)` gives n bytes of chance; a sign
        of life is given every `beat` seconds, and who gave none for `dead_after` is dead; what stands in `predecessor`, the log before, is
        a replay here too. Raises LogUnusable, which says what to do.
        """
        notary = Notary.of(log, signers)
        with told("the evidence log cannot be opened"):
            store = _Store(database, notary, f"{os.getpid()}-{entropy(_NAME_SIZE).hex()}", beat, dead_after)
        return cls(Unrepeated(store, predecessor) if predecessor else store, entropy, queue_limit)


class _Store:
    """The schema, as the writer's thread sees it."""

    def __init__(self, database: Database, notary: Notary, name: str, beat: float, dead_after: float) -> None:
        self._database = database
        self._notary = notary
        self._name = name
        self._written = Frontier()
        self._left: Head | None = None
        self._alone = True
        self._sql = Statements(database.schema)
        self._journey = self._sql.in_words
        self._tiles = LastTiles(self._read_tile)
        self._connection: Connection | None = None
        try:
            with database.connect() as connection:
                schema.begin(connection, database, notary)
            self._connected()
            self._living = Living(database, name, beat, dead_after)
        except BaseException:
            self._disconnect()
            raise
        self.interrupted = self._living.interrupted

    def adopted(self) -> tuple[str, ...]:
        return self._living.adopted()

    def commit(self, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        try:
            return self._transact(self._connected(), leaves)
        except (psycopg.Error, LogUnusable) as error:
            # A transaction that failed has left nothing, and its connection may be no more; the next batch gets a new one.
            self._disconnect()
            return [_unavailable(error) for _ in leaves]
        except BaseException:
            self._disconnect()
            raise

    def rest(self) -> None:
        """Nothing waits: the server cleans up after itself."""

    def close(self) -> None:
        self._disconnect()
        self._living.close()

    def _transact(self, connection: Connection, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        """In one journey after the head that this gateway left, while nobody else writes; else in two, after the head that is there.

        With an act always in two, for before it is written the log is looked at, whether it has ended.
        """
        if self._left is not None and self._alone and not _has_act(leaves):
            try:
                return self._at_once(connection, leaves, self._left)
            except UNLIKE:
                connection.execute(ROLLBACK)
                self._tiles.forget()
        return self._in_turn(connection, leaves)

    def _at_once(self, connection: Connection, leaves: Sequence[Leaf], left: Head) -> Sequence[Recorded | Exception]:
        """Raises UNLIKE, and then nothing is written. While the server inserts, the tree grows here, and the proofs are made."""
        hashes, first = [leaf_hash(leaf.whole) for leaf in leaves], left.size
        opened, ended = ends(leaves, first)
        written = (ended, self._name, *columns(opened, 2), first, *statements.entries(leaves, hashes), len(ended))
        # What is sent is done as it arrives, and all of it undone unless the last of it is COMMIT, whatever goes wrong here meanwhile.
        with connection.pipeline():
            connection.execute(BEGIN)
            connection.execute(self._journey.begin, (left.size, left.checkpoint))
            connection.execute(self._journey.write, written)
            grown = self._grown(left, hashes)
            connection.execute(self._journey.end, (*grown.head.columns, *columns(grown.tiles, 3)))
            proven = self._proven(grown, {}, leaves)
            connection.execute(COMMIT)
        self._keep(grown)
        return proven

    def _in_turn(self, connection: Connection, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        standing = self._locked(connection, leaves)
        if standing.head.size < self._written.size:
            raise LogUnusable("the database holds fewer entries than this gateway wrote: an older state was put back")
        if _has_act(leaves) and schema.is_ended(connection, self._database.schema):
            check_after_end(leaves, PostgresqlRecords(connection, self._database.schema, self._notary.log))
        if standing.head != self._left:
            self._tiles.forget()
        self._alone = self._left is None or standing.head == self._left
        refused = self._judged(leaves, standing)
        stand = [leaf for number, leaf in enumerate(leaves) if number not in refused]
        hashes, first = [leaf_hash(leaf.whole) for leaf in stand], standing.head.size
        grown = self._grown(standing.head, hashes)
        opened, ended = ends(stand, first)
        with connection.pipeline():
            if stand:
                connection.execute(self._sql.insert, (first, *statements.entries(stand, hashes)))
            if grown.tiles:
                connection.execute(self._sql.tiles, columns(grown.tiles, 3))
            if opened:
                connection.execute(self._sql.open, (self._name, *columns(opened, 2)))
            if ended:
                connection.execute(self._sql.end, (ended,))
            connection.execute(self._sql.head, grown.head.columns)
            connection.execute(COMMIT)
        self._keep(grown)
        return self._proven(grown, refused, leaves)

    def _grown(self, head: Head, hashes: Sequence[bytes]) -> _Grown:
        """What entries with these hashes make of a log with this head."""
        before = head.frontier()
        after, made = grow(before, hashes)
        return _Grown(before, after, made, self._notary.head(after), list(tiles.extended(made.items(), self._tiles)))

    def _keep(self, grown: _Grown) -> None:
        """It is durable: remember where the log stands."""
        self._written, self._left = grown.after, grown.head
        self._tiles.keep(grown.tiles)

    def _proven(self, grown: _Grown, refused: Mapping[int, Exception], leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        """What is told of each entry, once it is durable."""
        proven = proofs(grown.before, grown.after, grown.made, grown.head.checkpoint)
        return results(self._notary.log, leaves, grown.before.size, proven, refused)

    def _locked(self, connection: Connection, leaves: Sequence[Leaf]) -> _Standing:
        """Begin a transaction, lock the head, read what is to be built on: one journey to the server."""
        exchanges = [leaf.exchange_id for leaf in leaves]
        keys = [leaf.replay_key for leaf in leaves if leaf.replay_key is not None]
        with connection.pipeline():
            connection.execute(BEGIN)
            connection.execute(self._sql.settings)
            head = connection.execute(self._sql.lock, binary=True)
            entries = connection.execute(self._sql.entries, (exchanges,), binary=True)
            replayed = connection.execute(self._sql.replayed, (keys,), binary=True)
        found = head.fetchone()
        if found is None:
            raise LogUnusable("the evidence log has lost its head: verify the log")
        return _Standing(Head.of(*found), frozenset(entries), frozenset(key for (key,) in replayed))

    def _judged(self, leaves: Iterable[Leaf], standing: _Standing) -> dict[int, Exception]:
        """Which of a batch cannot follow what stands and what goes before it, by number, and why."""
        entries, keys = set(standing.entries), set(standing.replay_keys)
        refused: dict[int, Exception] = {}
        for number, leaf in enumerate(leaves):
            if leaf.replay_key in keys:
                refused[number] = Refusal(Reason.REPLAYED_REQUEST, "an INTENT with this replay key is in the evidence log")
            elif leaf.kind == _OUTCOME and (leaf.exchange_id, _INTENT) not in entries:
                refused[number] = OutOfOrder("an OUTCOME needs an INTENT of its exchange that has none yet")
            elif (leaf.exchange_id, leaf.kind) in entries:
                refused[number] = self._second(leaf)
            else:
                entries.add((leaf.exchange_id, leaf.kind))
                keys |= {leaf.replay_key} if leaf.replay_key is not None else set()
        return refused

    def _second(self, leaf: Leaf) -> Exception:
        if leaf.kind == _OUTCOME and self._living.declared_dead:
            return Refusal(Reason.LEDGER_UNAVAILABLE, "this gateway was taken for dead, and another has ended the exchange")
        return OutOfOrder(f"the exchange has its {leaf.kind} already")

    def _read_tile(self, level: int, place: int) -> bytes:
        return tile(self._connected(), self._database.schema, level, place)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.connect()
            schema.check(self._connection, self._database.schema, self._notary)
            by_functions = schema.has_function(self._connection, self._database.schema, BEGINNING)
            self._journey = self._sql.by_functions if by_functions else self._sql.in_words
            self._check_that_it_holds_ours(self._connection)
        return self._connection

    def _check_that_it_holds_ours(self, connection: Connection) -> None:
        """After a fail-over another server may answer, to which not all was copied. Raises LogUnusable, psycopg.Error."""
        nodes = Nodes(partial(tile, connection, self._database.schema))
        if root_of(self._written.size, nodes) != self._written.root:
            raise LogUnusable(
                "the database holds other entries than this gateway wrote: an older state was put back and written on"
            )

    def _disconnect(self) -> None:
        self._left = None
        self._tiles.forget()
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _has_act(leaves: Sequence[Leaf]) -> bool:
    return any(leaf.kind == _ACT for leaf in leaves)


def _unavailable(error: Exception) -> Refusal:
    # Only names of faults and our own words: the driver's messages could carry an address or a value.
    what = str(error) if isinstance(error, LogUnusable) else fault(error)
    if getattr(error, "sqlstate", None) == schema.IS_FINISHED:
        what = FINISHED
    refusal = Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log could not be written: {what}")
    refusal.__cause__ = error
    return refusal
