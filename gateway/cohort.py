"""Cohorts: exchanges that have come to the same step take it one after the other, and not each between steps of others.

Why: an exchange runs through far more code than a processor's nearest caches and branch predictors hold. Who takes a step after
somebody's other step finds nothing of it there; who takes it after somebody's same step finds all of it. docs/performance.md says what that
is worth, docs/adr/0053 what it costs. The term is Larus and Parkes' (Using Cohort Scheduling to Enhance Server Performance, USENIX 2002).

Laws: nobody waits longer than `LINGER`; who is alone, and was of late, waits one turn of the event loop; those who wait go on in the
order in which they came; who leaves meanwhile holds up nobody. How long is waited is counted in turns of the loop: a turn of a busy loop
is long and brings others, a turn of an idle one takes microseconds.
"""

import asyncio
from collections.abc import Callable
from typing import Final

LINGER: Final = 0.02
"""Seconds that is waited at most, however many come."""
GAP: Final = 0.002
"""Seconds that is waited at most for the next to come. Where a turn takes longer, others have the processor."""
PATIENCE: Final = 8
"""Turns of the event loop, one after the other, that bring nobody: then a cohort waits no longer."""
ENOUGH: Final = 32
"""With as many nobody waits for more: they would gain little, and hold up the loop for longer than others should wait."""


class Lull:
    """Tells when nobody else comes: calls `ended` once `patience` turns have brought nobody, or `enough` wait. `waiting` counts them."""

    def __init__(self, waiting: Callable[[], int], ended: Callable[[], None], *, patience: int, enough: int) -> None:
        self._waiting = waiting
        self._ended = ended
        self._patience = patience
        self._enough = enough
        self._turns = patience
        """Turns that are waited for now: where one came alone, half as many are for the next."""

    def await_(self, loop: asyncio.AbstractEventLoop) -> None:
        """Somebody waits, and is the first. `ended` is called later, and once."""
        now = loop.time()
        loop.call_soon(self._turn, loop, 1, 0, now + GAP, now + LINGER)

    def _turn(self, loop: asyncio.AbstractEventLoop, seen: int, quiet: int, soon: float, until: float) -> None:
        """A turn is over: wait for another as long as they bring somebody now and then."""
        waiting, now = self._waiting(), loop.time()
        quiet, soon = (quiet + 1, soon) if waiting == seen else (0, now + GAP)
        if quiet < self._turns and waiting < self._enough and now < min(soon, until):
            loop.call_soon(self._turn, loop, waiting, quiet, soon, until)
            return
        self._turns = self._patience if waiting > 1 else max(1, self._turns // 2)
        self._ended()


class Cohort:
    """Those who have come to one step. Serves one event loop at a time."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._lull = Lull(lambda: len(self._waiting), self._go, patience=PATIENCE, enough=ENOUGH)

    def gathered(self) -> asyncio.Future[None]:
        """Done when whoever else comes to this step about now has come."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        if len(self._waiting) == 1:
            self._lull.await_(loop)
        return future

    def _go(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
