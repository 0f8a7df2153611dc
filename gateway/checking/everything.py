"""All categories, in their order."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path

from gateway.checking import files
from gateway.checking.cities import cities
from gateway.checking.ledger import ledger
from gateway.checking.line import Category, Line, State
from gateway.checking.responders import responders
from gateway.checking.running import running
from gateway.config import ConfigError, Loaded, load
from gateway.config.files import Unreadable
from gateway.connecting import PROGRAMS
from gateway.ports import Clock


async def everything(path: Path, environment: Mapping[str, str], metrics: str, clock: Clock) -> tuple[Line, ...]:
    """Every line. `metrics` is the address of a gateway that runs, or empty; `path` that of a gateway.yaml."""
    try:
        loaded = await asyncio.to_thread(load, path, environment, programs=PROGRAMS)
    except ConfigError as error:
        return tuple(files.unread(error.problems))
    asked = asyncio.gather(responders(loaded, clock), cities(loaded, clock))
    lines = [*await asyncio.to_thread(_read, loaded, metrics, clock), *chain(*await asked)]
    order = list(Category)
    return tuple(sorted(lines, key=lambda each: order.index(each.category)))


def _read(loaded: Loaded, metrics: str, clock: Clock) -> list[Line]:
    """What files and this machine tell. Blocks."""
    now = clock.now()
    looks: tuple[tuple[Category, Callable[[], Iterable[Line]]], ...] = (
        (Category.CONFIGURATION, lambda: files.configuration(loaded)),
        (Category.TABLES, lambda: files.tables(loaded)),
        (Category.CERTIFICATES, lambda: files.material(loaded, now)),
        (Category.RIGHTS, lambda: files.records(loaded)),
        (Category.LEDGER, lambda: ledger(loaded, now)),
        (Category.LIMITS, lambda: files.limits(loaded)),
        (Category.GATEWAY, lambda: running(loaded, metrics)),
    )
    return [line for category, look in looks for line in _looked(category, look)]


def _looked(category: Category, look: Callable[[], Iterable[Line]]) -> list[Line]:
    """One category; a file that cannot be read is a line of its own, and the others are looked at all the same."""
    try:
        return list(look())
    except Unreadable as error:
        told = (error.message, error.hint)
        return [Line(category, category.value, State.FAILED, "file-unreadable", *told, *told, "docs/configuration.md#references")]
    except OSError as error:
        told = (f"{error.filename}: {error.strerror}", "see that the file is there and that this user may read it")
        return [Line(category, category.value, State.FAILED, "file-unreadable", *told, *told, "docs/configuration.md#references")]
