"""F3's client: what it asks is answered, and SM2 is never computed on the event loop's thread."""

import threading
from collections.abc import Callable
from typing import Any

from adapters.connectors.message import HttpRequest, HttpResponse
from adapters.connectors.settings import SystemSettings
from adapters.connectors.signing import Stamp
from adapters.foshan.f3 import F3Dialect
from adapters.foshan.f3_client import F3Adapter
from gateway.clock import SystemClock, entropy
from gateway.model.city import CityAnswer, CityRequest
from tests.adapters.asking import question


async def test_sealing_and_opening_leave_the_loop_alone(foshan: Any, settings_of: Callable[..., SystemSettings]) -> None:
    threads: list[int] = []

    class Watched(F3Dialect):
        def compose(self, request: CityRequest, stamp: Stamp, vector: bytes) -> HttpRequest:
            threads.append(threading.get_ident())
            return super().compose(request, stamp, vector)

        def read(self, request: CityRequest, response: HttpResponse, stamp: Stamp) -> CityAnswer:
            threads.append(threading.get_ident())
            return super().read(request, response, stamp)

    adapter = F3Adapter(settings_of("foshan.f3", foshan.url), SystemClock(), entropy)
    adapter._dialect = Watched(adapter._dialect.sealer)
    try:
        answer = await adapter.ask(question("foshan", "medical-insurance-statement", 0), 10.0)
    finally:
        await adapter.close()
    assert len(answer.records) == 1
    assert len(threads) == 2
    assert threading.get_ident() not in threads
