"""`kuacheng ledger`: reads and verifies the evidence log, while the gateway runs or after."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing
from gateway.cli.monitors import serve
from gateway.cli.verifying import loaded, own, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.ledger.reading import Log, LoggedEntry

_file = click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(),
    help="The log's database, or a folder of tiles; without it, the log that the configuration names.",
)


@click.group("ledger")
def command() -> None:
    """Read and verify the evidence log."""


@command.command("list")
@printing.config
@_file
@click.option("--after", type=int, default=-1, help="Only entries after this index.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--exchange", help="Only the entries of this exchange id.")
@printing.output
def list_(*, path: str, file: str | None, after: int, limit: int, exchange: str | None, output: str) -> None:
    """List entries in the order in which they were recorded."""
    with _log(path, file) as log:
        found = list(log.entries(after=after, limit=limit, exchange_id=exchange))
    if output == "json":
        printing.as_json([_plain(log.name, each) for each in found])
        return
    printing.table(
        "", ("index", "at (UTC)", "kind", "exchange", "region", "department", "result"), (_cells(each) for each in found)
    )


@command.command("show")
@click.argument("which")
@printing.config
@_file
@printing.output
def show(which: str, path: str, file: str | None, output: str) -> None:
    """Show one entry by its index, or all entries of an exchange by its id."""
    with _log(path, file) as log:
        one = log.entry(int(which)) if which.isdigit() else None
        found = [one] if one else [] if which.isdigit() else list(log.entries(after=-1, limit=10, exchange_id=which))
    if not found:
        printing.fail(f"no entry {which}; `kuacheng ledger list` shows what there is", printing.FINDING)
    if output == "json":
        printing.as_json([_plain(log.name, each) for each in found])
        return
    for each in found:
        title = f"{each.index}  {each.entry.kind.value}  {each.entry.at.isoformat(timespec='milliseconds')}"
        rows = [("exchange_id", each.entry.exchange_id), *((name, _text(value)) for name, value in each.entry.facts.items())]
        printing.table(title, ("fact", "value"), [*rows, ("leaf_hash", each.leaf_hash.hex())])


@command.command("key")
@printing.config
@printing.output
def key(path: str, output: str) -> None:
    """Print the public key of the log, by which anybody verifies its receipts; two while the next key signs beside it."""
    vkeys = [str(each) for each in own(path)]
    if output == "json":
        printing.as_json(vkeys)
    else:
        click.echo("\n".join(vkeys))


command.add_command(serve)
command.add_command(verify)


@contextmanager
def _log(path: str, file: str | None) -> Iterator[Log]:
    """The log that is named, open within the context; what keeps it from being read ends the program with status 2."""
    from gateway.ledger.records import LogUnusable

    try:
        with _named(Path(file)) if file else _configured(path) as log:
            yield log
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))


def _named(file: Path) -> Log:
    """The log in a database, or in a folder of tiles. Raises LogUnusable."""
    from gateway.ledger.fetching import Folder
    from gateway.ledger.reading import Log
    from gateway.ledger.tiled import TiledRecords

    return Log(TiledRecords(Folder(file))) if file.is_dir() else Log.open(file)


def _configured(path: str) -> Log:
    """The log that the configuration names. Raises LogUnusable."""
    from gateway import storage
    from gateway.ledger.reading import Log

    return Log(storage.opening(loaded(path))())


def _plain(log: str, logged: LoggedEntry) -> dict[str, Any]:
    entry = logged.entry
    return {
        "index": logged.index,
        "log": log,
        "kind": entry.kind.value,
        "exchange_id": entry.exchange_id,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "facts": {name: list(value) if isinstance(value, tuple) else value for name, value in entry.facts.items()},
        "leaf_hash": logged.leaf_hash.hex(),
    }


_SHOWN = 8
"""Of an exchange id; `show INDEX` and -o json give it whole."""


def _text(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)


def _cells(logged: LoggedEntry) -> tuple[str, ...]:
    entry, facts = logged.entry, logged.entry.facts
    told = facts.get("reason") or facts.get("result") or facts.get("act") or ""
    return (
        str(logged.index),
        f"{entry.at:%m-%d %H:%M:%S}",
        entry.kind.value,
        entry.exchange_id[:_SHOWN],
        str(facts.get("provider_region", "")),
        str(facts.get("caller_department", "")),
        str(told),
    )
