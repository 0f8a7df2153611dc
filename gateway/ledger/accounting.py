"""Whether a log's entries of purges account for each body that is gone.

Laws: an index that an entry names may be gone, and need not be, for a purge may be ended at any moment; of a range in which an entry gives
a number only, no more may be gone than the entries over it give together, however their ranges overlap; what accounts for too young, or
for what lay behind it, accounts for nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.ledger.purging import Purged, without


@dataclass(slots=True)
class _Count:
    """A range of which an entry gives how many went, and how many of these have not been seen to be gone."""

    run: range
    left: int


def unaccounted(gone: Iterable[range], purges: Iterable[Purged]) -> range | None:
    """The first range of indexes in which more is gone than entries account for; None where there is none.

    `gone` are ranges by ascending index, and apart. Where numbers do not suffice, nobody can tell which index it is: then the range goes
    from where the first of these numbers begins to where they are used up.
    """
    lawful = [each for each in purges if each.lawful]
    left = without(gone, [run for each in lawful if each.exact for run in each.runs])
    counts = sorted((_Count(each.whole, each.entries) for each in lawful if not each.exact), key=lambda each: each.run.stop)
    for run in left:
        found = _beyond(run, counts)
        if found is not None:
            return found
    return None


def _beyond(run: range, counts: Sequence[_Count]) -> range | None:
    """Counts a range that is gone against the numbers. Each index goes to the one that ends first, which is no loss to any later index."""
    at = run.start
    while at < run.stop:
        over = [each for each in counts if at in each.run]
        count = next((each for each in over if each.left > 0), None)
        # Where another number begins, it may be the one that ends first.
        until = min((each.run.start for each in counts if at < each.run.start < run.stop), default=run.stop)
        if count is None:
            return range(_beginning(at, counts), at + 1) if over else range(at, until)
        took = min(until, count.run.stop, at + count.left) - at
        count.left -= took
        at += took
    return None


def _beginning(at: int, counts: Sequence[_Count]) -> int:
    """Where the numbers begin that could have gone to this index, or to another that one of these went to."""
    begins = at
    for each in sorted(counts, key=lambda each: each.run.stop, reverse=True):
        if each.run.start <= at and each.run.stop > begins:
            begins = min(begins, each.run.start)
    return begins
