"""F2's client: a secret that is lent for hours and refreshed for all callers at once, and one call."""

from collections.abc import Callable

from adapters.connectors.calling import Deadline, Stamper
from adapters.connectors.greeting import Greeted, greeted
from adapters.connectors.http import HttpClient
from adapters.connectors.lease import Lease
from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.connectors.token import SharedToken, with_token
from adapters.foshan.f2 import SYSTEM, F2Dialect
from gateway.model.city import CityAnswer, CityRequest
from gateway.ports import Clock

_KEY_BYTES = 16


class F2Adapter:
    """Foshan's F2 (gateway.ports.CityAdapter)."""

    def __init__(self, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve."""
        self._dialect = F2Dialect(settings.credential("sid"), settings.credential("app_secret"), _key(settings))
        self._http = HttpClient(settings)
        self._clock = clock
        self._stamper = Stamper(clock, entropy)
        self._timeout = settings.timeout
        self._secret = SharedToken(SYSTEM, self._refresh, clock.monotonic)

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        """Asks once, and once more where the city says that the secret has ended. Raises Refusal, blame COUNTERPARTY."""
        deadline = Deadline(SYSTEM, self._clock.monotonic, seconds)

        async def attempt(secret: str) -> CityAnswer:
            composed = self._dialect.compose(request, self._stamper.stamp(), secret)
            return self._dialect.read(request, await self._http.send(composed, deadline.left()))

        return await with_token(self._secret, deadline.left, attempt)

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting)."""
        return await greeted(self._http, SYSTEM, seconds, self._refresh)

    async def close(self) -> None:
        """Ends its connections."""
        await self._secret.close()
        await self._http.close()

    async def _refresh(self) -> Lease:
        stamp = self._stamper.stamp()
        return self._dialect.read_refresh(
            await self._http.send(self._dialect.compose_refresh(stamp), self._timeout), stamp.moment
        )


def _key(settings: SystemSettings) -> bytes:
    try:
        key = bytes.fromhex(settings.credential("aes_key"))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        what = "the credential aes_key is missing or not 32 hex digits"
        raise SettingRefused(settings.name, ("credentials", "aes_key"), what)
    return key
