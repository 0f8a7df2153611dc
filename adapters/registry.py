"""Which systems of which cities can be asked, by adapter name: how each is made, what it must be given, and what it can be asked.

Laws: a name is `<city>.<interface>`, as tables and the configuration write it; names are append-only.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from adapters.connectors.settings import SystemSettings
from adapters.foshan import f1, f2, f3, f4
from adapters.foshan.f1_client import F1Adapter
from adapters.foshan.f2_client import F2Adapter
from adapters.foshan.f3_client import F3Adapter
from adapters.foshan.f4_client import f4_adapter
from adapters.guangzhou import g1, g2, g3
from adapters.guangzhou.g1_client import G1Adapter
from adapters.guangzhou.g2_client import g2_adapter
from adapters.guangzhou.g3_client import g3_adapter
from gateway.ports import CityAdapter, Clock

Factory = Callable[[SystemSettings, Clock, Callable[[int], bytes]], CityAdapter]

CONNECTORS: Mapping[str, Factory] = MappingProxyType(
    {
        g1.SYSTEM: G1Adapter,
        g2.SYSTEM: g2_adapter,
        g3.SYSTEM: g3_adapter,
        f1.SYSTEM: F1Adapter,
        f2.SYSTEM: F2Adapter,
        f3.SYSTEM: F3Adapter,
        f4.SYSTEM: f4_adapter,
    }
)

_ALL = (g1, g2, g3, f1, f2, f3, f4)

CREDENTIALS: Mapping[str, frozenset[str]] = MappingProxyType({each.SYSTEM: each.CREDENTIALS for each in _ALL})

OPERATIONS: Mapping[str, frozenset[str]] = MappingProxyType({each.SYSTEM: each.OPERATIONS for each in _ALL})

FILES: frozenset[str] = frozenset({g1.SYSTEM, f1.SYSTEM})
"""Those that give files (gateway.ports.FileSource)."""
