"""`kuacheng ledger`: reads and verifies the evidence log, while the gateway runs or after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.ledger.reading import Log, LoggedEntry

_file = click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(dir_okay=False),
    help="The log's database; without it, the one that the configuration names.",
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
        printing.as_json([_plain(each) for each in found])
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
        printing.as_json([_plain(each) for each in found])
        return
    for each in found:
        title = f"{each.recorded.index}  {each.entry.kind.value}  {each.entry.at.isoformat(timespec='milliseconds')}"
        rows = [("exchange_id", each.entry.exchange_id), *((name, _text(value)) for name, value in each.entry.facts.items())]
        printing.table(title, ("fact", "value"), [*rows, ("leaf_hash", each.recorded.leaf_hash.hex())])


@command.command("verify")
@printing.config
@_file
@printing.output
def verify(path: str, file: str | None, output: str) -> None:
    """Recompute every hash of the log and say whether it is whole; exit status 1 with the first bad entry if not."""
    with _log(path, file) as log:
        verdict = log.verify()
    if output == "json":
        printing.as_json(
            {
                "log": verdict.log,
                "sound": verdict.sound,
                "entries": verdict.entries,
                "first_bad": verdict.first_bad,
                "flaw": verdict.flaw.name if verdict.flaw else None,
                "open_exchanges": list(verdict.open_exchanges),
            }
        )
    elif verdict.flaw:
        click.echo(f"{verdict.log}: entry {verdict.first_bad}: {verdict.flaw.value}", err=True)
    else:
        still = f", {len(verdict.open_exchanges)} exchanges still open" if verdict.open_exchanges else ""
        click.echo(f"{verdict.log}: {verdict.entries} entries, every hash and every link holds{still}")
    raise SystemExit(0 if verdict.sound else printing.FINDING)


def _log(path: str, file: str | None) -> Log:
    import os

    from gateway.config import ConfigError, load
    from gateway.ledger.reading import Log
    from gateway.ledger.schema import LogUnusable

    try:
        return Log.open(Path(file) if file else load(Path(path), os.environ).ledger)
    except ConfigError as error:
        printing.fail("\n".join(str(each) for each in error.problems))
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))


def _plain(logged: LoggedEntry) -> dict[str, Any]:
    entry = logged.entry
    return {
        "index": logged.recorded.index,
        "log": logged.recorded.log,
        "kind": entry.kind.value,
        "exchange_id": entry.exchange_id,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "facts": {name: list(value) if isinstance(value, tuple) else value for name, value in entry.facts.items()},
        "leaf_hash": logged.recorded.leaf_hash.hex(),
    }


_SHOWN = 8
"""Of an exchange id; `show INDEX` and -o json give it whole."""


def _text(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)


def _cells(logged: LoggedEntry) -> tuple[str, ...]:
    entry, facts = logged.entry, logged.entry.facts
    told = facts.get("reason") or facts.get("result") or ""
    return (
        str(logged.recorded.index),
        f"{entry.at:%m-%d %H:%M:%S}",
        entry.kind.value,
        entry.exchange_id[:_SHOWN],
        str(facts.get("provider_region", "")),
        str(facts.get("caller_department", "")),
        str(told),
    )
