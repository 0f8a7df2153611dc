"""What an auditor asks of the log: the entries of a span of time, or those of one exchange.

Laws: bounded, in what is asked, read and shown; nothing is asked but ids and times, so that no number of a person can come in; a page
tells where it ended.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from gateway.ledger.reading import Log, LoggedEntry
from gateway.model.exchange import EntryKind

ZONE: Final = timezone(timedelta(hours=8))
"""Both cities' time."""
ROWS: Final = 50
LONGEST: Final = timedelta(days=31)
MOST_READ: Final = 4096
"""Entries that one page may read."""
_AT_ONCE: Final = 512
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_INDEX: Final = re.compile(r"[0-9]{1,15}")
_FORMS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType({"id": _ID, "from": _MOMENT, "to": _MOMENT, "after": _INDEX})


class NotAsked(ValueError):  # noqa: N818  named for what is wrong
    """A search that cannot be made; the message is a text of gateway.console.words. What was typed is neither kept nor shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last`, going on after the entry with the index `after`, from the beginning where that is None."""

    first: datetime
    last: datetime
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that begins something - an exchange, a refusal, an act - and the one that ended it, if it is an exchange and has one."""

    begun: LoggedEntry
    ended: LoggedEntry | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """One page, oldest first; `after` is where the next one goes on, None where this is the last."""

    rows: tuple[Found, ...]
    after: int | None


def exchange_id(text: str) -> str:
    """The id that was typed. Raises NotAsked."""
    typed = text.strip().lower()
    if not _ID.fullmatch(typed):
        raise NotAsked("search.not-an-id")
    return typed


def reads_well(name: str, value: str) -> bool:
    """Whether a parameter of a search has the form that it should have."""
    return name in _FORMS and _FORMS[name].fullmatch(value) is not None


def span(first: str, last: str, after: str = "") -> Span:
    """The span that was typed, in both cities' time. Raises NotAsked."""
    begins, ends = _moment(first), _moment(last)
    if begins > ends:
        raise NotAsked("search.backwards")
    if ends - begins > LONGEST:
        raise NotAsked("search.too-long")
    if after and not _INDEX.fullmatch(after):
        raise NotAsked("search.not-a-page")
    return Span(begins, ends, int(after) if after else None)


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise NotAsked("search.not-a-time")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except ValueError:
        raise NotAsked("search.not-a-time") from None


def within(log: Log, wanted: Span, slack: timedelta) -> Rows:
    """What began within the span. Raises LogUnusable.

    An entry's own moment may be as much as `slack` earlier than its place in the log: that of a call's arrival, recorded when it is known
    whether it may be asked. So the search begins that much before, and goes on that much after.
    """
    after = wanted.after if wanted.after is not None else _before(log, wanted.first - slack)
    rows: list[Found] = []
    for _ in range(MOST_READ // _AT_ONCE):
        page = log.entries(after, _AT_ONCE)
        for each in page:
            if len(rows) == ROWS:
                return Rows(tuple(rows), after)
            after = each.index
            if each.entry.at > wanted.last + slack:
                return Rows(tuple(rows), None)
            if each.entry.kind is not EntryKind.OUTCOME and wanted.first <= each.entry.at <= wanted.last:
                rows.append(Found(each, _ending(log, each)))
        if len(page) < _AT_ONCE:
            return Rows(tuple(rows), None)
    return Rows(tuple(rows), after)


def _before(log: Log, moment: datetime) -> int:
    """The index before the first entry that is not older."""
    return bisect_left(range(log.size()), moment, key=log.moment) - 1


def _ending(log: Log, begun: LoggedEntry) -> LoggedEntry | None:
    if begun.entry.kind is not EntryKind.INTENT:
        return None
    ended = log.entries(begun.index, 1, exchange_id=begun.entry.exchange_id, kind=EntryKind.OUTCOME)
    return ended[0] if ended else None
