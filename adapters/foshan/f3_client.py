"""F3's client: one call; sealing and opening happen in a thread, so that SM2 holds nobody else up."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from adapters.connectors.calling import Deadline, Stamper
from adapters.connectors.greeting import Greeted, greeted
from adapters.connectors.http import HttpClient
from adapters.connectors.sealed import Sealer
from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.foshan.f3 import SYSTEM, F3Dialect
from adapters.guomi.sm2 import PrivateKey, PublicKey
from adapters.guomi.sm4 import BLOCK_BYTES, KEY_BYTES
from gateway.model.city import CityAnswer, CityRequest
from gateway.ports import Clock

_Key = TypeVar("_Key")


class F3Adapter:
    """Foshan's F3 (gateway.ports.CityAdapter)."""

    def __init__(self, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve, and on a machine without SM2."""
        sealer = Sealer(
            settings.credential("app_code"),
            _made(settings, "sm4_key", _cipher_key),
            _made(settings, "private_key", PrivateKey),
            _made(settings, "platform_key", PublicKey),
        )
        self._dialect = F3Dialect(sealer)
        self._http = HttpClient(settings)
        self._clock = clock
        self._entropy = entropy
        self._stamper = Stamper(clock, entropy)

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        """Asks once, within `seconds`. Raises Refusal, blame COUNTERPARTY."""
        deadline = Deadline(SYSTEM, self._clock.monotonic, seconds)
        stamp, vector = self._stamper.stamp(), self._entropy(BLOCK_BYTES)
        composed = await asyncio.to_thread(self._dialect.compose, request, stamp, vector)
        response = await self._http.send(composed, deadline.left())
        return await asyncio.to_thread(self._dialect.read, request, response, stamp)

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting)."""
        return await greeted(self._http, SYSTEM, seconds)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()


def _made(settings: SystemSettings, name: str, make: Callable[[bytes], _Key]) -> _Key:
    text = settings.credential(name)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    try:
        return make(key)
    except ValueError as error:
        # None of those that raise here quotes what it was given.
        raise SettingRefused(settings.name, ("credentials", name), f"the credential {name} does not serve: {error}") from None


def _cipher_key(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("an SM4 key has 32 hex digits")
    return key
