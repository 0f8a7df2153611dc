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
from gateway.ledger.appending import QUEUE_LIMIT, Appending, Leaf, Notary, OutOfOrder
from gateway.ledger.note import Signer
from gateway.ledger.postgresql import schema, statements
from gateway.ledger.postgresql.connecting import Connection, Database, fault, told
from gateway.ledger.postgresql.living import BEAT, DEAD_AFTER, Living
from gateway.ledger.postgresql.reading import tile
from gateway.ledger.postgresql.statements import BEGIN, COMMIT, Columns, Statements, columns, ends
from gateway.ledger.proving import Proofs
from gateway.ledger.records import Head, LogUnusable, Opening
from gateway.ledger.succession import Unrepeated
from gateway.ledger.tiles import LastTiles, Nodes
from gateway.ledger.tree import Frontier, Place, grow, leaf_hash, root_of
from gateway.model.exchange import EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
_NAME_SIZE: Final = 4
_UNLIKE: Final = (psycopg.IntegrityError, psycopg.errors.DivisionByZero)
"""What ends a batch that cannot be written in one journey: an entry that cannot stand, or a head that is another (see Statements)."""


class _Standing(NamedTuple):
    """What the log held, when the head was locked, of the exchanges and replay keys of a batch."""

    head: Head
    entries: frozenset[tuple[str, str]]
    replay_keys: frozenset[str]


class _Grown(NamedTuple):
    """What a batch makes of the log, ready to be written."""

    before: Frontier
    after: Frontier
    made: Mapping[Place, bytes]
    head: Head
    entries: Columns
    tiles: Sequence[tuple[int, int, bytes]]
    opened: Sequence[tuple[str, int]]
    ended: Sequence[str]


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
        self._sql = Statements(database.schema, name)
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
        """In one journey after the head that this gateway left, while nobody else writes; else in two, after the head that is there."""
        if self._left is not None and self._alone:
            try:
                return self._at_once(connection, leaves, self._left)
            except _UNLIKE:
                self._tiles.forget()
        return self._in_turn(connection, leaves)

    def _at_once(self, connection: Connection, leaves: Sequence[Leaf], left: Head) -> Sequence[Recorded | Exception]:
        """Raises _UNLIKE, and then nothing is written."""
        grown = self._grown(left, leaves)
        opened = columns(grown.opened) or [[], []]
        # What is sent up to the end of a pipeline is one transaction, unless another was begun (libpq, 34.5.1.2).
        with connection.pipeline():
            connection.execute(self._sql.replace_head, (*grown.head.columns, left.size, left.checkpoint))
            if grown.tiles:
                connection.execute(self._sql.tiles, columns(grown.tiles))
            connection.execute(self._sql.write, (grown.ended, *opened, *grown.entries, len(grown.ended)))
        return self._conclude(grown, {}, leaves)

    def _in_turn(self, connection: Connection, leaves: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        standing = self._locked(connection, leaves)
        if standing.head.size < self._written.size:
            raise LogUnusable("the database holds fewer entries than this gateway wrote: an older state was put back")
        if standing.head != self._left:
            self._tiles.forget()
        self._alone = self._left is None or standing.head == self._left
        refused = self._judged(leaves, standing)
        grown = self._grown(standing.head, [leaf for number, leaf in enumerate(leaves) if number not in refused])
        with connection.pipeline():
            if grown.entries:
                connection.execute(self._sql.insert, grown.entries)
            for statement, changed in ((self._sql.tiles, grown.tiles), (self._sql.open, grown.opened)):
                if changed:
                    connection.execute(statement, columns(changed))
            if grown.ended:
                connection.execute(self._sql.end, (grown.ended,))
            connection.execute(self._sql.head, grown.head.columns)
            connection.execute(COMMIT)
        return self._conclude(grown, refused, leaves)

    def _grown(self, head: Head, leaves: Sequence[Leaf]) -> _Grown:
        """What these entries make of a log with this head."""
        before = head.frontier()
        hashes = [leaf_hash(leaf.whole) for leaf in leaves]
        after, made = grow(before, hashes)
        extended = list(tiles.extended(made.items(), self._tiles))
        opened, ended = ends(leaves, before.size)
        entries = statements.entries(leaves, hashes, before.size) if leaves else []
        return _Grown(before, after, made, self._notary.head(after), entries, extended, opened, ended)

    def _conclude(
        self, grown: _Grown, refused: Mapping[int, Exception], leaves: Sequence[Leaf]
    ) -> Sequence[Recorded | Exception]:
        """It is durable: remember where the log stands, and prove each entry."""
        self._written, self._left = grown.after, grown.head
        self._tiles.keep(grown.tiles)
        proofs = Proofs(grown.before, grown.after, grown.made, grown.head.checkpoint)
        indexes = iter(range(grown.before.size, grown.after.size))
        return [refused.get(number) or self._recorded(leaf, next(indexes), proofs) for number, leaf in enumerate(leaves)]

    def _recorded(self, leaf: Leaf, index: int, proofs: Proofs) -> Recorded:
        return Recorded(self._notary.log, index, leaf.whole, proofs.text(index))

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


def _unavailable(error: Exception) -> Refusal:
    # Only names of faults and our own words: the driver's messages could carry an address or a value.
    what = str(error) if isinstance(error, LogUnusable) else fault(error)
    if getattr(error, "sqlstate", None) == schema.IS_FINISHED:
        what = "the log is finished: name its successor in the configuration"
    refusal = Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log could not be written: {what}")
    refusal.__cause__ = error
    return refusal
