"""gateway.ports.Receipts on a log: read on one thread of its own, so that the event loop never waits for a disk.

Laws: the log is opened for reading only and for one reading, so that a file that was moved or mended is met as it now is; no more
than one reading at a time; whatever keeps it from being read is LEDGER_UNAVAILABLE.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable, Opening
from gateway.model.exchange import Checkpointed, Logged
from gateway.model.refusal import Reason, Refusal

T = TypeVar("T")
_ENTRIES_AN_EXCHANGE: Final = 2


class LogReceipts:
    """The port `Receipts` on one log. Ended by `close`."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kuacheng-receipts")

    async def find(self, exchange_id: str) -> tuple[Logged, ...]:
        """As the port says."""
        return await self._read(lambda log: _found(log, exchange_id))

    async def checkpoint(self) -> Checkpointed:
        """As the port says."""
        return await self._read(lambda log: Checkpointed(log.name, log.checkpoint()))

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _read(self, look: Callable[[Log], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._look, look)
        except (LogUnusable, OSError, ValueError) as error:  # a ValueError is of a checkpoint that does not read or does not fit
            raise Refusal(Reason.LEDGER_UNAVAILABLE, "the evidence log cannot be read") from error

    def _look(self, look: Callable[[Log], T]) -> T:
        with Log(self._opening()) as log:
            return look(log)


def _found(log: Log, exchange_id: str) -> tuple[Logged, ...]:
    """The checkpoint is read after the entries, so it covers them; one for both, so that they fit together."""
    entries = log.entries(limit=_ENTRIES_AN_EXCHANGE, exchange_id=exchange_id)
    note = log.checkpoint()
    return tuple(Logged(each.entry, log.recorded(each, note)) for each in entries)
