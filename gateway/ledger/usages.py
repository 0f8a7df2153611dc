"""gateway.ports.Usages on a log.

Laws: a holder is found by the keyed hash and the id of its key, never by a number; what is told of is the log of one size, that of the
moment when the reading began; more than MOST acts are not told of in part. An entry whose body was purged names no holder any more.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from gateway.ledger.reader import Reader
from gateway.ledger.reading import Log, LoggedEntry
from gateway.ledger.records import Opening, holder_column
from gateway.model.exchange import HOLDER, HOLDER_KEY, Entry, EntryKind
from gateway.model.usage import Look, Looks, Period

MOST: Final = 10_000
"""Acts of one period that one search tells of; 10,000 are read in about half a second."""
_AT_ONCE: Final = 500


class LogUsages:
    """The port `Usages` on one log. Ended by `close`."""

    def __init__(self, opening: Opening, most: int = MOST) -> None:
        self._reader = Reader(opening, "kuacheng-usages")
        self._most = most

    async def about(self, holders: Mapping[str, str], period: Period) -> Looks:
        """As the port says."""
        return await self._reader.read(lambda log: _about(log, holders, period, self._most))

    async def endings(self, exchange_ids: Collection[str]) -> Mapping[str, Entry]:
        """As the port says."""
        return await self._reader.read(lambda log: _endings(log, exchange_ids))

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await self._reader.close()


def _about(log: Log, holders: Mapping[str, str], period: Period, most: int) -> Looks:
    """The size is read before the entries: whatever is appended meanwhile belongs to a later search."""
    size = log.size()
    found: list[Look] = []
    for key, keyed in holders.items():
        for each in _of(log, holder_column({HOLDER_KEY: key, HOLDER: keyed}), size):
            if period.holds(each.entry.at):
                found.append(Look(each.index, each.entry))
            if len(found) > most:
                return Looks(size, (), whole=False)
    return Looks(size, tuple(sorted(found, key=lambda act: act.index)))


def _of(log: Log, holder: str | None, size: int) -> Iterator[LoggedEntry]:
    after, read = -1, _AT_ONCE
    while read == _AT_ONCE:
        page = log.entries(after, _AT_ONCE, holder=holder)
        yield from (each for each in page if each.index < size)
        read = len(page)
        after = page[-1].index if page else size


def _endings(log: Log, exchange_ids: Collection[str]) -> Mapping[str, Entry]:
    found = (log.entries(limit=1, exchange_id=each, kind=EntryKind.OUTCOME) for each in exchange_ids)
    return {each.entry.exchange_id: each.entry for entries in found for each in entries}
