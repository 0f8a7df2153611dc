"""A thread of its own on which logs are read, so that the event loop never waits for a disk.

Laws: a log is opened for reading only and for one reading, so that a file that was moved or mended is met as it now is; no more
than one reading at a time; whatever keeps it from being read is LEDGER_UNAVAILABLE.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable, Opening
from gateway.model.refusal import Reason, Refusal

T = TypeVar("T")


class Reader:
    """Reads logs. `name` is the thread's. Ended by `close`."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def read(self, opening: Opening, look: Callable[[Log], T]) -> T:
        """What `look` sees of a log. Raises Refusal: LEDGER_UNAVAILABLE."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _look, opening, look)
        except (LogUnusable, OSError, ValueError) as error:  # a ValueError is of a checkpoint that does not read or does not fit
            raise Refusal(Reason.LEDGER_UNAVAILABLE, "the evidence log cannot be read") from error

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await asyncio.to_thread(self._thread.shutdown)


def _look(opening: Opening, look: Callable[[Log], T]) -> T:
    with Log(opening()) as log:
        return look(log)
