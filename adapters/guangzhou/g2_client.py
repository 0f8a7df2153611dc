"""G2's client: one signed call, no token that ends."""

from collections.abc import Callable

from adapters.connectors.calling import PlainAdapter, Stamper
from adapters.connectors.http import HttpClient
from adapters.connectors.settings import SystemSettings
from adapters.connectors.signing import Signer
from adapters.guangzhou.g2 import G2Dialect
from gateway.ports import Clock


def g2_adapter(settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> PlainAdapter:
    """Guangzhou's G2 behind these settings. Raises ValueError for settings that cannot serve."""
    dialect = G2Dialect(Signer(settings.credential("paasid"), settings.credential("token")))
    return PlainAdapter(HttpClient(settings), dialect, Stamper(clock, entropy))
