"""Which entries a purge takes, and what it writes into the log before.

Laws: only what is older than the retention, of exchanges that ended before it; entries that record a purge or a change of log are never
purged, for the others' absence rests on them; a purge is recorded, each range that it takes, and durable, before it takes anything.
Serves: Network Data Security Regulations art. 12; PIPL art. 19 (no longer than necessary), 47 (deletion).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from gateway.ledger.encoding import MalformedEntry, decode, moment
from gateway.ledger.records import LogUnusable, Row
from gateway.model.act import ACT, LASTING, Act
from gateway.model.exchange import Entry, EntryKind, Fact
from gateway.model.retention import FLOOR, Retention

MOST_RUNS: Final = 1500
"""Ranges that one entry names: so many have room in its body, however high their indexes."""
_RUN: Final = re.compile(r"(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})")


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
        return _whole(self.runs)

    @property
    def parts(self) -> tuple["Plan", ...]:
        """The same, in plans of which one entry each can name the ranges."""
        return tuple(Plan(self.before, self.runs[at : at + MOST_RUNS]) for at in range(0, len(self.runs), MOST_RUNS))


@dataclass(frozen=True, slots=True)
class Purged:
    """What an entry says of a purge: it stands at `index`, and took up to `entries` of what lies in `runs`, older than `before`.

    `runs` are ascending and apart. An entry that names them takes all of them; one that does not, as those did before it was asked of
    them, gives a single range, in which fewer may have gone than lie in it.
    """

    index: int
    at: datetime
    runs: tuple[range, ...]
    entries: int
    before: datetime

    @property
    def whole(self) -> range:
        """From the first to the last."""
        return _whole(self.runs)

    @property
    def exact(self) -> bool:
        """Whether it took all of its ranges, so that each index in them may be gone."""
        return self.entries >= sum(map(len, self.runs))

    @property
    def lawful(self) -> bool:
        """Whether it took nothing that lay behind it, or was too young to be taken."""
        return self.whole.stop <= self.index and self.before <= Retention(FLOOR).before(self.at)

    def may_have_taken(self, index: int) -> bool:
        """Whether this entry accounts for the absence of that one."""
        return self.lawful and any(index in run for run in self.runs)


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
            "runs": tuple(f"{run.start}-{run.stop - 1}" for run in planned.runs),
        }
    )


def recorded(index: int, entry: Entry) -> Purged | None:
    """What an entry says of a purge; None where it says nothing of one."""
    told = entry.facts
    if entry.kind is not EntryKind.ACT or told.get(ACT) != Act.PURGE:
        return None
    first, last, entries, before = (told.get(name) for name in ("first", "last", "entries", "before"))
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(entries, int) or not isinstance(before, str):
        return None
    try:
        runs = _runs(told["runs"]) if "runs" in told else (range(first, last + 1),)
        found = Purged(index, entry.at, runs, entries, datetime.fromisoformat(before))
    except ValueError:
        return None
    fits = found.whole == range(first, last + 1) and ("runs" not in told or entries == sum(map(len, runs)))
    return found if fits else None


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


def united(runs: Iterable[range]) -> Sequence[range]:
    """The same indexes as ranges that are ascending and apart."""
    found: list[range] = []
    for each in sorted(filter(None, runs), key=attrgetter("start")):
        if found and each.start <= found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, each.stop))
        else:
            found.append(each)
    return found


def without(runs: Iterable[range], taken: Iterable[range]) -> Sequence[range]:
    """What is left of ranges, ascending and apart, when others are taken out of them."""
    left: list[range] = []
    holes, passed = united(taken), 0
    for run in runs:
        while passed < len(holes) and holes[passed].stop <= run.start:
            passed += 1
        start, number = run.start, passed
        while number < len(holes) and holes[number].start < run.stop:
            left.append(range(start, holes[number].start))
            start = holes[number].stop
            number += 1
        left.append(range(start, run.stop))
    return [each for each in left if each]


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


def _whole(runs: Sequence[range]) -> range:
    return range(runs[0].start, runs[-1].stop) if runs else range(0)


def _runs(named: Fact) -> tuple[range, ...]:
    """The ranges that an entry names, `first-last` each. Raises ValueError where there are none, ascending and apart."""
    found = tuple(map(_run, named)) if isinstance(named, tuple) else ()
    if not found or any(later.start < earlier.stop for earlier, later in pairwise(found)):
        raise ValueError("no ranges are named that are ascending and apart")
    return found


def _run(text: str) -> range:
    match = _RUN.fullmatch(text)
    found = range(int(match[1]), int(match[2]) + 1) if match else range(0)
    if not found:
        raise ValueError("a range is named by its first and its last index")
    return found
