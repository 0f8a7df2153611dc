"""The statements by which a batch is written to one schema of PostgreSQL.

Laws: they are settings of the transaction, because those of a session are lost behind a pooler; none is prepared; a table of values is
sent as one array a column.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import psycopg

from gateway.ledger.appending import Leaf
from gateway.ledger.postgresql import functions
from gateway.model.exchange import EntryKind

UNLIKE: Final = (psycopg.IntegrityError, psycopg.errors.DivisionByZero, psycopg.errors.SerializationFailure)
"""What ends a batch that cannot be written in one journey: an entry that cannot stand, or a head that is another."""
BEGIN: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT: Final = b"COMMIT"
ROLLBACK: Final = b"ROLLBACK"

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
Columns = list[list[Any]]
"""A table of values, column by column."""


class Journey(NamedTuple):
    """A batch in one journey, after a head that is known. It ends with an UNLIKE where the log is not as it was left.

    `begin` takes size and checkpoint of that head; `write` the exchanges that end, the writer and those that it opens, with their
    indexes, the first index, the columns, and how many exchanges end; `end` the columns of the new head and those of the tiles.
    """

    begin: bytes
    write: bytes
    end: bytes


class Statements:
    """Those on one schema."""

    def __init__(self, name: str) -> None:
        text, number = "%b::text[]", "%b::bigint[]"
        ending = functions.ending(name, text)
        opening = functions.opening(name, "%b::text", text, number)
        insertion = functions.insertion(name, "%b::bigint", [f"%b::{kind}" for kind in functions.ARRAYS])
        extension = functions.extension(name, "%b::integer[]", number, "%b::bytea[]")
        replacement = functions.replacement(name, "%b::bigint", "%b::bytea", "%b::text")
        self.settings = f"SELECT {functions.SETTINGS}".encode()
        self.lock = f"SELECT size, frontier, checkpoint FROM {name}.head FOR UPDATE".encode()
        self.entries = f"SELECT exchange_id, kind FROM {name}.entries WHERE exchange_id = ANY(%b::text[])".encode()
        self.replayed = f"SELECT replay_key FROM {name}.entries WHERE replay_key = ANY(%b::text[])".encode()
        self.insert, self.tiles, self.head = insertion.encode(), extension.encode(), replacement.encode()
        self.open, self.end = opening.encode(), ending.encode()
        # A batch in one journey takes three statements, few, because each costs both sides about as much as ten rows. Of what one
        # statement does no other part of it sees anything; so what must be one is divided by, and where it is none that undoes all.
        self.in_words = Journey(
            (
                f"WITH settings AS MATERIALIZED (SELECT {functions.SETTINGS}), locked AS (SELECT 1 FROM {name}.head, settings "
                "WHERE size = %b AND checkpoint = %b FOR UPDATE OF head) SELECT 1 / count(*) FROM locked"
            ).encode(),
            (
                f"WITH ended AS ({ending} RETURNING 1), opened AS ({opening}), written AS ({insertion}) "
                "SELECT 1 / (count(*) = %b)::integer FROM ended"
            ).encode(),
            f"WITH replaced AS ({replacement}) {extension}".encode(),
        )
        arrays = ", ".join(f"%b::{kind}" for kind in functions.ARRAYS)
        self.by_functions = Journey(
            f"SELECT {name}.begin_batch(%b::bigint, %b::text)".encode(),
            f"SELECT {name}.write_batch({text}, %b::text, {text}, {number}, %b::bigint, {arrays}, %b::bigint)".encode(),
            f"SELECT {name}.end_batch(%b::bigint, %b::bytea, %b::text, %b::integer[], {number}, %b::bytea[])".encode(),
        )


def entries(leaves: Sequence[Leaf], hashes: Sequence[bytes]) -> Columns:
    """What stands in the table `entries` behind the index."""
    kind, exchange_id, at, replay_key, holder, nonce, body, _ = map(list, zip(*leaves, strict=True))
    return [kind, exchange_id, at, replay_key, holder, list(hashes), nonce, body]


def ends(leaves: Iterable[Leaf], first: int) -> tuple[list[tuple[str, int]], list[str]]:
    """The exchanges that a batch leaves open, with the index of their INTENT, and those it ends that were open before."""
    opened: dict[str, int] = {}
    ended: list[str] = []
    for index, leaf in enumerate(leaves, first):
        if leaf.kind == _INTENT:
            opened[leaf.exchange_id] = index
        elif leaf.kind == _OUTCOME and opened.pop(leaf.exchange_id, None) is None:
            ended.append(leaf.exchange_id)
    return list(opened.items()), ended


def columns(rows: Iterable[Sequence[Any]], count: int) -> Columns:
    """Rows of so many columns, column by column."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]
