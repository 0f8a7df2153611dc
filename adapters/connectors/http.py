"""HTTP over mutual TLS to one system: requests in, whole answers or Refusals out.

Laws: one pool of connections a system; TLS 1.2 or later, both sides show a certificate, the server's name is checked; no
cookies, no redirects, no proxy from the environment, nothing unpacked; an answer is bounded in size and time; every foreign
exception ends here.
Standards: RFC 9110, RFC 9112; RFC 9325 section 3.1 for the TLS versions.
"""

import asyncio
import ssl

import aiohttp
from yarl import URL

from adapters.connectors.message import HttpRequest, HttpResponse
from adapters.connectors.settings import SystemSettings
from adapters.connectors.verdict import invalid, timed_out
from gateway.model.refusal import Reason, Refusal

LARGEST_ANSWER = 4 * 1024 * 1024
# Below the 60 seconds after which the usual servers drop an idle connection: a request must not meet one that is being closed.
_KEEP_ALIVE = 15.0
_UNBOUNDED = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_OWN_HEADERS = frozenset({"User-Agent", "Accept", "Content-Type"})


class HttpClient:
    """The connections to one system. Raises ValueError when made of settings that no connection can be made with."""

    def __init__(self, settings: SystemSettings, largest_answer: int = LARGEST_ANSWER) -> None:
        self._system = settings.name
        self._base = _base(settings)
        self._server_name = settings.server_name
        self._timeout = settings.timeout
        self._connections = settings.connections
        self._largest = largest_answer
        self._tls = _tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpRequest, seconds: float) -> HttpResponse:
        """Sends once; `seconds` and the system's own timeout bound the whole answer. Raises Refusal, blame COUNTERPARTY."""
        try:
            async with asyncio.timeout(min(seconds, self._timeout)):
                return await self._exchange(request)
        except TimeoutError:
            raise timed_out(self._system) from None
        # Their text may quote the address, and so a token in it, or what the city wrote: it goes no further.
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, UnicodeError):
            raise invalid(self._system, "the HTTP answer is broken off or malformed") from None
        except (aiohttp.ClientError, OSError) as error:
            told = f"{self._system}: no connection, or it broke ({type(error).__name__})"
            raise Refusal(Reason.CITY_UNAVAILABLE, told) from None

    async def close(self) -> None:
        """Ends the connections. A later send opens them anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        session = self._session or self._open()
        async with session.request(
            request.method,
            URL(self._base + request.path, encoded=True),
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
            server_hostname=self._server_name,
        ) as response:
            return HttpResponse(response.status, response.headers, await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, size = [], response.content_length or 0
        if size <= self._largest:
            size = 0
            async for piece in response.content.iter_any():
                size += len(piece)
                if size > self._largest:
                    break
                pieces.append(piece)
        if size > self._largest:
            response.close()
            raise invalid(self._system, "the HTTP answer is larger than allowed")
        return b"".join(pieces)

    def _open(self) -> aiohttp.ClientSession:
        # Made at the first request, because aiohttp binds it to the running event loop.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=self._connections, keepalive_timeout=_KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_UNBOUNDED,
            headers={"Accept-Encoding": "identity"},
            skip_auto_headers=_OWN_HEADERS,
            auto_decompress=False,
            trust_env=False,
        )
        return self._session


def _base(settings: SystemSettings) -> str:
    url = URL(settings.url)
    if url.scheme != "https" or not url.host or url.query_string or url.fragment or url.user:
        message = f"{settings.name}: the url must be https://host[:port][/path] and nothing more"
        raise ValueError(message)
    if settings.timeout <= 0 or settings.connections < 1:
        message = f"{settings.name}: the timeout must be above 0 seconds, and connections at least 1"
        raise ValueError(message)
    return str(url).rstrip("/")


def _tls(settings: SystemSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=settings.authorities.decode("ascii"))
        # An empty passphrase, so that an encrypted key is an error and not a prompt.
        context.load_cert_chain(settings.certificate, settings.key, password="")
    except (OSError, ValueError) as error:
        message = f"{settings.name}: authorities, certificate or key cannot be loaded ({type(error).__name__})"
        raise ValueError(message) from error
    if not context.get_ca_certs():
        message = f"{settings.name}: authorities hold no certificate of a CA"
        raise ValueError(message)
    return context
