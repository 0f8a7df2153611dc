"""The evidence log, read: list, prove and verify, while the gateway writes, whatever store keeps it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.ledger import tree
from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import MalformedEntry, decode
from gateway.ledger.examining import Examined, Flaw, examine
from gateway.ledger.filed import FiledRecords
from gateway.ledger.note import Note, Verifier
from gateway.ledger.purging import Plan, Purged, plan, recorded
from gateway.ledger.records import BareRow, LogUnusable, Records, Row, Unreadable
from gateway.ledger.searched import Searching
from gateway.ledger.succession import Begun, following, predecessor
from gateway.ledger.tiles import WIDTH, Nodes
from gateway.ledger.tree import HASH_SIZE, Place
from gateway.ledger.verdict import File, Verdict, compared, judge
from gateway.model.exchange import Entry, EntryKind, Recorded

PAGE: Final = 2048
"""Entries that are read at once."""
_LOWEST: Final = -(2**63)

Progress = Callable[[int, int], None]
"""Told, now and then, how many entries of how many have been looked at."""
Looking = Callable[[Records, int, Progress], Iterator[Examined]]
"""Looks at the entries of a log up to this size."""


def silent(_done: int, _of: int) -> None:
    """A Progress that nobody sees."""


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One entry as the log holds it. `body` is its canonical bytes, `nonce` and `leaf_hash` as docs/ledger.md has them."""

    index: int
    entry: Entry
    leaf_hash: bytes
    nonce: bytes
    body: bytes

    @property
    def leaf(self) -> bytes:
        """What the leaf hash covers."""
        return self.nonce + self.body


@dataclass(frozen=True, slots=True)
class PurgedEntry:
    """What is left of an entry whose body was purged; of all but its leaf hash nothing is proven any more.

    A folder of tiles knows the hash alone. `on` is when a purge of it was recorded, None where none was, or nobody asked.
    """

    index: int
    kind: EntryKind | None
    exchange_id: str
    at: datetime | None
    replay_key: str
    leaf_hash: bytes
    on: datetime | None


class Log:
    """A log, open for reading; a context manager. For one thread. Whatever it is asked, it raises LogUnusable where it cannot answer."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.name = records.log

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the log of a SQLite file; raises LogUnusable, which says what to do."""
        return cls(FiledRecords.open(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._records.close()

    def size(self) -> int:
        """Return the number of entries."""
        return self._records.head().size

    def checkpoint(self) -> str:
        """Return the newest checkpoint, a signed note; it covers all entries that stand."""
        return self._records.head().checkpoint

    def root(self, size: int) -> bytes:
        """Return the root of the tree of the first `size` entries; raises LogUnusable where there are not so many."""
        return tree.root_of(size, Nodes(self._records.tile))

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of an entry in the tree of the first `size`. Raises ValueError too."""
        return tree.inclusion(index, size, Nodes(self._records.tile))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return that the tree of the first `new` entries extends that of the first `old`. Raises ValueError too."""
        return tree.consistency(old, new, Nodes(self._records.tile))

    def tile(self, level: int, place: int) -> bytes:
        """Return the hashes of a tile as far as it is filled, one after the other."""
        return self._records.tile(level, place)

    def recorded(self, entry: LoggedEntry, checkpoint: str | None = None) -> Recorded:
        """Return where an entry stands, proven under this checkpoint of the log, or the newest. Raises ValueError, LogUnusable."""
        note = self.checkpoint() if checkpoint is None else checkpoint
        path = self.inclusion(entry.index, Checkpoint.parse(Note.parse(note).text).size)
        return Recorded(self.name, entry.index, entry.leaf, str(Proof(entry.index, path, note)))

    def entries(
        self,
        after: int = -1,
        limit: int = 100,
        *,
        exchange_id: str | None = None,
        kind: EntryKind | None = None,
        holder: str | None = None,
    ) -> tuple[LoggedEntry, ...]:
        """Return up to `limit` entries with a higher index than `after`, in order; of one exchange, kind or holder only, if named.

        `holder` is as `records.holder_column` has it. An entry whose body was purged is passed over. Raises LogUnusable for an entry that
        cannot be read; `verify` then says more.
        """
        return tuple(map(_logged, self._records.find(after, limit, exchange_id=exchange_id, kind=kind, holder=holder)))

    def listed(
        self, after: int = -1, limit: int = 100, *, exchange_id: str | None = None, dated: bool = False
    ) -> tuple[LoggedEntry | PurgedEntry, ...]:
        """Return as `entries` does, with what is left of those that were purged; `dated` says when, and reads the whole log for it."""
        rows = self._records.find(after, limit, exchange_id=exchange_id, purged=True)
        purges = self.purges() if dated and any(row.body is None for row in rows) else ()
        return tuple(_logged(row) if row.body is not None else _left(row, purges) for row in rows)

    def purges(self) -> tuple[Purged, ...]:
        """Return what the log says of purges, in order."""
        found: list[Purged] = []
        acts: tuple[LoggedEntry, ...] = self.entries(-1, PAGE, kind=EntryKind.ACT)
        while acts:
            found += [each for act in acts if (each := recorded(act.index, act.entry))]
            acts = self.entries(acts[-1].index, PAGE, kind=EntryKind.ACT) if len(acts) == PAGE else ()
        return tuple(found)

    def beginning(self) -> Begun | None:
        """Return what the log says of the one before it, if it follows one."""
        first = self.entry(0)
        return predecessor(first.entry) if first else None

    def successor(self) -> str | None:
        """Return the log that follows, if this one is finished."""
        return following(self._records)

    def to_purge(self, before: datetime) -> Plan:
        """Return what a purge of all that is older may take."""
        head, _ = self._records.end()
        return plan(self._sound_rows(head.size), before)

    def entry(self, index: int) -> LoggedEntry | None:
        """Return the entry with this index, or None; raises LogUnusable."""
        return next((found for found in self.entries(index - 1, 1) if found.index == index), None)

    def moment(self, index: int) -> datetime:
        """Return the moment of an entry, also of one that was purged. Raises LogUnusable where there is none."""
        row = next(iter(self._records.page(index, index + 1, 1)), None)
        if isinstance(row, Row):
            try:
                return datetime.fromisoformat(row.at)
            except ValueError:
                raise LogUnusable(f"entry {index} has no moment: verify the log") from None
        if row is None or row.body is None:
            raise LogUnusable(f"the evidence log has no moment for entry {index}")
        return _logged(row).entry.at

    def verify(
        self,
        verifiers: Sequence[Verifier] = (),
        kept: Checkpoint | None = None,
        progress: Progress = silent,
        looking: Looking | None = None,
        *,
        bodies: bool = True,
        one_of: Sequence[Verifier] = (),
    ) -> Verdict:
        """Judge all entries that stand when it begins, reading each once; twice where a purge may have begun meanwhile.

        `verifiers` must all have signed the log's checkpoint, and one at least of `one_of`, if there are any; `kept` is a checkpoint of
        this log that was kept elsewhere and whose signatures are verified already; `looking` looks at the entries, `pages` if None;
        without `bodies` only hashes are read, and nobody asks why a body is not there. Raises LogUnusable.
        """
        size, verdict = self._judged(verifiers, one_of, progress, looking or pages, bodies=bodies)
        if verdict.flaw is Flaw.PURGED_UNRECORDED and self.size() > size:
            # The entry that accounts for it may stand behind the end that was judged.
            _, verdict = self._judged(verifiers, one_of, progress, looking or pages, bodies=bodies)
        return compared(verdict, kept, self.root) if kept else verdict

    def _judged(
        self, verifiers: Sequence[Verifier], one_of: Sequence[Verifier], progress: Progress, looking: Looking, *, bodies: bool
    ) -> tuple[int, Verdict]:
        """The size as of which it is judged, and the verdict."""
        head, present = self._records.end()
        file = File(self.name, head, present, self._stored(), self._records.has_outcome, bodies)
        found = looking(self._records, min(head.size, present), progress)
        return head.size, judge(file, found, verifiers, one_of)

    def _sound_rows(self, size: int) -> Iterator[Row]:
        first = 0
        while first < size:
            for row in rows(self._records, first, size):
                if not isinstance(row, Row) or row.idx < first:
                    raise LogUnusable("the evidence log is damaged, or has no columns: verify it")
                yield row
                first = row.idx + 1

    def _stored(self) -> Callable[[int, int], bytes | None]:
        """A hash at a place of a level of tiles; keeps the last tile of each level."""
        last: dict[int, tuple[Place, bytes]] = {}

        def stored(level: int, place: int) -> bytes | None:
            at, number = divmod(place, WIDTH)
            if last.get(level, (None, b""))[0] != (level, at):
                try:
                    last[level] = (level, at), self._records.tile(level, at)
                except Unreadable:
                    return None
            return last[level][1][number * HASH_SIZE : (number + 1) * HASH_SIZE]

        return stored


def _left(row: Row | BareRow, purges: Sequence[Purged]) -> PurgedEntry:
    on = next((each.at for each in purges if each.may_have_taken(row.idx)), None)
    if isinstance(row, BareRow):
        return PurgedEntry(row.idx, None, "", None, "", row.leaf_hash, on)
    kind, at = EntryKind(row.kind), datetime.fromisoformat(row.at)
    return PurgedEntry(row.idx, kind, row.exchange_id, at, row.replay_key or "", row.leaf_hash, on)


def _logged(row: Row | BareRow) -> LoggedEntry:
    nonce, body = row.nonce or b"", row.body or b""
    try:
        return LoggedEntry(row.idx, decode(body), row.leaf_hash, nonce, body)
    except MalformedEntry as error:
        raise LogUnusable(f"entry {row.idx} cannot be read, {error}: verify the log") from error


def pages(records: Records, size: int, progress: Progress, first: int = 0) -> Iterator[Examined]:
    """The entries from `first` on, looked at page by page; the last page may be empty, or end in a flaw."""
    searched, page = Searching(), Examined([b""])
    while page.leaves and page.flaw is None:
        page = examine(rows(records, first, size), first, searched)
        yield page
        first += len(page.leaves)
        progress(first, size)


def rows(records: Records, first: int, size: int) -> Iterator[Row | BareRow | None]:
    """One page; None for what cannot be read. What stands at an index below 0 is of the first."""
    try:
        yield from records.page(first or _LOWEST, size, PAGE)
    except Unreadable:
        yield None
