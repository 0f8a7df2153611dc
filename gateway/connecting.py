"""What asks each city's system: a programmed adapter by its name, or one made of a description; and what keeps it from being made."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.configured.making import configured
from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.registry import CONNECTORS, CREDENTIALS, FILES, OPERATIONS
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, Problem, Program, System, placed
from gateway.ports import CityAdapter, Clock

PROGRAMS: Final[Mapping[str, Program]] = MappingProxyType(
    {name: Program(CREDENTIALS[name], OPERATIONS[name], name in FILES) for name in CONNECTORS}
)
"""The adapters of the program, as the configuration is held against them."""


def connector(system: System, clock: Clock) -> CityAdapter:
    """What asks this system, without a guard before it. Raises ValueError for settings that no connection can be made with."""
    if system.interface is not None:
        return configured(system.interface, _settings(system), clock, entropy)
    return CONNECTORS[system.name](_settings(system), clock, entropy)


def problems(loaded: Loaded) -> tuple[Problem, ...]:
    """What keeps the configured systems from being asked, though each part of the configuration reads well.

    Makes what asks each of them, which connects to nothing, and closes it again. Blocks, and has an event loop of its own.
    """
    return asyncio.run(_tried(loaded))


async def _tried(loaded: Loaded) -> tuple[Problem, ...]:
    found = []
    for at, system in placed(loaded.settings):
        try:
            await connector(loaded.systems[system.connector], SystemClock()).close()
        except ValueError as error:
            key, what = (error.key, error.what) if isinstance(error, SettingRefused) else ((), str(error))
            found.append(loaded.document.problem((*at, *key), what, _MEND.get(key[:1], "")))
    return tuple(found)


_MEND: Final[Mapping[tuple[str, ...], str]] = MappingProxyType(
    {("credentials",): "see what the file or variable holds", ("url",): "correct the address"}
)


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
