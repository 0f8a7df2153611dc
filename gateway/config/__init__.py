"""The only reader of files and environment: gateway.yaml and all it names, into one frozen value.

Laws: unknown keys are refused; nothing is coerced or guessed; a secret is a reference; every problem of every file is told
at once, with `file:line:column` and what to do. A part is imported when somebody asks for it: most commands read files and no
configuration, and need not wait for what reads one.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gateway.config.certificate_sections import OcspSettings
    from gateway.config.known import Program
    from gateway.config.loading import Loaded, Survey, load, survey, survey_tables
    from gateway.config.log_material import DatabaseMaterial, LogPlace, WitnessMaterial
    from gateway.config.material import ConsoleMaterial, RevocationList, ServerMaterial, System
    from gateway.config.places import followed, generations, moved
    from gateway.config.problem import ConfigError, Problem
    from gateway.config.settings import Settings
    from gateway.config.system_checks import placed
    from gateway.config.tables import Coverage

__all__ = [
    "ConfigError",
    "ConsoleMaterial",
    "Coverage",
    "DatabaseMaterial",
    "Loaded",
    "LogPlace",
    "OcspSettings",
    "Problem",
    "Program",
    "RevocationList",
    "ServerMaterial",
    "Settings",
    "Survey",
    "System",
    "WitnessMaterial",
    "followed",
    "generations",
    "load",
    "moved",
    "placed",
    "survey",
    "survey_tables",
]

_PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "certificate_sections": ("OcspSettings",),
        "known": ("Program",),
        "loading": ("Loaded", "Survey", "load", "survey", "survey_tables"),
        "log_material": ("DatabaseMaterial", "LogPlace", "WitnessMaterial"),
        "places": ("followed", "generations", "moved"),
        "problem": ("ConfigError", "Problem"),
        "settings": ("Settings",),
        "system_checks": ("placed",),
        "tables": ("Coverage",),
    }
)
"""Where each name is at home; all others in `material`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    part = next((part for part, names in _PARTS.items() if name in names), "material")
    found = globals()[name] = getattr(import_module(f"{__name__}.{part}"), name)
    return found
