"""The judge of an evidence log: whether its entries are what was written, in the order it was written.

Laws: the first flaw ends the judgement and is named with its index; memory grows with the exchanges that are open at once, not
with the log; an exchange without an outcome is reported and is no flaw. docs/ledger.md says what this finds and what it cannot.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.ledger.encoding import NONCE_SIZE, MalformedEntry, chain_link, chain_start, leaf_hash, parse, text
from gateway.ledger.schema import unique_key
from gateway.model.exchange import EntryKind

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value


class Flaw(StrEnum):
    """What is wrong with the first bad entry."""

    GAP = "GAP"
    """An index is missing: a row was removed."""
    BODY_CHANGED = "BODY_CHANGED"
    """Nonce and body do not give the leaf hash."""
    CHAIN_BROKEN = "CHAIN_BROKEN"
    """The leaf hash does not follow the entry before it: something was changed, put in, taken out or moved."""
    MALFORMED_BODY = "MALFORMED_BODY"
    """The hashes fit a body that is not of the canonical form."""
    COLUMNS_DIFFER = "COLUMNS_DIFFER"
    """A column that is searched says other than the body."""
    OUTCOME_WITHOUT_INTENT = "OUTCOME_WITHOUT_INTENT"
    SECOND_INTENT = "SECOND_INTENT"
    SECOND_OUTCOME = "SECOND_OUTCOME"
    END_DIFFERS = "END_DIFFERS"
    """The log ends elsewhere than its head says: rows were removed from the end, or added by another hand."""
    UNREADABLE = "UNREADABLE"
    """SQLite cannot read the file from here on."""


class Row(NamedTuple):
    """One row of the table `entries`, in the order of its columns; whatever the file holds, so nothing about it is sure."""

    idx: int
    kind: str
    exchange_id: str
    at: str
    replay_key: str | None
    nonce: bytes
    body: bytes
    leaf_hash: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class End:
    """Where the log ends: the number of entries and the last chain value that its head names, and the entries that are there."""

    entries: int
    chain: bytes
    present: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a judgement. `entries` are sound, from index 0; `open_exchanges` have an INTENT and no OUTCOME among them."""

    log: str
    entries: int
    open_exchanges: tuple[str, ...]
    flaw: Flaw | None = None

    @property
    def sound(self) -> bool:
        """Whether no flaw was found."""
        return self.flaw is None

    @property
    def first_bad(self) -> int | None:
        """The index of the flaw."""
        return None if self.flaw is None else self.entries


def judge(log: str, rows: Iterable[Row | None], end: End, has_outcome: Callable[[str, int], bool]) -> Verdict:
    """Judge rows by ascending index up to `end`; None stands for a row that cannot be read.

    `has_outcome(exchange_id, index)` says whether the exchange has an OUTCOME before that index; asked only to word a flaw.
    """
    link = chain_start(log)
    index = 0
    # A dict keeps the order in which the exchanges began.
    waiting: dict[str, None] = {}
    for row in rows:
        flaw = Flaw.UNREADABLE if row is None else _flaw(row, index, link) or _sequence_flaw(row, waiting, has_outcome)
        if row is None or flaw is not None:
            return Verdict(log, index, tuple(waiting), flaw)
        link = row.chain
        index += 1
    complete = end.entries == end.present == index and end.chain == link
    return Verdict(log, index, tuple(waiting), None if complete else Flaw.END_DIFFERS)


def _flaw(row: Row, index: int, link: bytes) -> Flaw | None:
    """Judge a row by itself and by the chain value before it."""
    if row.idx != index:
        return Flaw.GAP
    try:
        digest = leaf_hash(row.nonce, row.body)
    except TypeError:
        return Flaw.BODY_CHANGED
    if digest != row.leaf_hash or len(row.nonce) != NONCE_SIZE:
        return Flaw.BODY_CHANGED
    if chain_link(link, digest) != row.chain:
        return Flaw.CHAIN_BROKEN
    try:
        body = parse(row.body)
    except MalformedEntry:
        return Flaw.MALFORMED_BODY
    written = (body.kind, text(body.exchange_id), body.at, unique_key(body.kind, text(body.replay_key)))
    return None if written == row[1:5] else Flaw.COLUMNS_DIFFER


def _sequence_flaw(row: Row, waiting: dict[str, None], has_outcome: Callable[[str, int], bool]) -> Flaw | None:
    """Judge a row by what is open of its exchange, and keep `waiting` up to date."""
    exchange_id = row.exchange_id
    if row.kind == _INTENT:
        if exchange_id in waiting:
            return Flaw.SECOND_INTENT
        waiting[exchange_id] = None
    elif row.kind == _OUTCOME:
        if exchange_id not in waiting:
            return Flaw.SECOND_OUTCOME if has_outcome(exchange_id, row.idx) else Flaw.OUTCOME_WITHOUT_INTENT
        del waiting[exchange_id]
    return None
