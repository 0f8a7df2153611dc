"""Files of a log as a server gives them, whoever runs it.

Laws: an answer is read up to a limit and a time; no redirect is followed, nothing is unpacked, no proxy or cookie of the environment is
used; https, or http on a loopback address; a file that is not there is None, and whatever else goes wrong is LogUnusable.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from ipaddress import ip_address
from types import MappingProxyType, TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from gateway.ledger.fetching import Wanted, bounded
from gateway.ledger.records import LogUnusable

SECONDS: Final = 30.0
"""That a server has for one file."""

_AT_ONCE: Final = 8
_ABSENT: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Site:
    """gateway.ledger.fetching.Fetch on a server. For a thread in which no event loop runs; a context manager."""

    def __init__(self, address: str, trust: ssl.SSLContext | None = None, seconds: float = SECONDS) -> None:
        """`trust` for https, the system's authorities if None. Raises LogUnusable for an address that is not safe."""
        self._address = f"{_safe(address)}/"
        self._trust = trust
        self._seconds = seconds
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None

    def __call__(self, wanted: Sequence[Wanted]) -> Sequence[bytes | None]:
        """As the protocol says."""
        return self._runner.run(self._all(wanted))

    def close(self) -> None:
        """As the protocol says."""
        if self._session is not None:
            self._runner.run(self._session.close())
            self._session = None
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def _all(self, wanted: Sequence[Wanted]) -> Sequence[bytes | None]:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._trust or True, limit=_AT_ONCE)
            timeout = aiohttp.ClientTimeout(total=self._seconds)
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar, auto_decompress=False)
        # Each has its time from when it is sent, so no more are sent than connections are.
        found: list[bytes | None] = []
        for first in range(0, len(wanted), _AT_ONCE):
            found += await asyncio.gather(*(self._one(self._session, each) for each in wanted[first : first + _AT_ONCE]))
        return found

    async def _one(self, session: aiohttp.ClientSession, wanted: Wanted) -> bytes | None:
        url, headers = self._address + wanted.path, {"Accept-Encoding": "identity"}
        try:
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in _ABSENT:
                    return None
                if response.status != HTTPStatus.OK or response.headers.get("Content-Encoding", "identity") != "identity":
                    raise LogUnusable(f"{url} is answered with HTTP status {response.status}{_ADVICE.get(response.status, '')}")
                return await _read(response.content, wanted)
        except TimeoutError as error:
            raise LogUnusable(f"{url} is not answered within {self._seconds:.0f} s: try again, or ask who runs it") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LogUnusable(f"{url} cannot be read: {error or type(error).__name__}") from error


_ADVICE: Final[Mapping[int, str]] = MappingProxyType(
    {
        403: ": show a certificate that may read it, an auditor's for entries, or verify with --hashes-only",
        503: ": try again later",
    }
)


async def _read(content: aiohttp.StreamReader, wanted: Wanted) -> bytes:
    try:
        found = await content.readexactly(wanted.most + 1)
    except asyncio.IncompleteReadError as whole:
        found = whole.partial
    return bounded(found, wanted)


def _safe(address: str) -> str:
    """The address without its last stroke. Raises LogUnusable."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise LogUnusable(f"{address} is no address: write https://HOST[:PORT][/PATH]") from None
    if not host or parts.query or parts.fragment or parts.username:
        raise LogUnusable(f"{address} is no address: write https://HOST[:PORT][/PATH]")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise LogUnusable(f"{address}: a log is read over https, or over http on a loopback address")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
