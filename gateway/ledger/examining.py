"""Rows of a log looked at by themselves, a page at a time, before they are held against tree and order.

Laws: pure; a page tells nothing of rows behind its first flaw; a row whose body was purged has its leaf hash only, and a store that has no
searched columns leaves them out, so that the body alone speaks. This is where verifying a log spends its time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from gateway.ledger.encoding import NONCE_SIZE, MalformedEntry
from gateway.ledger.records import BareRow, Row
from gateway.ledger.searched import Searched
from gateway.ledger.tree import HASH_SIZE
from gateway.model.exchange import EntryKind


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
    """More bodies are gone than later entries of purges account for: of one at least nobody says who took it, and by which rule."""
    AFTER_FINISH = "AFTER_FINISH"
    """Something else than a purge stands behind the entry that ended the log."""
    ROLLED_BACK = "ROLLED_BACK"
    """The log ends before a checkpoint of it that was kept elsewhere: it was put back to an earlier state, or cut."""
    FORKED = "FORKED"
    """The log holds other entries than it did when it signed a checkpoint that was kept elsewhere."""
    ANSWERS_DIFFER = "ANSWERS_DIFFER"
    """Who serves the log gave two answers to one question, or a checkpoint that takes an earlier one back."""


_ACT: Final = EntryKind.ACT.value
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


def examine(rows: Iterable[Row | BareRow | None], first: int, searched: Callable[[bytes], Searched]) -> Examined:
    """Look at rows that should have the indexes from `first` on; None stands for a row that cannot be read."""
    found = Examined()
    leaf, step = found.leaves.append, found.steps.append
    try:
        for index, row in enumerate(rows, first):
            if row is None:
                raise _Bad(Flaw.UNREADABLE)  # noqa: TRY301 - every flaw ends below
            if row[0] != index:
                raise _Bad(Flaw.GAP)  # noqa: TRY301
            hash_, nonce, body = row[-3:]
            if body is None and nonce is None:
                step(_of_purged(row))
                found.gone.append(index)
            else:
                said = _of_whole(hash_, nonce, body, searched)
                # A row that has no columns has nothing between its index and its hash.
                if said != row[1:-3] and isinstance(row, Row):
                    raise _Bad(Flaw.COLUMNS_DIFFER)  # noqa: TRY301
                step(said[:2])
                if said[0] == _ACT and body is not None:
                    found.acts.append((index, body))
            leaf(hash_)
    except _Bad as bad:
        found.flaw = bad.flaw
    return found


def _of_whole(hash_: bytes, nonce: bytes | None, body: bytes | None, searched: Callable[[bytes], Searched]) -> Searched:
    """What the body of a row says, whose hash is right. Raises _Bad."""
    if not isinstance(nonce, bytes) or not isinstance(body, bytes) or len(nonce) != NONCE_SIZE:
        raise _Bad(Flaw.BODY_CHANGED)
    if sha256(_LEAF + nonce + body).digest() != hash_:
        raise _Bad(Flaw.BODY_CHANGED)
    try:
        return searched(body)
    except MalformedEntry:
        raise _Bad(Flaw.MALFORMED_BODY) from None


def _of_purged(row: Row | BareRow) -> tuple[str, str]:
    """Kind and exchange of a row whose body was purged: the tree judges its leaf hash, all that is left of it. Raises _Bad."""
    if not isinstance(row.leaf_hash, bytes) or len(row.leaf_hash) != HASH_SIZE:
        raise _Bad(Flaw.BODY_CHANGED)
    if isinstance(row, BareRow):
        return UNKNOWN, ""
    if row.holder is not None:
        raise _Bad(Flaw.COLUMNS_DIFFER)
    return row.kind, row.exchange_id
