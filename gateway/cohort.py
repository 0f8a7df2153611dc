"""Cohorts: exchanges that have come to the same step take it one after the other, and not each between steps of others.

Why: an exchange runs through far more code than a processor's nearest caches and branch predictors hold. Who takes a step after
somebody's other step finds nothing of it there; who takes it after somebody's same step finds all of it. docs/performance.md says what that
is worth, docs/adr/0053 what it costs. The term is Larus and Parkes' (Using Cohort Scheduling to Enhance Server Performance, USENIX 2002).

Laws: who waits does so only as long as the event loop has other work, and never longer than `LINGER`; those who wait go on in the order in
which they came; who leaves meanwhile holds up nobody. So on an idle loop nobody waits for more than microseconds, and on a busy one
nobody waits for nothing: what is done meanwhile had to be done, and brings others to the step.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LINGER: Final = 0.02
"""Seconds that is waited at most, however much there is to do."""
WORK: Final = 0.000_03
"""Seconds of the processor from which on a turn of the event loop had work to do; one without takes some microseconds."""
IDLE_TURNS: Final = 2
"""Turns without work, one after the other, that tell that there is none."""
ENOUGH: Final = 32
"""With as many nobody waits for more: they would gain little, and hold up the loop for longer than others should wait."""


class Lull:
    """Tells when the event loop has nothing else to do: calls `ended` then, or once `enough` wait. `waiting` counts them."""

    def __init__(self, waiting: Callable[[], int], ended: Callable[[], None], enough: int) -> None:
        self._waiting = waiting
        self._ended = ended
        self._enough = enough

    def await_(self, loop: asyncio.AbstractEventLoop) -> None:
        """Somebody waits, and is the first. `ended` is called later, and once."""
        loop.call_soon(self._turn, loop, 0, time.thread_time(), loop.time() + LINGER)

    def _turn(self, loop: asyncio.AbstractEventLoop, idle: int, before: float, until: float) -> None:
        """A turn is over. What others on the machine took of its time is not counted: it is no work of ours."""
        spent = time.thread_time()
        idle = idle + 1 if spent - before < WORK else 0
        if idle < IDLE_TURNS and self._waiting() < self._enough and loop.time() < until:
            loop.call_soon(self._turn, loop, idle, spent, until)
        else:
            self._ended()


class Cohort:
    """Those who have come to one step. Serves one event loop at a time."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._lull = Lull(lambda: len(self._waiting), self._go, ENOUGH)

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
