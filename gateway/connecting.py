"""What asks each city's system: a programmed adapter by its name, or one made of a description; and what keeps it from being made.

Law: a description never takes the place of a programmed adapter.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from adapters.configured.making import configured
from adapters.connectors.settings import SystemSettings
from adapters.registry import CONNECTORS, CREDENTIALS, FILES, OPERATIONS
from gateway.clock import entropy
from gateway.config import Loaded, System
from gateway.model.interface import Family
from gateway.ports import CityAdapter, Clock

_FILE: Final = "sqlite"
_DATABASES: Final = frozenset({"postgresql", _FILE})


def connector(system: System, clock: Clock) -> CityAdapter:
    """What asks this system, without a guard before it. Raises ValueError for settings that no connection can be made with."""
    if system.interface is not None:
        return configured(system.interface, _settings(system), clock, entropy)
    return CONNECTORS[system.name](_settings(system), clock, entropy)


def problems(loaded: Loaded) -> Iterator[str]:
    """What keeps the configured systems from being asked, though each part of the configuration reads well."""
    for text in loaded.interfaces:
        if text.interface.name in CONNECTORS:
            place = text.document.place(("interface",))
            yield f"{place}: {text.interface.name} is the name of an adapter of the program; give the interface another name"
    for system in loaded.systems.values():
        if system.interface is None and system.name not in CONNECTORS:
            described = sorted(text.interface.name for text in loaded.interfaces)
            yield f"no connector {system.name}; there are {', '.join([*sorted(CONNECTORS), *described])}"
        else:
            yield from _credentials(system)
            yield from _address(system)
    yield from _operations(loaded)


def _credentials(system: System) -> Iterator[str]:
    wanted, given = _wanted(system), frozenset(system.credentials)
    for name in sorted(wanted - given):
        yield f"{system.name}: the credential {name} is missing; name a file or variable for it"
    for name in sorted(given - wanted):
        yield f"{system.name}: takes no credential {name}; it takes {', '.join(sorted(wanted)) or 'none'}"


def _wanted(system: System) -> frozenset[str]:
    if system.interface is None:
        return CREDENTIALS[system.name]
    if _scheme(system) == _FILE:
        # Nobody logs in to a file; an account is only what a column of the requests may hold.
        return frozenset({"account"} if any(each.account for each in (system.interface.tables or {}).values()) else ())
    return system.interface.credentials


def _address(system: System) -> Iterator[str]:
    if system.interface is None or (system.interface.family is Family.TABLES) is (_scheme(system) in _DATABASES):
        return
    form = "postgresql://host:port/database or sqlite:///path" if system.interface.tables else "https://host:port"
    yield f"{system.name}: its interface is of the family {system.interface.family}; write its url as {form}"


def _scheme(system: System) -> str:
    return urlsplit(system.url).scheme


def _operations(loaded: Loaded) -> Iterator[str]:
    """Tables that ask what a programmed adapter has not; those of described interfaces were held against them with their place."""
    for table in loaded.world.tables.values():
        what = f"table {table.type.alias} of {table.region}: {table.system}"
        for operation in table.operations:
            if table.system in OPERATIONS and operation not in OPERATIONS[table.system]:
                yield f"{what} has no operation {operation}; it has {', '.join(sorted(OPERATIONS[table.system]))}"
        if table.files and table.system in OPERATIONS and table.system not in FILES:
            yield f"{what} gives no files; take `files` out"


def _settings(system: System) -> SystemSettings:
    return SystemSettings(
        name=system.name,
        url=system.url,
        server_name=system.server_name,
        authorities=system.authorities,
        certificate=system.certificate,
        key=system.key,
        timeout=system.timeout,
        connections=system.connections,
        credentials=system.credentials,
        authorities_file=system.authorities_file,
    )
