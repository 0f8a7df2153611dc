"""The certificates that a gateway has to do with, as the page shows them: what ends first in front, and a time line of the coming year.

Laws: read from the files at each look, beside the gateway; what cannot be read is said, and the rest is shown.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from certs import seen
from certs.inventory import Item, inventory
from gateway.config import Loaded
from gateway.config.files import Unreadable
from gateway.console.charts import Mark, Tick, ticks, timeline
from gateway.console.judging import HURRY_BELOW, RENEW_BELOW
from gateway.holdings import holdings

SPAN: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One row: `state` is good, renew or hurry, `days` how many are left, `mark` its place on the time line."""

    item: Item
    name: str
    state: str
    days: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Certificates:
    """All of them. `fault` names a text of gateway.console.words, empty where everything was read."""

    rows: tuple[Certificate, ...]
    ticks: tuple[Tick, ...]
    depth: int
    fault: str


def certificates(loaded: Loaded, now: datetime) -> Certificates:
    """Everything that can be read of them. Reads files: not on an event loop."""
    try:
        held = holdings(loaded)
        inventory(held, ())
    except (Unreadable, OSError, ValueError):
        return Certificates((), ticks(now, SPAN), 1, "certificates.unread")
    try:
        found, fault = inventory(held, seen.read(seen.beside(loaded.beside))), ""
    except (sqlite3.Error, OSError, ValueError):
        found, fault = inventory(held, ()), "certificates.seen-unread"
    marks = timeline(now, SPAN, [each.facts.not_after for each in found])
    rows = tuple(_row(each, mark, now) for each, mark in zip(found, marks, strict=True))
    return Certificates(rows, ticks(now, SPAN), max((each.row for each in marks), default=0) + 1, fault)


def lives(loaded: Loaded, now: datetime) -> tuple[float, ...]:
    """The part of its life that each certificate which we show has left; nothing where they cannot be read."""
    return _lives((each.item for each in certificates(loaded, now).rows), now)


def _lives(items: Iterable[Item], now: datetime) -> tuple[float, ...]:
    return tuple(each.facts.fraction_left(now) for each in items if each.ours)


def _row(item: Item, mark: Mark, now: datetime) -> Certificate:
    left = item.facts.fraction_left(now)
    state = "hurry" if left < HURRY_BELOW else "renew" if left < RENEW_BELOW else "good"
    return Certificate(
        item, item.facts.uri or item.facts.name or item.facts.fingerprint[:16], state, item.facts.left(now).days, mark
    )
