"""F4's client: tables alone."""

from collections.abc import Callable

from adapters.connectors.fronting import FrontAdapter
from adapters.connectors.settings import SystemSettings
from adapters.foshan.f4 import dialect
from gateway.ports import Clock


def f4_adapter(settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> FrontAdapter:
    """Foshan's F4 (gateway.ports.LateAdapter). Raises ValueError for settings that cannot serve."""
    return FrontAdapter(settings, dialect(settings.credential("account")), clock, entropy)
