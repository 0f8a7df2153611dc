"""gateway.ports.Usages on a log and its predecessors.

Laws: a holder is found by the keyed hash and the id of its key, never by a number; an act stands where the log first names its holder, at
its intent, or of a shown code at its outcome; what is told of is the log of one size, that of the moment when the reading began; more than
MOST acts are not told of in part. An entry's place counts on over the logs before its own, whose sizes change no more, so it stays when a
new log begins. An entry whose body was purged names no holder any more.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
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
    """The port `Usages` on logs. Ended by `close`."""

    def __init__(self, *openings: Opening, most: int = MOST) -> None:
        """On the log that is written, and those before it, newest first."""
        self._oldest_first = openings[::-1]
        self._reader = Reader("kuacheng-usages")
        self._most = most

    async def about(self, holders: Mapping[str, str], period: Period) -> Looks:
        """As the port says."""
        whole = Looks(0, ())
        for opening in self._oldest_first:
            look = partial(_about, holders=holders, period=period, most=self._most - len(whole.looks))
            found = await self._reader.read(opening, look)
            if not found.whole:
                return found
            added = (replace(each, index=whole.size + each.index) for each in found.looks)
            whole = Looks(whole.size + found.size, (*whole.looks, *added))
        return whole

    async def endings(self, exchange_ids: Collection[str]) -> Mapping[str, Entry]:
        """As the port says."""
        found: dict[str, Entry] = {}
        for opening in self._oldest_first:
            found |= await self._reader.read(opening, partial(_endings, exchange_ids=exchange_ids))
        return found

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await self._reader.close()


def _about(log: Log, holders: Mapping[str, str], period: Period, most: int) -> Looks:
    """The size is read before the entries: whatever is appended meanwhile belongs to a later search."""
    size = log.size()
    found: list[Look] = []
    for key, keyed in holders.items():
        for each in _of(log, holder_column({HOLDER_KEY: key, HOLDER: keyed}), size):
            begun = _begun(log, each)
            if begun and period.holds(begun.at):
                found.append(Look(each.index, begun))
            if len(found) > most:
                return Looks(size, (), whole=False)
    return Looks(size, tuple(sorted(found, key=lambda look: look.index)))


def _begun(log: Log, named: LoggedEntry) -> Entry | None:
    """The entry that begins the act in which a holder is named; None where a purge has taken it and not come to this one yet."""
    if named.entry.kind is not EntryKind.OUTCOME:
        return named.entry
    intents = log.entries(limit=1, exchange_id=named.entry.exchange_id, kind=EntryKind.INTENT)
    return next((each.entry for each in intents), None)


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
