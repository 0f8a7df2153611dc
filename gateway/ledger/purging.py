"""Which entries a purge takes, what it writes into the log before, and whether what is gone was taken so.

Laws: only what is older than the retention, of exchanges that ended before it; entries that record a purge or a change of log are never
purged, for the others' absence rests on them; a purge is recorded, and durable, before it takes anything.
Serves: Network Data Security Regulations art. 12; PIPL art. 19 (no longer than necessary), 47 (deletion).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gateway.ledger.encoding import MalformedEntry, decode, moment
from gateway.ledger.records import LogUnusable, Row
from gateway.model.act import ACT, LASTING, Act
from gateway.model.exchange import Entry, EntryKind, Fact
from gateway.model.retention import FLOOR, Retention


@dataclass(frozen=True, slots=True)
class Plan:
    """What a purge takes: entries older than `before`, by ranges of indexes, ascending and apart."""

    before: datetime
    runs: tuple[range, ...]

    @property
    def entries(self) -> int:
        """How many."""
        return sum(map(len, self.runs))

    @property
    def whole(self) -> range:
        """From the first to the last; in between may lie some that stay."""
        return range(self.runs[0].start, self.runs[-1].stop) if self.runs else range(0)


@dataclass(frozen=True, slots=True)
class Purged:
    """What an entry says of a purge: it stands at `index`, and took what lay in `whole`, older than `before`."""

    index: int
    at: datetime
    whole: range
    before: datetime

    @property
    def lawful(self) -> bool:
        """Whether it took nothing that lay behind it, or was too young to be taken."""
        return self.whole.stop <= self.index and self.before <= Retention(FLOOR).before(self.at)


def plan(rows: Iterable[Row], before: datetime) -> Plan:
    """What may go, of the log's rows by ascending index. Raises LogUnusable at an entry that cannot be read."""
    limit = moment(before)
    waiting: dict[str, int] = {}
    there = Runs()
    kept: list[int] = []
    for row in rows:
        if row.at >= limit:
            break
        if row.kind == EntryKind.INTENT:
            waiting[row.exchange_id] = row.idx
        elif row.kind == EntryKind.OUTCOME:
            waiting.pop(row.exchange_id, None)
        elif row.kind == EntryKind.ACT and _stays(row):
            kept.append(row.idx)
        if row.body is not None:
            there.add(row.idx)
    return Plan(before, tuple(without(there.runs, [range(each, each + 1) for each in (*waiting.values(), *kept)])))


def facts(planned: Plan, retention: Retention) -> Mapping[str, Fact]:
    """What the entry before the purge says: which entries, and by which rule."""
    whole = planned.whole
    return MappingProxyType(
        {
            "rule": f"ledger.retention {retention}",
            "before": moment(planned.before),
            "first": whole.start,
            "last": whole.stop - 1,
            "entries": planned.entries,
        }
    )


def recorded(index: int, entry: Entry) -> Purged | None:
    """What an entry says of a purge; None where it says nothing of one."""
    told = entry.facts
    first, last, before = told.get("first"), told.get("last"), told.get("before")
    if entry.kind is not EntryKind.ACT or told.get(ACT) != Act.PURGE:
        return None
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(before, str):
        return None
    try:
        return Purged(index, entry.at, range(first, last + 1), datetime.fromisoformat(before))
    except ValueError:
        return None


class Runs:
    """Indexes by ascending order, as ranges."""

    def __init__(self) -> None:
        self.runs: list[range] = []

    def add(self, index: int) -> None:
        """One more, higher than all before."""
        if self.runs and self.runs[-1].stop == index:
            self.runs[-1] = range(self.runs[-1].start, index + 1)
        else:
            self.runs.append(range(index, index + 1))


def without(runs: Iterable[range], taken: Iterable[range]) -> Sequence[range]:
    """What is left of ranges, ascending and apart, when others are taken out of them."""
    left = list(runs)
    for each in filter(None, taken):
        parts = [
            part
            for run in left
            for part in (range(run.start, min(run.stop, each.start)), range(max(run.start, each.stop), run.stop))
        ]
        left = [part for part in parts if part]
    return left


def slices(runs: Iterable[range], most: int) -> Iterator[range]:
    """The same indexes in ranges of so many at most."""
    for run in runs:
        for first in range(run.start, run.stop, most):
            yield range(first, min(first + most, run.stop))


def _stays(row: Row) -> bool:
    if row.body is None:
        return False
    try:
        return decode(row.body).facts.get(ACT) in LASTING
    except MalformedEntry as error:
        raise LogUnusable(f"entry {row.idx} cannot be read, {error}: verify the log before you purge it") from error
