"""G3's client: one signed call, no token that ends."""

from collections.abc import Callable

from adapters.connectors.calling import PlainAdapter, Stamper
from adapters.connectors.http import HttpClient
from adapters.connectors.settings import SystemSettings
from adapters.connectors.signing import Signer
from adapters.guangzhou.g3 import G3Dialect
from gateway.ports import Clock


def g3_adapter(settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> PlainAdapter:
    """Guangzhou's G3 behind these settings. Raises ValueError for settings that cannot serve."""
    dialect = G3Dialect(Signer(settings.credential("paasid"), settings.credential("token")))
    return PlainAdapter(HttpClient(settings), dialect, Stamper(clock, entropy))
