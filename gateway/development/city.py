"""A city's simulator from outside: what it was asked and answered, and a fault on request."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from certs.development import KeyPair

_END = 1 << 62
"""A number that no exchange reaches: nothing is newer."""


@dataclass(frozen=True, slots=True)
class City:
    """One simulator, reached with the gateway's own certificate."""

    url: str
    pair: KeyPair
    authority: Path

    async def last(self) -> int:
        """Number of the newest exchange on its tape, 0 where there is none."""
        return int((await self._call("GET", f"/_simulator/tape?after={_END}"))["last"])

    async def tape(self, after: int) -> list[dict[str, Any]]:
        """What it was asked and answered since, oldest first."""
        found: list[dict[str, Any]] = (await self._call("GET", f"/_simulator/tape?after={after}"))["entries"]
        return found

    async def break_(self, interface: str, fault: str, times: int, **further: Any) -> None:
        """Arms a fault; below zero times is for ever."""
        await self._call("POST", "/_simulator/faults", {"interface": interface, "fault": fault, "times": times, **further})

    async def mend(self) -> None:
        """Takes every fault back."""
        await self._call("DELETE", "/_simulator/faults")

    async def shown(self, type_code: str, holder: str, **further: Any) -> str:
        """A code that this holder shows of their e-licence, as the city's app makes it (docs/interfaces/foshan.md, F1.11)."""
        wanted = {"certTypeCode": type_code, "holderCode": holder, **further}
        return str((await self._call("POST", "/CertShare/wallet/codes", wanted))["qrCode"])

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A connection for what is asked within."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), raise_for_status=True) as made:
            yield made

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.session() as session, session.request(method, self.url + path, json=body) as response:
            return await response.json() if response.content_type == "application/json" else None
