"""The only reader of files and environment: gateway.yaml and all it names, into one frozen value.

Laws: unknown keys are refused; nothing is coerced or guessed; a secret is a reference; every problem of every file is told
at once, with `file:line:column` and what to do.
"""

from gateway.config.certificate_sections import OcspSettings
from gateway.config.effective import Row, effective
from gateway.config.loading import Loaded, Survey, load, survey, survey_tables
from gateway.config.material import (
    ConsoleMaterial,
    DatabaseMaterial,
    LogPlace,
    RevocationList,
    ServerMaterial,
    System,
    WitnessMaterial,
)
from gateway.config.places import followed, generations, moved
from gateway.config.problem import ConfigError, Problem
from gateway.config.settings import Settings
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
    "RevocationList",
    "Row",
    "ServerMaterial",
    "Settings",
    "Survey",
    "System",
    "WitnessMaterial",
    "effective",
    "followed",
    "generations",
    "load",
    "moved",
    "survey",
    "survey_tables",
]
