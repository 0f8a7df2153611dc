"""HTTP over mutual TLS to one system: requests in, whole answers or Refusals out.

Laws: one pool of connections a system; TLS 1.2 or later, both sides show a certificate, the server's name is checked; no
cookies, no redirects, no proxy from the environment, nothing unpacked; an answer is bounded in size and time; every foreign
exception ends here.
Standards: RFC 9110, RFC 9112; RFC 9325 section 3.1 for the TLS versions.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

from yarl import URL

from adapters.connectors.connection import BrokenAnswer, Connection, NoAnswer
from adapters.connectors.message import HttpRequest, HttpResponse
from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.connectors.streaming import StreamingConnection
from adapters.connectors.verdict import Unreached, timed_out
from gateway.model.refusal import Reason, Refusal, Unfinished

LARGEST_ANSWER: Final = 4 * 1024 * 1024
LARGEST_STREAM: Final = 384 * 1024 * 1024
"""Bytes of an answer that is read as it comes: a file of 256 MiB in Base64, and more."""
# Below the 60 seconds after which the usual servers drop an idle connection: a request must not meet one that is being closed.
_KEEP_ALIVE: Final = 15.0
_HTTPS: Final = 443
_CONTROL: Final = bytes([*range(0x20), 0x7F])
_FOREIGN: Final = (OSError, BrokenAnswer, NoAnswer)  # a TimeoutError is an OSError

_Protocol = TypeVar("_Protocol", bound=Connection)


class HttpClient:
    """The connections to one system. Raises SettingRefused when made of settings that no connection can be made with."""

    def __init__(self, settings: SystemSettings, largest_answer: int = LARGEST_ANSWER) -> None:
        url = _base(settings)
        self.system = settings.name
        self._host, self._port, self._path = str(url.host), url.port or _HTTPS, url.raw_path.rstrip("/")
        self._fixed = f"Host: {url.host_port_subcomponent}\r\nAccept-Encoding: identity\r\n"
        self._server_name = settings.server_name
        self._timeout = settings.timeout
        self._largest = largest_answer
        self._tls = _tls(settings)
        self._places = asyncio.Semaphore(settings.connections)
        self._idle: list[Connection] = []

    async def send(self, request: HttpRequest, seconds: float) -> HttpResponse:
        """Sends once; `seconds` and the system's own timeout bound the whole answer. Raises Refusal, blame COUNTERPARTY."""
        written, until = self._written(request), self._by(asyncio.get_running_loop().time() + seconds)
        # Not `_blamed`: a context manager made of a generator would cost every exchange some microseconds.
        try:
            return await self._exchange(written, until)
        except _FOREIGN as error:
            raise self._refusal(error) from None

    @asynccontextmanager
    async def stream(self, request: HttpRequest, seconds: float) -> AsyncIterator[tuple[HttpResponse, AsyncIterator[bytes]]]:
        """Sends once, on a connection of its own: the head, and the body as it comes. Raises as `send`.

        `seconds` bound the whole, and the system's own timeout the head and the wait for each piece of the body.
        """
        until = asyncio.get_running_loop().time() + seconds
        connection: StreamingConnection | None = None
        with self._blamed():
            await self._enter(self._by(until))
        try:
            with self._blamed():
                by = self._by(until)
                connection = await self._opened(lambda: StreamingConnection(LARGEST_STREAM), by)
                async with asyncio.timeout_at(by):
                    head = await connection.begin(self._written(request))
            yield head, self._pieces(connection, until)
        finally:
            self._places.release()
            if connection is not None:
                connection.abort()

    async def _pieces(self, connection: StreamingConnection, until: float) -> AsyncIterator[bytes]:
        while True:
            with self._blamed():
                async with asyncio.timeout_at(self._by(until)):
                    piece = await connection.read()
            if not piece:
                return
            yield piece

    def _by(self, until: float) -> float:
        """By when the system must have done its next step. Both in seconds of the loop."""
        return min(until, asyncio.get_running_loop().time() + self._timeout)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Whatever goes wrong within is a Refusal, blame COUNTERPARTY."""
        try:
            yield
        except _FOREIGN as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> Refusal:
        """What went wrong, blame COUNTERPARTY."""
        # The error's own text may quote the address, and so a token in it, or what the city wrote: it goes no further.
        if isinstance(error, TimeoutError):
            return timed_out(self.system)
        if isinstance(error, BrokenAnswer):
            rule = f"{self.system}: the HTTP answer is broken off, malformed or larger than allowed"
            return Unfinished(Reason.CITY_ANSWER_INVALID, rule)
        return Refusal(Reason.CITY_UNAVAILABLE, f"{self.system}: the connection broke ({type(error).__name__})")

    async def close(self) -> None:
        """Ends the connections. A later send opens them anew."""
        while self._idle:
            self._idle.pop().abort()

    async def _exchange(self, request: bytes, until: float) -> HttpResponse:
        await self._enter(until)
        try:
            connection = self._kept() or await self._opened(lambda: Connection(self._largest), until)
            answer = await connection.ask(request, until)
            if connection.usable:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
            else:
                connection.abort()
            return answer
        finally:
            self._places.release()

    async def _enter(self, until: float) -> None:
        """Into a place, at once or after a wait: only that takes a timeout."""
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            raise Unreached(Reason.CITY_TIMEOUT, f"{self.system}: no connection became free in time") from None

    def _kept(self) -> Connection | None:
        """A connection that is still good, the one used last first."""
        oldest = asyncio.get_running_loop().time() - _KEEP_ALIVE
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.idle_since > oldest and connection.silent:
                return connection
            connection.abort()
        return None

    async def _opened(self, make: Callable[[], _Protocol], until: float) -> _Protocol:
        """A connection, TLS included. Raises Unreached: of a question that waits for one nothing has left."""
        try:
            async with asyncio.timeout_at(until):
                _, connection = await asyncio.get_running_loop().create_connection(
                    make, self._host, self._port, ssl=self._tls, server_hostname=self._server_name
                )
        except TimeoutError:
            raise Unreached(Reason.CITY_TIMEOUT, f"{self.system}: no connection in time") from None
        except OSError as error:
            raise Unreached(Reason.CITY_UNAVAILABLE, f"{self.system}: no connection ({type(error).__name__})") from None
        return connection

    def _written(self, request: HttpRequest) -> bytes:
        """The request as bytes. A line break in it is a bug of the dialect, for it would begin another line or request."""
        lines = [f"{request.method} {self._path}{request.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        said = "".join(lines).encode("latin-1")
        if len(said.translate(None, _CONTROL)) != len(said):
            raise RuntimeError("a request's head holds a control character")
        head = "\r\n".join(lines)
        return f"{head}\r\n{self._fixed}Content-Length: {len(request.body)}\r\n\r\n".encode("latin-1") + request.body


def _base(settings: SystemSettings) -> URL:
    try:
        url = URL(settings.url)
    except ValueError:  # a host that is no name, such as one with a label of more than 63 signs
        url = URL()
    if url.scheme != "https" or not url.host or url.query_string or url.fragment or url.user:
        raise SettingRefused(settings.name, ("url",), "the url must be https://host[:port][/path] and nothing more")
    if settings.timeout <= 0 or settings.connections < 1:
        raise SettingRefused(settings.name, (), "the timeout must be above 0 seconds, and connections at least 1")
    return url


def _tls(settings: SystemSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=settings.authorities.decode("ascii"))
        # An empty passphrase, so that an encrypted key is an error and not a prompt.
        context.load_cert_chain(settings.certificate, settings.key, password="")
    except (OSError, ValueError) as error:
        what = f"authorities, certificate or key cannot be loaded ({type(error).__name__})"
        raise SettingRefused(settings.name, (), what) from error
    if not context.get_ca_certs():
        raise SettingRefused(settings.name, ("authorities",), "authorities hold no certificate of a CA")
    return context
