"""The judge of an evidence log: whether its entries are what was written, in the order it was written, and what its checkpoint signs.

Laws: the first flaw ends the judgement and is named with its index, or with the smallest range that is known to hold it; memory grows with
the exchanges that are open at once, not with the log; an exchange without an outcome is reported and is no flaw, and so is an entry whose
body was purged: its leaf hash still stands in the tree. docs/ledger.md says what this finds and what it cannot.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.encoding import NONCE_SIZE, Body, MalformedEntry, Parser, named, text
from gateway.ledger.note import Note, NoteRefused, Verifier
from gateway.ledger.records import Head, Row, unique_key
from gateway.ledger.tiles import HEIGHT, WIDTH
from gateway.ledger.tree import HASH_SIZE, Frontier, grow
from gateway.model.exchange import HOLDER, HOLDER_KEY, EntryKind

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value


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
    ROLLED_BACK = "ROLLED_BACK"
    """The log ends before a checkpoint of it that was kept elsewhere: it was put back to an earlier state, or cut."""
    FORKED = "FORKED"
    """The log holds other entries than it did when it signed a checkpoint that was kept elsewhere."""


_OF_THE_WHOLE: Final = frozenset({Flaw.CHECKPOINT_DIFFERS, Flaw.NOT_SIGNED, Flaw.FORKED})


@dataclass(frozen=True, slots=True)
class File:
    """What a log's file says beside its entries.

    `present` is one more than the highest index; `stored(level, place)` the hash at a place of a level of tiles, from 1 on, if it is there;
    `has_outcome(exchange_id, index)` whether the exchange has an OUTCOME before that index, asked only to word a flaw.
    """

    log: str
    head: Head
    present: int
    stored: Callable[[int, int], bytes | None]
    has_outcome: Callable[[str, int], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a judgement. `entries` are sound, from index 0; `open_exchanges` have an INTENT and no OUTCOME among them.

    `through` is the last index of the range in which the flaw lies; `signed_by` names who of those asked for has signed the checkpoint;
    `purged` counts the sound entries whose body is no longer there.
    """

    log: str
    entries: int
    open_exchanges: tuple[str, ...]
    flaw: Flaw | None = None
    through: int | None = None
    signed_by: tuple[str, ...] = ()
    purged: int = 0

    @property
    def sound(self) -> bool:
        """Whether no flaw was found."""
        return self.flaw is None

    @property
    def first_bad(self) -> int | None:
        """The index of the flaw, the first of its range; None where it is of the log as a whole."""
        return None if self.flaw is None or self.flaw in _OF_THE_WHOLE else self.entries


class _Found(Exception):  # noqa: N818 - named for what it is
    """The first flaw, and where."""

    def __init__(self, flaw: Flaw, first: int, last: int | None = None) -> None:
        super().__init__(flaw)
        self.flaw = flaw
        self.first = first
        self.last = first if last is None else last


def judge(file: File, rows: Iterable[Row | None], verifiers: Sequence[Verifier] = ()) -> Verdict:
    """Judge rows by ascending index up to the file's end; None stands for a row that cannot be read."""
    # A dict keeps the order in which the exchanges began.
    waiting: dict[str, None] = {}
    tree, parse, purged = _Tree(file), Parser(), 0
    try:
        for row in rows:
            if row is None:
                raise _Found(Flaw.UNREADABLE, tree.size)  # noqa: TRY301 - every flaw ends below
            if row.body is None and row.nonce is None:
                tree.add(_pruned(row, tree.size))
                purged += 1
            else:
                tree.add(_checked(row, tree.size, parse))
            _follow(row, waiting, file.has_outcome)
        _check_end(file, tree)
        signed_by = _signatures(file.head.checkpoint, verifiers, tree.size)
    except _Found as found:
        return Verdict(file.log, found.first, tuple(waiting), found.flaw, found.last, purged=purged)
    return Verdict(file.log, tree.size, tuple(waiting), signed_by=signed_by, purged=purged)


def compared(verdict: Verdict, kept: Checkpoint, root: Callable[[int], bytes]) -> Verdict:
    """The verdict on a sound log beside a checkpoint of it that was kept elsewhere; `root(size)` is the log's."""
    if not verdict.sound:
        return verdict
    if kept.size > verdict.entries:
        return replace(verdict, flaw=Flaw.ROLLED_BACK, through=kept.size - 1)
    forked = kept.origin != verdict.log or root(kept.size) != kept.root
    return replace(verdict, flaw=Flaw.FORKED if forked else None)


def _checked(row: Row, index: int, parse: Callable[[bytes], Body]) -> bytes:
    """The leaf hash of a row that is right by itself. Raises _Found."""
    idx, kind, exchange_id, at, replay_key, holder, leaf, nonce, body = row
    if idx != index:
        raise _Found(Flaw.GAP, index)
    if not isinstance(nonce, bytes) or not isinstance(body, bytes) or len(nonce) != NONCE_SIZE:
        raise _Found(Flaw.BODY_CHANGED, index)
    digest = sha256(b"\0" + nonce + body).digest()
    if digest != leaf:
        raise _Found(Flaw.BODY_CHANGED, index)
    try:
        said = parse(body)
    except MalformedEntry:
        raise _Found(Flaw.MALFORMED_BODY, index) from None
    written = (said.kind, text(said.exchange_id), said.at, unique_key(said.kind, text(said.replay_key)), _holder(said))
    if written != (kind, exchange_id, at, replay_key, holder):
        raise _Found(Flaw.COLUMNS_DIFFER, index)
    return digest


def _pruned(row: Row, index: int) -> bytes:
    """The leaf hash of a row whose body was purged: all that is left to be judged of it, and the tree judges that. Raises _Found."""
    if row.idx != index:
        raise _Found(Flaw.GAP, index)
    if row.holder is not None:
        raise _Found(Flaw.COLUMNS_DIFFER, index)
    if not isinstance(row.leaf_hash, bytes) or len(row.leaf_hash) != HASH_SIZE:
        raise _Found(Flaw.BODY_CHANGED, index)
    return row.leaf_hash


def _holder(said: Body) -> str | None:
    """What the column `holder` has to say, as `holder_column` makes it of the facts."""
    hash_, key = named(said.facts, HOLDER), named(said.facts, HOLDER_KEY)
    return None if hash_ is None or key is None else f"{key}:{hash_}"


def _follow(row: Row, waiting: dict[str, None], has_outcome: Callable[[str, int], bool]) -> None:
    """Judge a row by what is open of its exchange, and keep `waiting` up to date. Raises _Found."""
    index, kind, exchange_id, *_ = row
    if kind == _INTENT:
        if exchange_id in waiting:
            raise _Found(Flaw.SECOND_INTENT, index)
        waiting[exchange_id] = None
    elif kind == _OUTCOME:
        if exchange_id not in waiting:
            had = has_outcome(exchange_id, index)
            raise _Found(Flaw.SECOND_OUTCOME if had else Flaw.OUTCOME_WITHOUT_INTENT, index)
        del waiting[exchange_id]


class _Tree:
    """The tree that the leaf hashes make, held against the file's tiles wherever one of their nodes is complete."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._tiles = Frontier()
        self._leaves: list[bytes] = []
        self.size = 0

    def add(self, leaf: bytes) -> None:
        """One more leaf hash. Raises _Found."""
        self._leaves.append(leaf)
        self.size += 1
        if len(self._leaves) == WIDTH:
            self._complete()

    def frontier(self) -> Frontier:
        """The whole tree's."""
        rest, _ = grow(Frontier(), self._leaves)
        return Frontier(self.size, self._tiles.hashes + rest.hashes)

    def _complete(self) -> None:
        node = grow(Frontier(), self._leaves)[0].root
        self._leaves.clear()
        self._tiles, made = grow(self._tiles, (node,))
        for (level, place), hash_ in sorted(made.items()):
            base, rest = divmod(level, HEIGHT)
            if rest == 0 and self._file.stored(base + 1, place) != hash_:
                width = WIDTH ** (base + 1)
                raise _Found(Flaw.TREE_DIFFERS, place * width, place * width + width - 1)


def _check_end(file: File, tree: _Tree) -> None:
    """Hold what the entries make against head and checkpoint. Raises _Found."""
    head, frontier = file.head, tree.frontier()
    fits = len(head.hashes) == head.size.bit_count()
    said = Frontier(head.size, head.hashes).nodes() if fits else {}
    for (level, place), hash_ in frontier.nodes().items():
        if said.get((level, place), hash_) != hash_:
            raise _Found(Flaw.TREE_DIFFERS, place << level, (place + 1 << level) - 1)
    if not head.size == file.present == tree.size or not fits:
        raise _Found(Flaw.END_DIFFERS, tree.size, max(head.size, file.present) - 1)
    try:
        stated = Checkpoint.parse(Note.parse(head.checkpoint).text)
    except NoteRefused:
        raise _Found(Flaw.CHECKPOINT_DIFFERS, tree.size) from None
    if stated.size != tree.size:
        raise _Found(Flaw.END_DIFFERS, min(stated.size, tree.size), max(stated.size, tree.size) - 1)
    if stated != Checkpoint(file.log, tree.size, frontier.root):
        raise _Found(Flaw.CHECKPOINT_DIFFERS, tree.size)


def _signatures(checkpoint: str, verifiers: Sequence[Verifier], size: int) -> tuple[str, ...]:
    """Who of these has signed. Raises _Found where any has not."""
    try:
        signed = Note.parse(checkpoint).verified(verifiers)
    except NoteRefused:
        raise _Found(Flaw.NOT_SIGNED, size) from None
    if len(signed) != len(set(verifiers)):
        raise _Found(Flaw.NOT_SIGNED, size)
    return tuple(str(each) for each in signed)
