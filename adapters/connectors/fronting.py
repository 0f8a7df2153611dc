"""Asks through tables: files a request, looks until the answer is there, and leaves with a ticket when it is not there in time.

Laws: a question is filed once, under a ticket that nobody can guess; once it is filed, what keeps us from looking is no answer and no
refusal: the ticket stays good. A ticket that was brought along is looked at and never filed again.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from adapters.connectors.calling import Deadline
from adapters.connectors.database import Database, Statement
from adapters.connectors.front_desk import FrontDesk
from adapters.connectors.front_tables import FrontDialect, is_ticket
from adapters.connectors.greeting import Greeted
from adapters.connectors.settings import SystemSettings
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Clock

_TICKET_BYTES: Final = 16
_KEPT_BACK, _LARGEST_PART = 0.5, 0.1
"""Seconds, and part of all there are, in which to leave with the ticket."""
_WAITS: Final = frozenset({Reason.CITY_TIMEOUT, Reason.CITY_UNAVAILABLE})


class FrontAdapter:
    """One front-end database (gateway.ports.LateAdapter)."""

    def __init__(self, settings: SystemSettings, dialect: FrontDialect, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve."""
        self._system = settings.name
        self._dialect = dialect
        self._database = Database(settings)
        self._clock = clock
        self._entropy = entropy
        self._timeout = settings.timeout
        self._desks = {
            name: FrontDesk(f"{settings.name} {name}", tables, self._database, settings.timeout)
            for name, tables in dialect.operations.items()
        }

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer | CityTicket:
        """The answer, or the ticket with which to ask for it later. Raises Refusal, blame COUNTERPARTY."""
        within = min(seconds, self._timeout)
        deadline = Deadline(self._system, self._clock.monotonic, within - min(_KEPT_BACK, within * _LARGEST_PART))
        if request.ticket:
            return await self._fetched(request, self._check(request.ticket), deadline)
        ticket = self._entropy(_TICKET_BYTES).hex()
        row = self._dialect.row(request, ticket, self._clock.now())
        await self._desks[request.operation].file(row, deadline.left())
        try:
            return await self._waited(request, ticket, deadline)
        except Refusal as refusal:
            if refusal.reason in _WAITS and not refusal.city_status:
                return CityTicket(ticket)
            raise

    async def ready(self, request: CityRequest, seconds: float) -> bool:
        """Whether there is something to fetch with the ticket of `request`. Raises Refusal, blame COUNTERPARTY."""
        ticket = self._check(request.ticket)
        return await self._desks[request.operation].glance(ticket, min(seconds, self._timeout))

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting): a statement on nothing, for which one has to be logged in."""
        await self._database.run((Statement("SELECT 1"),), min(seconds, self._timeout))
        return Greeted(HTTPStatus.OK, None, logged_in=True)

    async def close(self) -> None:
        """Ends its connections."""
        for each in self._desks.values():
            each.close()
        await self._database.close()

    async def _waited(self, request: CityRequest, ticket: str, deadline: Deadline) -> CityAnswer | CityTicket:
        desk = self._desks[request.operation]
        if desk.prompt:
            told = await desk.fetch(ticket, deadline.left())
            desk.prompt = self._dialect.is_there(request, told)
            if desk.prompt:
                return self._dialect.read(request, told)
        if not await desk.turned(ticket, deadline.left()):
            return CityTicket(ticket)
        return await self._fetched(request, ticket, deadline)

    async def _fetched(self, request: CityRequest, ticket: str, deadline: Deadline) -> CityAnswer | CityTicket:
        """What there is to a ticket now. Whoever brings one along is told when to come by looking."""
        told = await self._desks[request.operation].fetch(ticket, deadline.left())
        return self._dialect.read(request, told) if self._dialect.is_there(request, told) else CityTicket(ticket)

    def _check(self, ticket: str) -> str:
        if not is_ticket(ticket):
            raise RuntimeError(f"{self._system} gave no such ticket")
        return ticket
