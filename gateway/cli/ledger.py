"""`kuacheng ledger`: reads and verifies the evidence log, while the gateway runs or after."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import listing, printing
from gateway.cli.exporting import export
from gateway.cli.monitors import serve
from gateway.cli.places import place
from gateway.cli.purging import purge
from gateway.cli.rotating import rotate
from gateway.cli.verifying import loaded, own, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.ledger.reading import Log, LoggedEntry, PurgedEntry

_file = click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(),
    help="The log's database, or a folder of tiles; without it, the log that the configuration names.",
)

_name = click.option("--log", "name", metavar="NAME", help="One of the logs before it, by its name under ledger.former.")


@click.group("ledger")
def command() -> None:
    """Read and verify the evidence log."""


@command.command("list")
@printing.config
@_file
@_name
@click.option("--after", type=int, help="Only entries after this index; -1 begins with the first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=listing.LIMIT, show_default=True, help="How many at most.")
@click.option("--exchange", help="Only the entries of this exchange id.")
@printing.output
def list_(
    *, path: str, file: str | None, name: str | None, after: int | None, limit: int, exchange: str | None, output: str
) -> None:
    """List entries in the order in which they were recorded: the newest, and how to see those before.

    With `-o json`, or of one exchange, it begins with the first; --after and the last index go on. A narrow terminal is not shown regions
    and departments: `kuacheng ledger show` has all that an entry says.
    """
    with _log(path, file, name) as log:
        if output == "json":
            found = log.listed(-1 if after is None else after, limit, exchange_id=exchange, dated=True)
            printing.as_json([_plain(log.name, each) for each in found])
        elif exchange:
            _list_exchange(log, exchange, -1 if after is None else after, limit)
        else:
            size = log.size()
            _list_page(log, listing.newest(size, limit) if after is None else after, limit, size)


def _list_exchange(log: Log, exchange: str, after: int, limit: int) -> None:
    found = log.listed(after, limit + 1, exchange_id=exchange, dated=True)
    listing.tell(found[:limit])
    if len(found) > limit:
        click.echo(f"later ones of this exchange: --after {found[limit - 1].index}")


def _list_page(log: Log, after: int, limit: int, size: int) -> None:
    found = log.listed(after, limit, dated=True)
    listing.tell(found)
    click.echo(
        listing.others(found[0].index, found[-1].index, size, limit) if found else f"no entry after {after}; the log has {size}"
    )


@command.command("show")
@click.argument("which")
@printing.config
@_file
@_name
@printing.output
def show(*, which: str, path: str, file: str | None, name: str | None, output: str) -> None:
    """Show one entry by its index, or all entries of an exchange by its id."""
    from gateway.ledger.reading import PurgedEntry

    with _log(path, file, name) as log:
        index, exchange, limit = (int(which) - 1, None, 1) if which.isdigit() else (-1, which, 10)
        found = log.listed(index, limit, exchange_id=exchange, dated=True)
    if which.isdigit():
        found = tuple(each for each in found if each.index == int(which))
    if not found:
        printing.fail(f"no entry {which}; `kuacheng ledger list` shows what there is", printing.FINDING)
    if output == "json":
        printing.as_json([_plain(log.name, each) for each in found])
        return
    for each in found:
        if isinstance(each, PurgedEntry):
            click.echo("  ".join(filter(None, (str(each.index), each.kind, _at(each), listing.gone(each)))))
            continue
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


command.add_command(export)
command.add_command(purge)
command.add_command(rotate)
command.add_command(serve)
command.add_command(verify)


@command.command("schema")
@click.option("--schema", default="kuacheng", show_default=True, help="The schema that the configuration names.")
@click.option("--ending", "only", is_flag=True, help="Only what ends a log and what writes it faster, for tables made without.")
def schema(schema: str, *, only: bool) -> None:
    """Print the SQL that makes a log's tables and roles in PostgreSQL, for the owner of the database to run once.

    \b
    kuacheng ledger schema | psql -v ON_ERROR_STOP=1 -d DATABASE
    """
    from gateway.ledger.postgresql.schema import ending, tables

    try:
        click.echo(ending(schema) if only else tables(schema), nl=False)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _log(path: str, file: str | None, name: str | None) -> Iterator[Log]:
    """The log that is named, open within the context; what keeps it from being read ends the program with status 2."""
    from gateway.ledger.records import LogUnusable

    if file and name:
        raise click.UsageError("name a file or a log of the configuration, not both")
    try:
        with _named(Path(file)) if file else _configured(path, name) as log:
            yield log
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))


def _named(file: Path) -> Log:
    """The log in a database, or in a folder of tiles. Raises LogUnusable."""
    from gateway.ledger.fetching import Folder
    from gateway.ledger.reading import Log
    from gateway.ledger.tiled import TiledRecords

    return Log(TiledRecords(Folder(file))) if file.is_dir() else Log.open(file)


def _configured(path: str, name: str | None) -> Log:
    """The log that the configuration names, or one before it. Raises LogUnusable."""
    from gateway import storage
    from gateway.ledger.reading import Log

    found = loaded(path)
    return Log(storage.opening(found)() if name is None else storage.opening_at(place(found, name))())


def _at(purged: PurgedEntry) -> str:
    return purged.at.isoformat(timespec="milliseconds") if purged.at else ""


def _plain(log: str, logged: LoggedEntry | PurgedEntry) -> dict[str, Any]:
    from gateway.ledger.reading import PurgedEntry

    if isinstance(logged, PurgedEntry):
        return {
            "index": logged.index,
            "log": log,
            "kind": logged.kind,
            "exchange_id": logged.exchange_id,
            "at": _at(logged) or None,
            "purged": True,
            "purged_on": logged.on.isoformat(timespec="milliseconds") if logged.on else None,
            "leaf_hash": logged.leaf_hash.hex(),
        }
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


def _text(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)
