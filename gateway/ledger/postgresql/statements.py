"""The statements by which a batch is written to one schema of PostgreSQL.

Laws: they are settings of the transaction, because those of a session are lost behind a pooler; none is prepared; a table of values is
sent as one array a column.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from gateway.ledger.appending import Leaf
from gateway.ledger.postgresql import schema
from gateway.model.exchange import EntryKind

BEGIN: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT: Final = b"COMMIT"

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value
_LOCK_MILLISECONDS: Final = 2000
_STATEMENT_MILLISECONDS: Final = 10_000
_TYPES: Final = ("bigint", "text", "text", "text", "text", "text", "bytea", "bytea", "bytea")

Columns = list[list[Any]]
"""A table of values, column by column."""


class Statements:
    """Those on one schema; `writer` is who has in hand what is opened."""

    def __init__(self, name: str, writer: str) -> None:
        columns = ", ".join(f"%b::{kind}[]" for kind in _TYPES)
        settings = (
            "SELECT set_config('synchronous_commit', 'on', true), "
            # Without statistics, as in a new log, the whole of it would be read for each batch; and what then seems dear would be compiled.
            "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), "
            f"set_config('lock_timeout', '{_LOCK_MILLISECONDS}', true), "
            f"set_config('statement_timeout', '{_STATEMENT_MILLISECONDS}', true)"
        )
        self.settings = settings.encode()
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
        # For a batch in one journey, few statements, because each costs both sides about as much as ten rows. Of what is sent together
        # nobody sees the rows before all is done; so what must be one is divided by, and where it is none the division undoes all.
        # The head is locked when it was joined with the settings, so these hold by then.
        self.replace_head = (
            f"WITH settings AS MATERIALIZED ({settings}), replaced AS ({self.head.decode()} "
            "FROM settings WHERE size = %b AND checkpoint = %b RETURNING 1) SELECT 1 / count(*) FROM replaced"
        ).encode()
        self.write = (
            f"WITH ended AS ({self.end.decode()} RETURNING 1), opened AS ({self.open.decode()}), written AS ({self.insert.decode()}) "
            "SELECT 1 / (count(*) = %b)::integer FROM ended"
        ).encode()


def entries(leaves: Sequence[Leaf], hashes: Sequence[bytes], first: int) -> Columns:
    """What stands in the table `entries`, from this index on."""
    kind, exchange_id, at, replay_key, holder, nonce, body, _ = map(list, zip(*leaves, strict=True))
    return [list(range(first, first + len(leaves))), kind, exchange_id, at, replay_key, holder, list(hashes), nonce, body]


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


def columns(rows: Iterable[Sequence[Any]]) -> Columns:
    """Rows, column by column; nothing where there are none."""
    return [list(column) for column in zip(*rows, strict=True)]
