"""gateway.ports.Receipts on a log."""

from typing import Final

from gateway.ledger.reader import Reader
from gateway.ledger.reading import Log
from gateway.ledger.records import Opening
from gateway.model.exchange import Checkpointed, Logged

_ENTRIES_AN_EXCHANGE: Final = 2


class LogReceipts:
    """The port `Receipts` on one log. Ended by `close`."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._reader = Reader("kuacheng-receipts")

    async def find(self, exchange_id: str) -> tuple[Logged, ...]:
        """As the port says."""
        return await self._reader.read(self._opening, lambda log: _found(log, exchange_id))

    async def checkpoint(self) -> Checkpointed:
        """As the port says."""
        return await self._reader.read(self._opening, lambda log: Checkpointed(log.name, log.checkpoint()))

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await self._reader.close()


def _found(log: Log, exchange_id: str) -> tuple[Logged, ...]:
    """The checkpoint is read after the entries, so it covers them; one for both, so that they fit together."""
    entries = log.entries(limit=_ENTRIES_AN_EXCHANGE, exchange_id=exchange_id)
    note = log.checkpoint()
    return tuple(Logged(each.entry, log.recorded(each, note)) for each in entries)
