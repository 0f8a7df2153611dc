"""An adapter for a described interface."""

from collections.abc import Callable

from adapters.configured.client import ConfiguredAdapter
from adapters.configured.tables import front_dialect
from adapters.connectors.fronting import FrontAdapter
from adapters.connectors.settings import SystemSettings
from gateway.model.interface import Interface
from gateway.ports import CityAdapter, Clock


def configured(interface: Interface, settings: SystemSettings, clock: Clock, entropy: Callable[[int], bytes]) -> CityAdapter:
    """What asks a system by this description. Raises ValueError, which quotes no credential, for settings that cannot serve."""
    if interface.http is not None:
        for name in sorted(interface.credentials):
            settings.credential(name)
        return ConfiguredAdapter(interface.http, settings, clock, entropy)
    tables = interface.tables or {}
    account = settings.credential("account") if any(each.account for each in tables.values()) else ""
    return FrontAdapter(settings, front_dialect(interface.name, tables, account), clock, entropy)
