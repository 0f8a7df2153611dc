"""F1's client: one call, no token that ends."""

from collections.abc import Callable

from adapters.connectors.calling import PlainAdapter, Stamper
from adapters.connectors.http import HttpClient
from adapters.connectors.settings import SystemSettings
from adapters.foshan.f1 import F1Dialect
from gateway.ports import Clock


def f1_adapter(settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> PlainAdapter:
    """Foshan's F1 behind these settings. Raises ValueError for settings that cannot serve."""
    dialect = F1Dialect(settings.credential("access_id"), settings.credential("access_token"))
    return PlainAdapter(HttpClient(settings), dialect, Stamper(clock, entropy))
