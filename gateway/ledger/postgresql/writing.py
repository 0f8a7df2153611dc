"""The evidence log in PostgreSQL, which gateways on several machines may write.

Laws: an acknowledged entry is on the server's disk (synchronous_commit=on), under a signed checkpoint that is there too; a transaction
first locks the head's row and builds on what it reads there, so indexes are dense, there is one tree, and nothing in memory can disagree
with it; a database that no longer holds what this gateway wrote is not written on; any fault of the database or of the key refuses the
whole batch, and the next one connects afresh. An exchange has at most one INTENT, then at most one OUTCOME.
Serves: gateway.ports.Ledger; PIPL art. 56 and Network Data Security Regulations art. 12 (records of each provision).
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple, Self

import psycopg

from gateway.ledger import tiles
from gateway.ledger.appending import QUEUE_LIMIT, Appending, Leaf, Notary, OutOfOrder
from gateway.ledger.note import Signer
from gateway.ledger.postgresql import schema
from gateway.ledger.postgresql.connecting import Connection, Database, fault, told
from gateway.ledger.postgresql.living import BEAT, DEAD_AFTER, Living
from gateway.ledger.postgresql.reading import tile
from gateway.ledger.proving import Proofs
from gateway.ledger.records import Head, LogUnusable, Opening, Row
from gateway.ledger.succession import Unrepeated
from gateway.ledger.tiles import Nodes
from gateway.ledger.tree import Frontier, Place, grow, leaf_hash, root_of
from gateway.model.exchange import EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
_NAME_SIZE: Final = 4
_LOCK_MILLISECONDS: Final = 2000
_STATEMENT_MILLISECONDS: Final = 10_000
_TYPES: Final = ("bigint", "text", "text", "text", "text", "text", "bytea", "bytea", "bytea")


class _Standing(NamedTuple):
    """What the log held, when the head was locked, of the exchanges and replay keys of a batch."""

    head: Head
    entries: frozenset[tuple[str, str]]
    replay_keys: frozenset[str]


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
        self._sql = _Sql(database.schema, name)
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
        standing = self._locked(connection, leaves)
        before = standing.head.frontier()
        if before.size < self._written.size:
            raise LogUnusable("the database holds fewer entries than this gateway wrote: an older state was put back")
        refused = self._judged(leaves, standing)
        rows = _rows((leaf for number, leaf in enumerate(leaves) if number not in refused), before.size)
        after, made = grow(before, [row.leaf_hash for row in rows])
        head = self._notary.head(after)
        self._write(connection, rows, made, head)
        self._written = after
        proofs, indexes = Proofs(before, after, made, head.checkpoint), iter(range(before.size, after.size))
        return [refused.get(number) or self._recorded(leaf, next(indexes), proofs) for number, leaf in enumerate(leaves)]

    def _recorded(self, leaf: Leaf, index: int, proofs: Proofs) -> Recorded:
        return Recorded(self._notary.log, index, leaf.whole, proofs.text(index))

    def _locked(self, connection: Connection, leaves: Sequence[Leaf]) -> _Standing:
        """Begin a transaction, lock the head, read what is to be built on: one journey to the server."""
        exchanges = [leaf.exchange_id for leaf in leaves]
        keys = [leaf.replay_key for leaf in leaves if leaf.replay_key is not None]
        with connection.pipeline():
            connection.execute(b"BEGIN")
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

    def _write(self, connection: Connection, rows: Sequence[Row], made: dict[Place, bytes], head: Head) -> None:
        """Insert, and commit: one journey, and another for each tile that has begun before."""
        extended = list(tiles.extended(made.items(), partial(tile, connection, self._database.schema)))
        opened, ended = _ends(rows)
        with connection.pipeline():
            for statement, changed in ((self._sql.insert, rows), (self._sql.tiles, extended), (self._sql.open, opened)):
                if changed:
                    connection.execute(statement, [list(column) for column in zip(*changed, strict=True)])
            if ended:
                connection.execute(self._sql.end, (ended,))
            connection.execute(self._sql.head, head.columns)
            connection.execute(b"COMMIT")

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
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _rows(leaves: Iterable[Leaf], first: int) -> list[Row]:
    """What stands in the table, from this index on."""
    return [
        Row(index, leaf.kind, leaf.exchange_id, leaf.at, leaf.replay_key, leaf.holder, _hash(leaf), leaf.nonce, leaf.body)
        for index, leaf in enumerate(leaves, first)
    ]


def _hash(leaf: Leaf) -> bytes:
    return leaf_hash(leaf.whole)


def _ends(rows: Iterable[Row]) -> tuple[list[tuple[str, int]], list[str]]:
    """The exchanges that a batch leaves open, with the index of their INTENT, and those it ends that were open before."""
    opened: dict[str, int] = {}
    ended: list[str] = []
    for row in rows:
        if row.kind == _INTENT:
            opened[row.exchange_id] = row.idx
        elif row.kind == _OUTCOME and opened.pop(row.exchange_id, None) is None:
            ended.append(row.exchange_id)
    return list(opened.items()), ended


class _Sql:
    """The statements on one schema; `writer` is who has in hand what is opened."""

    def __init__(self, name: str, writer: str) -> None:
        columns = ", ".join(f"%b::{kind}[]" for kind in _TYPES)
        # Settings of the transaction, because those of a session are lost behind a pooler.
        self.settings = (
            "SELECT set_config('synchronous_commit', 'on', true), "
            # Without statistics, as in a new log, the whole of it would be read for each batch; and what then seems dear would be compiled.
            "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), "
            f"set_config('lock_timeout', '{_LOCK_MILLISECONDS}', true), "
            f"set_config('statement_timeout', '{_STATEMENT_MILLISECONDS}', true)"
        ).encode()
        self.lock = f"SELECT size, frontier, checkpoint FROM {name}.head FOR UPDATE".encode()
        self.entries = f"SELECT exchange_id, kind FROM {name}.entries WHERE exchange_id = ANY(%b::text[])".encode()
        self.replayed = f"SELECT replay_key FROM {name}.entries WHERE replay_key = ANY(%b::text[])".encode()
        self.insert = f"INSERT INTO {name}.entries ({schema.COLUMNS}) SELECT * FROM unnest({columns})".encode()
        self.tiles = (
            f"INSERT INTO {name}.tiles SELECT * FROM unnest(%b::integer[], %b::bigint[], %b::bytea[]) "
            "ON CONFLICT (level, place) DO UPDATE SET hashes = excluded.hashes"
        ).encode()
        self.open = (
            f"INSERT INTO {name}.open_exchanges SELECT opened.*, '{writer}' FROM unnest(%b::text[], %b::bigint[]) AS opened"
        ).encode()
        self.end = f"DELETE FROM {name}.open_exchanges WHERE exchange_id = ANY(%b::text[])".encode()
        self.head = f"UPDATE {name}.head SET size = %b, frontier = %b, checkpoint = %b".encode()


def _unavailable(error: Exception) -> Refusal:
    # Only names of faults and our own words: the driver's messages could carry an address or a value.
    what = str(error) if isinstance(error, LogUnusable) else fault(error)
    refusal = Refusal(Reason.LEDGER_UNAVAILABLE, f"the evidence log could not be written: {what}")
    refusal.__cause__ = error
    return refusal
