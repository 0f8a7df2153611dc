"""Verifying a log as fast as the machine allows, and a log of somebody else's as warily as one should.

Laws: however many processes look at pages, the verdict is the one that `Log.verify` comes to; this one looks at pages too wherever it
would wait, from the first moment, while others are still being started; no more pages are in hand than some for each process, so memory
does not grow with the log; who gives two answers that cannot both be true is not believed in anything else.
"""

import atexit
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.examining import Examined, Flaw, examine
from gateway.ledger.note import Verifier
from gateway.ledger.reading import PAGE, Log, Progress, pages, rows, silent
from gateway.ledger.records import Contradicted, Opening, Records
from gateway.ledger.searched import Searching
from gateway.ledger.tiled import TiledRecords
from gateway.ledger.verdict import Verdict

WORTH_IT: Final = 100_000
"""Entries from which on starting other processes costs less than it saves: one does so many in the second that a start may take."""

_IN_HAND: Final = 16
"""Pages for each process."""


def verified(
    opening: Opening,
    verifiers: Sequence[Verifier] = (),
    kept: Checkpoint | None = None,
    progress: Progress = silent,
    *,
    processes: int = 1,
    one_of: Sequence[Verifier] = (),
) -> Verdict:
    """As `Log.verify`, with so many processes looking at entries, of which this is one; the others too call `opening`.

    It has to be picklable. Raises LogUnusable.
    """
    records = opening()
    with Log(records) as log:
        if processes < 2 or records.head().size < WORTH_IT:  # noqa: PLR2004  one is this process
            return log.verify(verifiers, kept, progress, one_of=one_of)
        with ProcessPoolExecutor(processes - 1, multiprocessing.get_context("spawn"), _begin, (opening,)) as pool:
            return log.verify(verifiers, kept, progress, partial(_shared, pool, processes), one_of=one_of)


def wary(
    records: TiledRecords, verifiers: Sequence[Verifier] = (), kept: Checkpoint | None = None, progress: Progress = silent
) -> Verdict:
    """As `Log.verify`, for files that a stranger gives: in the end some are asked for once more. Raises LogUnusable."""
    try:
        verdict = Log(records).verify(verifiers, kept, progress, bodies=records.bodies)
        if verdict.flaw is Flaw.PURGED_UNRECORDED and records.renew():
            # As in `Log.verify`.
            verdict = Log(records).verify(verifiers, kept, progress, bodies=records.bodies)
        if verdict.sound:
            records.look_again()
    except Contradicted:
        return Verdict(records.log, 0, (), Flaw.ANSWERS_DIFFER)
    return verdict


@dataclass(slots=True)
class _Page:
    """A page that was given to another process, and, should that not have begun with it, was looked at here."""

    first: int
    elsewhere: Future[Examined]
    here: Examined | None = None

    def taken_back(self) -> bool:
        """Whether nobody has begun with it, and now nobody else will."""
        return self.here is None and self.elsewhere.cancel()


def _shared(pool: Executor, processes: int, records: Records, size: int, progress: Progress) -> Iterator[Examined]:
    """The pages of `reading.pages`, looked at elsewhere or here, up to the first that is not full: what is wrong there, is said here."""
    starts = iter(range(0, size, PAGE))
    here = _Worker(records)
    waiting: deque[_Page] = deque()
    next_ = 0
    while next_ < size:
        while len(waiting) < processes * _IN_HAND and (start := next(starts, None)) is not None:
            waiting.append(_Page(start, pool.submit(_look, start, size)))
        page = _awaited(waiting, here, size)
        if page.flaw is not None or len(page.leaves) != min(PAGE, size - next_):
            break
        yield page
        next_ += len(page.leaves)
        progress(next_, size)
    for each in waiting:
        each.elsewhere.cancel()
    yield from pages(records, size, progress, next_)


def _awaited(waiting: deque[_Page], here: "_Worker", size: int) -> Examined:
    """The page whose turn it is, taken out; until it is there, pages are looked at that nobody has begun."""
    turn = waiting[0]
    while turn.here is None and not turn.elsewhere.done():
        mine = next((each for each in waiting if each.taken_back()), None)
        if mine is None:
            break
        mine.here = here.look(mine.first, size)
    return waiting.popleft().here or turn.elsewhere.result()


class _Worker:
    """What a process keeps between pages."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._searched = Searching()

    def look(self, first: int, size: int) -> Examined:
        return examine(rows(self._records, first, size), first, self._searched)


_worker: list[_Worker] = []


def _begin(opening: Opening) -> None:
    records = opening()
    atexit.register(records.close)
    _worker[:] = [_Worker(records)]


def _look(first: int, size: int) -> Examined:
    return _worker[0].look(first, size)
