"""Rows of a log looked at by themselves, a page at a time, before they are held against tree and order.

Laws: pure; a page tells nothing of rows behind its first flaw; a row whose body was purged has its leaf hash only, and a store that has no
searched columns leaves them out, so that the body alone speaks. This is where verifying a log spends its time.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from gateway.ledger.encoding import NONCE_SIZE, Body, MalformedEntry, named, text
from gateway.ledger.records import BareRow, Row, unique_key
from gateway.ledger.tree import HASH_SIZE
from gateway.model.exchange import HOLDER, HOLDER_KEY, EntryKind


class Flaw(StrEnum):
    """What is wrong with the first bad entry, or with the log."""

    GAP = "GAP"
    """An index is missing: a row was removed."""
    BODY_CHANGED = "BODY_CHANGED"
    """Nonce and body do not give the leaf hash."""
    MALFORMED_BODY = "MALFORMED_BODY"
    """The hash fits a body that is not of the canonical form."""
    COLUMNS_DIFFER = "COLUMNS_DIFFER"
    """A column that is searched says other than the body."""
    OUTCOME_WITHOUT_INTENT = "OUTCOME_WITHOUT_INTENT"
    SECOND_INTENT = "SECOND_INTENT"
    SECOND_OUTCOME = "SECOND_OUTCOME"
    TREE_DIFFERS = "TREE_DIFFERS"
    """The leaf hashes of a range do not give the tree's node over it: an entry in it was rewritten, put in, taken out or moved."""
    END_DIFFERS = "END_DIFFERS"
    """The log ends elsewhere than its head or its checkpoint says: rows were removed from the end, or added by another hand."""
    UNREADABLE = "UNREADABLE"
    """The store cannot read what it holds from here on."""
    CHECKPOINT_DIFFERS = "CHECKPOINT_DIFFERS"
    """The log's own checkpoint is none, or is of another tree, although entries and tree fit each other: all was written anew."""
    NOT_SIGNED = "NOT_SIGNED"
    """The log's own checkpoint is not signed by the key that was named."""
    PURGED_UNRECORDED = "PURGED_UNRECORDED"
    """A body is gone, and no later entry records a purge that took it, or that might: nobody says who did it, and by which rule."""
    AFTER_FINISH = "AFTER_FINISH"
    """Something else than a purge stands behind the entry that ended the log."""
    ROLLED_BACK = "ROLLED_BACK"
    """The log ends before a checkpoint of it that was kept elsewhere: it was put back to an earlier state, or cut."""
    FORKED = "FORKED"
    """The log holds other entries than it did when it signed a checkpoint that was kept elsewhere."""
    ANSWERS_DIFFER = "ANSWERS_DIFFER"
    """Who serves the log gave two answers to one question, or a checkpoint that takes an earlier one back."""


_ACT: Final = EntryKind.ACT.value
_PLAIN: Final = re.compile("[0-9A-Za-z._-]+")

_NAMES_HOLDER: Final = f'"{HOLDER}":"'
_LEAF: Final = b"\0"

UNKNOWN: Final = ""
"""The kind of a purged entry in a store that has no columns."""


@dataclass(slots=True)
class Examined:
    """Rows from one index on: their leaf hashes, the kind and exchange of each, and what is wrong with the one behind the last of them.

    `gone` are the indexes of those whose body was purged, `acts` index and body of those that are acts.
    """

    leaves: list[bytes] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    acts: list[tuple[int, bytes]] = field(default_factory=list)
    flaw: Flaw | None = None


class _Bad(Exception):  # noqa: N818 - named for what it is
    """What is wrong with a row."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw = flaw


def examine(rows: Iterable[Row | BareRow | None], first: int, parse: Callable[[bytes], Body]) -> Examined:
    """Look at rows that should have the indexes from `first` on; None stands for a row that cannot be read."""
    found = Examined()
    leaf, step = found.leaves.append, found.steps.append
    try:
        for index, row in enumerate(rows, first):
            if row is None:
                raise _Bad(Flaw.UNREADABLE)  # noqa: TRY301 - every flaw ends below
            if row.idx != index:
                raise _Bad(Flaw.GAP)  # noqa: TRY301
            if row.body is None and row.nonce is None:
                step(_of_purged(row))
                found.gone.append(index)
            else:
                step(kind := _of_whole(row, parse))
                if kind[0] == _ACT and row.body is not None:
                    found.acts.append((index, row.body))
            leaf(row.leaf_hash)
    except _Bad as bad:
        found.flaw = bad.flaw
    return found


def _of_whole(row: Row | BareRow, parse: Callable[[bytes], Body]) -> tuple[str, str]:
    """Kind and exchange of a row that is right by itself. Raises _Bad."""
    nonce, body = row.nonce, row.body
    if not isinstance(nonce, bytes) or not isinstance(body, bytes) or len(nonce) != NONCE_SIZE:
        raise _Bad(Flaw.BODY_CHANGED)
    if sha256(b"".join((_LEAF, nonce, body))).digest() != row.leaf_hash:
        raise _Bad(Flaw.BODY_CHANGED)
    try:
        said = parse(body)
    except MalformedEntry:
        raise _Bad(Flaw.MALFORMED_BODY) from None
    step = said.kind, text(said.exchange_id)
    if isinstance(row, Row):
        written = (*step, said.at, unique_key(said.kind, text(said.replay_key)))
        if written != row[1:5] or not _is_holder(row.holder, said.facts):
            raise _Bad(Flaw.COLUMNS_DIFFER)
    return step


def _of_purged(row: Row | BareRow) -> tuple[str, str]:
    """Kind and exchange of a row whose body was purged: the tree judges its leaf hash, all that is left of it. Raises _Bad."""
    if not isinstance(row.leaf_hash, bytes) or len(row.leaf_hash) != HASH_SIZE:
        raise _Bad(Flaw.BODY_CHANGED)
    if isinstance(row, BareRow):
        return UNKNOWN, ""
    if row.holder is not None:
        raise _Bad(Flaw.COLUMNS_DIFFER)
    return row.kind, row.exchange_id


def _is_holder(column: object, facts: str) -> bool:
    """Whether this is what stands in the column `holder`, as `holder_column` makes it of the facts."""
    # Quotes inside a text are escaped, so what is looked for here stands at names and texts only. First what nearly every entry has.
    if _NAMES_HOLDER not in facts:
        return column is None
    key, _, hash_ = str(column).partition(":")
    if _PLAIN.fullmatch(hash_) and _PLAIN.fullmatch(key) and f'"{HOLDER}":"{hash_}","{HOLDER_KEY}":"{key}"' in facts:
        return isinstance(column, str)
    named_hash, named_key = named(facts, HOLDER), named(facts, HOLDER_KEY)
    return column == (None if named_hash is None or named_key is None else f"{named_key}:{named_hash}")
