"""A page of the evidence log for people: exchange ids whole, so that `ledger show` takes them, and where the other entries are.

Law: a terminal that is too narrow is shown fewer columns, never a part of an id; a pipe is shown all of them, an entry a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.cli import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from gateway.ledger.reading import LoggedEntry, PurgedEntry

LIMIT: Final = 50
_COLUMNS: Final = ("index", "at (UTC)", "kind", "exchange", "region", "department", "result")
_DISPENSABLE: Final = frozenset({"region", "department"})
"""`ledger show` has them."""
_ROOM: Final = 1000
"""More than a line of it ever takes."""
_NARROWEST: Final = 80
"""What is narrower breaks the lines itself."""


def newest(size: int, limit: int) -> int:
    """The index after which the newest entries of a log of this size stand."""
    return max(size - limit, 0) - 1


def tell(found: Sequence[LoggedEntry | PurgedEntry]) -> None:
    """The entries, as a table."""
    from rich.console import Console

    console, rows = Console(), [_cells(each) for each in found]
    whole = printing.drawn("", _COLUMNS, rows)
    needed = console.measure(whole, options=console.options.update(width=_ROOM)).maximum
    if not console.is_terminal:
        console.width = needed
    if needed <= console.width:
        console.print(whole)
    else:
        console.width = max(console.width, _NARROWEST)
        console.print(_narrow(rows))


def _narrow(rows: Sequence[Sequence[str]]) -> Table:
    """What is left where there is little room: only the result is broken."""
    kept = [place for place, name in enumerate(_COLUMNS) if name not in _DISPENSABLE]
    made = printing.drawn("", [_COLUMNS[each] for each in kept], [[row[each] for each in kept] for row in rows])
    made.padding = 0
    for column in made.columns[:-1]:
        column.no_wrap = True
    return made


def others(first: int, last: int, size: int, limit: int) -> str:
    """Which entries of how many were told, how many there are before and after, and how to see them."""
    size = max(size, last + 1)  # it may have grown meanwhile
    again = "" if limit == LIMIT else f" --limit {limit}"
    told = [f"entries {first} to {last} of {size}"]
    told += [f"{first} earlier: --after {newest(first, limit)}{again}"] if first else []
    told += [f"{size - last - 1} later: --after {last}{again}"] if last + 1 < size else []
    return "; ".join(told)


def gone(purged: PurgedEntry) -> str:
    """When it was purged."""
    return f"purged on {purged.on:%Y-%m-%d}" if purged.on else "purged, and no entry says by whom: verify the log"


def _cells(logged: LoggedEntry | PurgedEntry) -> tuple[str, ...]:
    from gateway.ledger.reading import PurgedEntry

    if isinstance(logged, PurgedEntry):
        at = f"{logged.at:%m-%d %H:%M:%S}" if logged.at else ""
        return str(logged.index), at, logged.kind or "", logged.exchange_id, "", "", gone(logged)
    entry, facts = logged.entry, logged.entry.facts
    told = facts.get("reason") or facts.get("result") or facts.get("act") or ""
    return (
        str(logged.index),
        f"{entry.at:%m-%d %H:%M:%S}",
        entry.kind.value,
        entry.exchange_id,
        str(facts.get("provider_region", "")),
        str(facts.get("caller_department", "")),
        str(told),
    )
