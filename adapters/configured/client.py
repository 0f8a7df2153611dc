"""Asks an interface that is described and not programmed (gateway.ports.CityAdapter), with a token for all callers where it lends one."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from adapters.configured.dialect import dialect
from adapters.connectors.calling import Deadline, Stamper
from adapters.connectors.greeting import Greeted, greeted
from adapters.connectors.http import HttpClient
from adapters.connectors.lease import Lease
from adapters.connectors.settings import SystemSettings
from adapters.connectors.token import SharedToken, with_token
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.interface import HttpSpec
from gateway.ports import Clock

_VECTOR_BYTES = 16
_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class ConfiguredAdapter:
    """One system over HTTP."""

    def __init__(self, spec: HttpSpec, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve."""
        self._dialect = dialect(settings.name, spec, settings.credentials)
        self._http = HttpClient(settings)
        self._system = settings.name
        self._clock = clock
        self._entropy = entropy
        self._stamper = Stamper(clock, entropy)
        self._timeout = settings.timeout
        lent = spec.login
        self._token = SharedToken(settings.name, self._login, clock.monotonic, lent.ahead) if lent else None

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        """Asks once, and once more where the city says that the token has ended. Raises Refusal, blame COUNTERPARTY."""
        deadline = Deadline(self._system, self._clock.monotonic, seconds)

        async def attempt(token: str) -> CityAnswer:
            stamp, vector = self._stamper.stamp(), self._entropy(_VECTOR_BYTES)
            composed = await self._run(self._dialect.compose, request, stamp, token, vector)
            response = await self._http.send(composed, deadline.left())
            return await self._run(self._dialect.read, request, stamp, response)

        if self._token is None:
            return await attempt("")
        return await with_token(self._token, deadline.left, attempt)

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting)."""
        return await greeted(self._http, self._system, seconds, self._login if self._token else None)

    async def close(self) -> None:
        """Ends its connections."""
        if self._token is not None:
            await self._token.close()
        await self._http.close()

    async def _login(self) -> Lease:
        stamp = self._stamper.stamp()
        response = await self._http.send(self._dialect.compose_login(stamp), self._timeout)
        return self._dialect.read_login(response, stamp.moment)

    async def _run(self, step: Callable[_Given, _Made], *args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        """In a thread where it takes its time, so that it holds nobody else up."""
        return await asyncio.to_thread(step, *args, **kwargs) if self._dialect.slow else step(*args, **kwargs)
