"""In which language a command speaks to people: --lang, or else that of the locale."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

ZH: Final = "zh"
EN: Final = "en"


def of_locale(environment: Mapping[str, str]) -> str:
    """Chinese where the locale says so (POSIX: LC_ALL before LC_MESSAGES before LANG), else English."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return ZH if said.lower().startswith(ZH) else EN


def _chosen(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    return value or of_locale(os.environ)


lang: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--lang", type=click.Choice([ZH, EN]), callback=_chosen, help="Chinese or English; without it, by your locale."
)
