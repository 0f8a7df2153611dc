"""The rows of a batch, put into the log's file: all at once, or one by one where some of them cannot stand.

Laws: an exchange has at most one INTENT, then at most one OUTCOME: a breach is a bug of ours, and is an OutOfOrder; a second INTENT with
one replay key is a REPLAYED_REQUEST; `open_exchanges` holds who has an INTENT and no OUTCOME yet. Both ways leave the same rows.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.ledger import schema
from gateway.ledger.appending import Leaf, OutOfOrder
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import FINISHED
from gateway.model.exchange import EntryKind
from gateway.model.refusal import Reason, Refusal

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value

_ROWS: Final = 64
"""Rows inserted by one statement, at most."""
# OR ROLLBACK: the batch is undone as a whole where one cannot stand, so SQLite need not remember each statement's beginning.
_INSERTS: Final = tuple(
    "INSERT OR ROLLBACK INTO entries VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)  # noqa: S608 - question marks
    for rows in range(_ROWS + 1)
)
_END: Final = (
    "DELETE FROM open_exchanges WHERE exchange_id IN (SELECT exchange_id FROM entries WHERE idx >= ? AND kind = 'OUTCOME')"
)
_BEGIN: Final = "INSERT INTO open_exchanges SELECT exchange_id, idx, ? FROM entries WHERE idx >= ? AND kind = 'INTENT'"


class Unlike(LogUnusable):
    """The file is not as this process left it, or a batch is not as batches mostly are."""


def insert_all(connection: sqlite3.Connection, leaves: Sequence[Leaf], hashes: Sequence[bytes], first: int, writer: str) -> None:
    """Insert rows from index `first` on. Raises sqlite3.IntegrityError, or Unlike, where one cannot stand, and then none shall.

    In few statements, for each hands the interpreter over to whoever computes, and gets it back late.
    """
    for start in range(0, len(leaves), _ROWS):
        values: list[object] = []
        some = leaves[start : start + _ROWS]
        for number, leaf in enumerate(some, start):
            values += _row(leaf, hashes[number], first + number)
        connection.execute(_INSERTS[len(some)], values)
    kinds = [leaf.kind for leaf in leaves]
    outcomes = kinds.count(_OUTCOME)
    if outcomes and connection.execute(_END, (first,)).rowcount != outcomes:
        raise Unlike("an OUTCOME of the batch ends no exchange that was open before it")
    if _INTENT in kinds:
        connection.execute(_BEGIN, (writer, first))


def insert_each(
    connection: sqlite3.Connection, leaves: Sequence[Leaf], hashes: Sequence[bytes], first: int, writer: str
) -> Mapping[int, Exception]:
    """Insert rows from index `first` on, but for those that cannot stand: these by their place, with the reason."""
    refused: dict[int, Exception] = {}
    for number, (leaf, hash_) in enumerate(zip(leaves, hashes, strict=True)):
        try:
            _insert(connection, leaf, hash_, first + number - len(refused), writer)
        except (Refusal, OutOfOrder) as refusal:
            refused[number] = refusal
    return refused


def _insert(connection: sqlite3.Connection, leaf: Leaf, hash_: bytes, index: int, writer: str) -> None:
    """Insert one row; raises Refusal or OutOfOrder having changed nothing, or sqlite3.Error."""
    if leaf.kind == _OUTCOME:
        ended = connection.execute("DELETE FROM open_exchanges WHERE exchange_id = ?", (leaf.exchange_id,))
        if ended.rowcount == 0:
            raise OutOfOrder("an OUTCOME needs an INTENT of its exchange that has none yet")
    try:
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(leaf, hash_, index))
    except sqlite3.IntegrityError as error:
        if str(error) == schema.IS_FINISHED:
            raise LogUnusable(FINISHED) from error
        if leaf.kind == _OUTCOME or error.sqlite_errorname != "SQLITE_CONSTRAINT_UNIQUE":
            raise
        raise _collision(connection, leaf) from None
    if leaf.kind == _INTENT:
        connection.execute("INSERT INTO open_exchanges VALUES (?, ?, ?)", (leaf.exchange_id, index, writer))


def _row(leaf: Leaf, hash_: bytes, index: int) -> tuple[object, ...]:
    return index, leaf.kind, leaf.exchange_id, leaf.at, leaf.replay_key, leaf.holder, hash_, leaf.nonce, leaf.body


def _collision(connection: sqlite3.Connection, leaf: Leaf) -> Exception:
    standing = connection.execute("SELECT 1 FROM entries WHERE replay_key = ?", (leaf.replay_key,)).fetchone()
    if standing is not None:
        return Refusal(Reason.REPLAYED_REQUEST, "an INTENT with this replay key is in the evidence log")
    return OutOfOrder(f"the exchange has its {leaf.kind} already")
