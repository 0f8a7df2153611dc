"""F1's client: one call, no token that ends; and a file, cut out of its answer as it comes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapters.connectors.calling import PlainAdapter, Stamper
from adapters.connectors.cutting import Cutter
from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpResponse, accepted_body
from adapters.connectors.settings import SystemSettings
from adapters.foshan.f1 import DOWNLOAD, FILE_MARKER, SYSTEM, F1Dialect
from gateway.model.city import CityFile, CityRequest
from gateway.ports import Clock


class F1Adapter(PlainAdapter):
    """Foshan's F1 (gateway.ports.CityAdapter, FileSource)."""

    def __init__(self, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        """Raises ValueError for settings that cannot serve."""
        self._files = HttpClient(settings)
        self._f1 = F1Dialect(settings.credential("access_id"), settings.credential("access_token"))
        super().__init__(self._files, self._f1, Stamper(clock, entropy))

    @asynccontextmanager
    async def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """As the port says."""
        async with self._files.stream(self._f1.compose_download(request, file), seconds) as (head, body):
            yield self._cut(head, body)

    async def _cut(self, head: HttpResponse, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        accepted_body(head, f"{SYSTEM} {DOWNLOAD}")
        cutter = Cutter(FILE_MARKER, f"{SYSTEM} {DOWNLOAD}")
        async for piece in body:
            if decoded := cutter.feed(piece):
                yield decoded
        self._f1.read_download(head, cutter.envelope)
