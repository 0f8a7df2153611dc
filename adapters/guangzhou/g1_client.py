"""G1's client: logs in once for all callers, asks which licences there are, and fetches each by its code; a file by a code of its own.

Laws: whatever is fetched is named by a code that the licence platform itself gave a moment ago; no address that it may write is followed.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.connectors.calling import Deadline, Stamper
from adapters.connectors.cutting import Cutter
from adapters.connectors.greeting import Greeted, greeted
from adapters.connectors.http import HttpClient
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpResponse, accepted_body
from adapters.connectors.settings import SystemSettings
from adapters.connectors.token import SharedToken, with_token
from adapters.connectors.verdict import invalid, once_asked
from adapters.guangzhou.g1 import FILE_MARKER, SYSTEM, G1Dialect, answer_of
from gateway.model.city import CityAnswer, CityFile, CityRequest
from gateway.ports import Clock


class G1Adapter:
    """Guangzhou's G1 (gateway.ports.CityAdapter, FileSource)."""

    def __init__(self, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve."""
        self._dialect = G1Dialect(
            app_key=settings.credential("app_key"),
            app_secret=settings.credential("app_secret"),
            account=settings.credential("account"),
            password=settings.credential("password"),
            org_code=settings.credential("org_code"),
        )
        self._http = HttpClient(settings)
        self._clock = clock
        self._stamper = Stamper(clock, entropy)
        self._timeout = settings.timeout
        self._token = SharedToken(SYSTEM, self._login, clock.monotonic)

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer:
        """Asks once, and once more where the city says that the token has ended. Raises Refusal, blame COUNTERPARTY."""
        deadline = Deadline(SYSTEM, self._clock.monotonic, seconds)

        async def attempt(token: str) -> CityAnswer:
            return await self._attempt(request, token, deadline)

        return await with_token(self._token, deadline.left, attempt)

    @asynccontextmanager
    async def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """As the port says. Where the token has ended before the first byte, it begins once more with a new one."""
        deadline = Deadline(SYSTEM, self._clock.monotonic, seconds)
        async with AsyncExitStack() as open_:

            async def attempt(token: str) -> AsyncIterator[bytes]:
                async with AsyncExitStack() as opening:
                    pieces = await self._begun(opening, request, file, token, deadline)
                    open_.push_async_exit(opening.pop_all())
                return pieces

            yield await with_token(self._token, deadline.left, attempt)

    async def greet(self, seconds: float) -> Greeted:
        """The connection test (adapters.connectors.greeting)."""
        return await greeted(self._http, SYSTEM, seconds, self._login)

    async def close(self) -> None:
        """Ends its connections."""
        await self._token.close()
        await self._http.close()

    async def _attempt(self, request: CityRequest, token: str, deadline: Deadline) -> CityAnswer:
        """From the question to the licences. All of it is repeated with a new token, for the codes of the first may be spent."""
        stamp = self._stamper.stamp()
        asked = await self._http.send(self._dialect.compose_auth(request, stamp, token), deadline.left())
        codes = self._dialect.read_auth(stamp, asked)
        fetched = []
        with once_asked():
            for code in codes:
                response = await self._http.send(self._dialect.compose_fetch(code, token), deadline.left())
                fetched.append(self._dialect.read_fetch(request, code, response))
        return answer_of(tuple(fetched), files=request.files)

    async def _begun(
        self, opening: AsyncExitStack, request: CityRequest, file: CityFile, token: str, deadline: Deadline
    ) -> AsyncIterator[bytes]:
        """The file's bytes, once the first of them are there. Its stream is open in `opening`."""
        stamp = self._stamper.stamp()
        granted = await self._http.send(self._dialect.compose_auth(request, stamp, token), deadline.left())
        code = self._dialect.read_grant(stamp, file, granted)
        asked = self._dialect.compose_archive(file, code, token)
        with once_asked():
            head, body = await opening.enter_async_context(self._http.stream(asked, deadline.left()))
        accepted_body(head, f"{SYSTEM} archive")
        cutter = Cutter(FILE_MARKER, f"{SYSTEM} archive")
        async for piece in body:
            first = cutter.feed(piece)
            if cutter.found:
                return self._rest(file, first, head, body, cutter)
        self._dialect.read_archive(file, head, cutter.envelope)
        raise invalid(f"{SYSTEM} archive file_data", "is missing")

    async def _rest(
        self, file: CityFile, first: bytes, head: HttpResponse, body: AsyncIterator[bytes], cutter: Cutter
    ) -> AsyncIterator[bytes]:
        if first:
            yield first
        async for piece in body:
            if decoded := cutter.feed(piece):
                yield decoded
        self._dialect.read_archive(file, head, cutter.envelope)

    async def _login(self) -> Lease:
        return self._dialect.read_login(await self._http.send(self._dialect.compose_login(), self._timeout))
