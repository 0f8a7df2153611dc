"""One operation's tables, shared by all who ask there: what they file, look for and fetch at the same moment goes in the same statements.

Laws: what is shared are the statements, never an answer: each is handed the rows of its own ticket, and reads them by itself.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from adapters.connectors.database import Database
from adapters.connectors.front_statements import Told, fetching, filing, looking, parted, turned
from adapters.connectors.front_tables import FrontTables
from adapters.connectors.gathering import Gathering
from adapters.connectors.looking import Looker, Unlooked
from adapters.connectors.verdict import timed_out
from gateway.model.refusal import Reason, Unasked

_MOST_FILED: Final = 64
_MOST_FETCHED: Final = 16
"""Tickets at a time: as many answers are held at once, each with up to `front_tables.MOST_ROWS` of each detail."""
_PROMPT: Final = 0.025
"""Seconds: longer than the rest between two looks."""


class FrontDesk:
    """Of the operation called `where`, for messages. `timeout` in seconds bounds a statement for all who take part in it."""

    def __init__(self, where: str, tables: FrontTables, database: Database, timeout: float) -> None:
        self._where = where
        self._tables = tables
        self._database = database
        self._timeout = timeout
        self._filing = Gathering(where, self._file, _MOST_FILED)
        self._fetching = Gathering(where, self._fetch, _MOST_FETCHED)
        self._looker = Looker(self._look)
        self.prompt = True
        """Whether the last answer was there at once, so that the next may be fetched without a look for it."""

    async def file(self, row: Mapping[str, str], seconds: float) -> None:
        """Puts one question. Raises Refusal, blame COUNTERPARTY; Unreached where nothing was sent."""
        await self._filing.put(row, seconds)

    async def turned(self, ticket: str, seconds: float) -> bool:
        """Waits until there is something to fetch; False when the time is up before. Raises Refusal, blame COUNTERPARTY."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        there = await self._looker.turned(ticket, seconds)
        self.prompt = there and loop.time() - began < _PROMPT
        return there

    async def glance(self, ticket: str, seconds: float) -> bool:
        """Whether there is something to fetch now. Raises Refusal, blame COUNTERPARTY."""
        try:
            return await self._looker.glance(ticket, seconds)
        except Unlooked:
            raise Unasked(Reason.CITY_UNAVAILABLE, f"{self._where}: no look began in time") from None
        except TimeoutError:
            raise timed_out(self._where) from None

    async def fetch(self, ticket: str, seconds: float) -> Told:
        """All that there is to a ticket. Raises Refusal, blame COUNTERPARTY."""
        return await self._fetching.put(ticket, seconds)

    def close(self) -> None:
        """Nobody who waits is kept waiting."""
        self._looker.close()

    async def _file(self, rows: Sequence[Mapping[str, str]]) -> Sequence[None]:
        await self._database.run(filing(self._tables, rows), self._timeout)
        return [None] * len(rows)

    async def _look(self, tickets: Sequence[str]) -> Collection[str]:
        (found,) = await self._database.run((looking(self._tables, tickets),), self._timeout)
        return turned(self._where, found, tickets)

    async def _fetch(self, tickets: Sequence[str]) -> Sequence[Told]:
        distinct = tuple(dict.fromkeys(tickets))
        told = parted(self._where, await self._database.run(fetching(self._tables, distinct), self._timeout), distinct)
        found = dict(zip(distinct, told, strict=True))
        return [found[each] for each in tickets]
