"""What every call on a city has besides its words: a stamp, a deadline, and for the plainest interfaces nothing more."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from adapters.connectors.greeting import Greeted, greeted
from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpRequest, HttpResponse
from adapters.connectors.signing import Stamp
from adapters.connectors.verdict import timed_out
from gateway.model.city import CityAnswer, CityRequest
from gateway.ports import Clock

_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Stamper:
    """Makes the stamp of each request."""

    clock: Clock
    entropy: Callable[[int], bytes] = field(repr=False)

    def stamp(self) -> Stamp:
        """The moment, and a nonce that was never used before."""
        return Stamp(self.clock.now(), self.entropy(_NONCE_BYTES).hex())


class Deadline:
    """The end of one exchange that takes several calls. Seconds of `monotonic`."""

    def __init__(self, system: str, monotonic: Callable[[], float], seconds: float) -> None:
        self._system = system
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left. Raises CITY_TIMEOUT when there are none."""
        left = self._ends - self._monotonic()
        if left <= 0:
            raise timed_out(self._system)
        return left


class PlainDialect(Protocol):
    """The dialect of an interface where one request and one answer are the whole exchange."""

    def compose(self, request: CityRequest, stamp: Stamp) -> HttpRequest:
        """The question on the wire."""
        ...

    def read(self, request: CityRequest, response: HttpResponse) -> CityAnswer:
        """The answer to that question. Raises Refusal with blame COUNTERPARTY for anything else."""
        ...


class PlainAdapter:
    """One system that is asked in one call (gateway.ports.CityAdapter)."""

    def __init__(self, http: HttpClient, dialect: PlainDialect, stamper: Stamper) -> None:
        self._http = http
        self._dialect = dialect
        self._stamper = stamper

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        """Asks once, within `seconds`. Raises Refusal with blame COUNTERPARTY."""
        composed = self._dialect.compose(request, self._stamper.stamp())
        return self._dialect.read(request, await self._http.send(composed, seconds))

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting)."""
        return await greeted(self._http, self._http.system, seconds)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()
