"""Which log of a configuration is meant: the one that is written, or one before it by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateway.config import Loaded, LogPlace


def place(loaded: Loaded, name: str | None) -> LogPlace:
    """The log, by name, place and keys; without a name the one that is written."""
    from gateway import storage

    known = {each.log: each for each in storage.places(loaded)}
    if name is not None and name not in known:
        raise click.UsageError(f"no log {name} is configured; there are: {', '.join(known)}")
    return known[name or loaded.settings.log]
