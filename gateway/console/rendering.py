"""Pages as HTML: templates, and how values are written.

Laws: everything is escaped; a value that a template asks for and does not get is a fault, never an empty place; nothing inline that the
pages' own Content-Security-Policy forbids.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.console.searching import ZONE

FOLDER: Final = Path(__file__).parent
_MINUTE, _HOUR = 60.0, 3600.0


def environment() -> Environment:
    """The templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=lambda value: f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        clock=lambda value: f"{value.astimezone(ZONE):%H:%M}",
        day=lambda value: f"{value.astimezone(ZONE):%Y-%m-%d}",
        month=lambda value: f"{value:%m}" if value.month > 1 else f"{value:%Y-%m}",
        iso=_iso,
        rate=lambda value: f"{value:.2f}",
        figure=lambda value: f"{value:g}",
        milliseconds=lambda value: "—" if math.isnan(value) else f"{value * 1000:.0f}",
        age=_age,
    )
    return made


def render(made: Environment, template: str, values: Mapping[str, object]) -> str:
    """One page."""
    return made.get_template(template).render(values)


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")


def _age(seconds: float) -> str:
    if math.isinf(seconds):
        return "∞"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
