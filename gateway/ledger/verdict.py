"""The judge of an evidence log: whether its entries are what was written, in the order it was written, and what its checkpoint signs.

Laws: the first flaw ends the judgement and is named with its index, or with the smallest range that is known to hold it; memory grows with
the exchanges that are open at once, not with the log; an exchange without an outcome is reported and is no flaw, and so is an entry whose
body was purged, and a later entry accounts for it: its leaf hash still stands in the tree. docs/ledger.md says what this finds and what
it cannot.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from gateway.ledger.accounting import unaccounted
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.encoding import MalformedEntry, decode
from gateway.ledger.examining import UNKNOWN, Examined, Flaw
from gateway.ledger.note import Note, NoteRefused, Verifier
from gateway.ledger.purging import Purged, Runs, recorded
from gateway.ledger.records import Head
from gateway.ledger.tiles import HEIGHT, WIDTH
from gateway.ledger.tree import Frontier, complete_root, grow
from gateway.model.act import ACT, Act
from gateway.model.exchange import Entry, EntryKind

_INTENT: Final = EntryKind.INTENT.value
_OUTCOME: Final = EntryKind.OUTCOME.value


_OF_THE_WHOLE: Final = frozenset({Flaw.CHECKPOINT_DIFFERS, Flaw.NOT_SIGNED, Flaw.FORKED, Flaw.ANSWERS_DIFFER})


@dataclass(frozen=True, slots=True)
class File:
    """What a log's file says beside its entries.

    `present` is one more than the highest index; `stored(level, place)` the hash at a place of a level of tiles, from 1 on, if it is there;
    `has_outcome(exchange_id, index)` whether the exchange has an OUTCOME before that index, asked only to word a flaw;
    without `bodies` only hashes are known, and nobody asks why a body is not there.
    """

    log: str
    head: Head
    present: int
    stored: Callable[[int, int], bytes | None]
    has_outcome: Callable[[str, int], bool]
    bodies: bool = True


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


def judge(file: File, pages: Iterable[Examined], verifiers: Sequence[Verifier] = (), one_of: Sequence[Verifier] = ()) -> Verdict:
    """Judge pages of rows, which follow each other from index 0 up to the file's end.

    The checkpoint has to be signed by all `verifiers`, and by one at least of `one_of`, if there are any.
    """
    tree, order, acts = _Tree(file), _Order(file.has_outcome), _Acts()
    try:
        for page in pages:
            acts.add(page)
            _take(page, tree, order)
        _check_end(file, tree)
        signed_by = _signatures(file.head.checkpoint, verifiers, one_of, tree.size)
        if file.bodies:
            acts.check(tree.size)
    except _Found as found:
        return Verdict(file.log, found.first, tuple(order.waiting), found.flaw, found.last, purged=acts.purged)
    return Verdict(file.log, tree.size, tuple(order.waiting), signed_by=signed_by, purged=acts.purged)


def compared(verdict: Verdict, kept: Checkpoint, root: Callable[[int], bytes]) -> Verdict:
    """The verdict on a sound log beside a checkpoint of it that was kept elsewhere; `root(size)` is the log's."""
    if not verdict.sound:
        return verdict
    if kept.size > verdict.entries:
        return replace(verdict, flaw=Flaw.ROLLED_BACK, through=kept.size - 1)
    forked = kept.origin != verdict.log or root(kept.size) != kept.root
    return replace(verdict, flaw=Flaw.FORKED if forked else None)


def _take(page: Examined, tree: "_Tree", order: "_Order") -> None:
    """Hold a page against order and tree; whichever flaw has the lower index is raised as _Found."""
    first = tree.size
    try:
        order.follow(page.steps, first)
    except _Found as found:
        tree.add(page.leaves[: found.first - first + 1])
        raise
    tree.add(page.leaves)
    if page.flaw is not None:
        raise _Found(page.flaw, tree.size)


class _Order:
    """Which exchanges are open, as INTENTs and OUTCOMEs follow each other; `waiting` in the order in which they began."""

    def __init__(self, has_outcome: Callable[[str, int], bool]) -> None:
        self._has_outcome = has_outcome
        # A dict keeps the order.
        self.waiting: dict[str, None] = {}
        self._unknown = 0

    def follow(self, steps: Iterable[tuple[str, str]], first: int) -> None:
        """Judge kinds and exchanges from this index on. Raises _Found."""
        waiting = self.waiting
        for index, (kind, exchange_id) in enumerate(steps, first):
            if kind == _INTENT:
                if exchange_id in waiting:
                    raise _Found(Flaw.SECOND_INTENT, index)
                waiting[exchange_id] = None
            elif kind == _OUTCOME:
                if exchange_id in waiting:
                    del waiting[exchange_id]
                else:
                    self._without_intent(exchange_id, index)
            elif kind == UNKNOWN:
                self._unknown += 1

    def _without_intent(self, exchange_id: str, index: int) -> None:
        # A purged entry of which nothing is known may have been the INTENT, each of one OUTCOME.
        if self._unknown:
            self._unknown -= 1
            return
        raise _Found(Flaw.SECOND_OUTCOME if self._has_outcome(exchange_id, index) else Flaw.OUTCOME_WITHOUT_INTENT, index)


class _Acts:
    """What is gone of a log, and what its entries say of that, which stands behind it; and whether the log has ended.

    It is held together when everything was seen.
    """

    def __init__(self) -> None:
        self.purged = 0
        self._gone = Runs()
        self._purges: list[Purged] = []
        self._finished: int | None = None

    def add(self, page: Examined) -> None:
        """The acts of a page, and what is gone of it."""
        self.purged += len(page.gone)
        for index in page.gone:
            self._gone.add(index)
        for index, body in page.acts:
            with suppress(MalformedEntry):  # of a day that no calendar has
                self._heed(index, decode(body))

    def check(self, size: int) -> None:
        """Raises _Found at the first entry that no purge accounts for, or that stands behind the end."""
        beyond = unaccounted(self._gone.runs, self._purges)
        if beyond is not None:
            raise _Found(Flaw.PURGED_UNRECORDED, beyond.start, beyond.stop - 1)
        if self._finished is not None:
            purges = {each.index for each in self._purges}
            for index in range(self._finished + 1, size):
                if index not in purges:
                    raise _Found(Flaw.AFTER_FINISH, index)

    def _heed(self, index: int, entry: Entry) -> None:
        purge = recorded(index, entry)
        if purge is not None:
            self._purges.append(purge)
        if self._finished is None and entry.facts.get(ACT) == Act.LOG_FINISHED:
            self._finished = index


class _Tree:
    """The tree that the leaf hashes make, held against the file's tiles wherever one of their nodes is complete."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._tiles = Frontier()
        self._leaves: list[bytes] = []
        self.size = 0

    def add(self, leaves: Sequence[bytes]) -> None:
        """More leaf hashes. Raises _Found."""
        self._leaves += leaves
        self.size += len(leaves)
        while len(self._leaves) >= WIDTH:
            full, self._leaves = self._leaves[:WIDTH], self._leaves[WIDTH:]
            self._complete(full)

    def frontier(self) -> Frontier:
        """The whole tree's."""
        rest, _ = grow(Frontier(), self._leaves)
        return Frontier(self.size, self._tiles.hashes + rest.hashes)

    def _complete(self, leaves: Sequence[bytes]) -> None:
        self._tiles, made = grow(self._tiles, (complete_root(leaves),))
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


def _signatures(checkpoint: str, verifiers: Sequence[Verifier], one_of: Sequence[Verifier], size: int) -> tuple[str, ...]:
    """Who of these has signed. Raises _Found where one has not who must, or nobody of those of whom one must."""
    try:
        signed = Note.parse(checkpoint).verified([*verifiers, *one_of])
    except NoteRefused:
        raise _Found(Flaw.NOT_SIGNED, size) from None
    if not signed.keys() >= set(verifiers) or (one_of and signed.keys().isdisjoint(one_of)):
        raise _Found(Flaw.NOT_SIGNED, size)
    return tuple(str(each) for each in signed)
