"""`kuacheng ledger`: reads and verifies the evidence log, while the gateway runs or after."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing
from gateway.cli.monitors import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.config import Loaded
    from gateway.ledger.checkpoint import Checkpoint
    from gateway.ledger.note import Verifier
    from gateway.ledger.reading import Log, LoggedEntry, Progress
    from gateway.ledger.verdict import Verdict

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


@command.command("verify")
@printing.config
@_file
@click.option("--key", "keys", multiple=True, metavar="VKEY", help="Verifier key that must have signed; may be given again.")
@click.option(
    "--checkpoint",
    "kept",
    type=click.File(encoding="utf-8"),
    help="A checkpoint or a proof of this log that was kept elsewhere: finds a log that was put back or forked.",
)
@printing.output
def verify(*, path: str, file: str | None, keys: tuple[str, ...], kept: Any, output: str) -> None:
    """Recompute the whole log: every hash, the tree, its signed checkpoint, the order of the entries.

    Without --file, the keys that must have signed are those of the configuration. Exit status: 0 everything holds, 1 it does not, and the
    first bad entry is named, 2 wrong use.
    """
    with _log(path, file) as log:
        verifiers = _verifiers(keys) if keys or file else _own(path)
        earlier = _kept(kept.read(), verifiers) if kept else None
        with _progress(shown=output == "text") as progress:
            verdict = log.verify(verifiers, earlier, progress)
    if output == "json":
        printing.as_json(_verdict(verdict))
    elif verdict.flaw:
        click.echo(f"{verdict.log}: {_place(verdict)}{verdict.flaw.value}", err=True)
    else:
        still = f", {len(verdict.open_exchanges)} exchanges still open" if verdict.open_exchanges else ""
        still += f", of {verdict.purged} the body was purged" if verdict.purged else ""
        click.echo(f"{verdict.log}: {verdict.entries} entries, every hash and the tree's root hold{still}")
        click.echo("\n".join(f"  signed by {each}" for each in verdict.signed_by) or "  signature not checked: give --key")
    raise SystemExit(0 if verdict.sound else printing.FINDING)


@command.command("key")
@printing.config
@printing.output
def key(path: str, output: str) -> None:
    """Print the public key of the log, by which anybody verifies its receipts; two while the next key signs beside it."""
    vkeys = [str(each) for each in _own(path)]
    if output == "json":
        printing.as_json(vkeys)
    else:
        click.echo("\n".join(vkeys))


command.add_command(serve)


@contextmanager
def _log(path: str, file: str | None) -> Iterator[Log]:
    """The log that is named, open within the context; what keeps it from being read ends the program with status 2."""
    from gateway.ledger.reading import Log
    from gateway.ledger.records import LogUnusable

    try:
        with Log.open(Path(file)) if file else _configured(path) as log:
            yield log
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))


def _configured(path: str) -> Log:
    """The log that the configuration names. Raises LogUnusable."""
    from gateway import storage
    from gateway.ledger.reading import Log

    return Log(storage.opening(_loaded(path))())


def _loaded(path: str) -> Loaded:
    import os

    from gateway.config import ConfigError, load

    try:
        return load(Path(path), os.environ)
    except ConfigError as error:
        printing.fail("\n".join(str(each) for each in error.problems))


def _own(path: str) -> tuple[Verifier, ...]:
    """The verifier keys of the configuration."""
    from gateway.ledger.keys import signers

    loaded = _loaded(path)
    return tuple(each.verifier for each in signers(loaded.settings.log, loaded.log_keys))


def _verifiers(keys: Sequence[str]) -> tuple[Verifier, ...]:
    from gateway.ledger.note import NoteRefused, Verifier

    try:
        return tuple(Verifier.parse(each) for each in keys)
    except NoteRefused as error:
        raise click.UsageError(str(error)) from None


def _kept(text: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint that a file holds, by itself or in a proof, signed by one of the log's keys."""
    from gateway.ledger.checkpoint import Checkpoint, Proof
    from gateway.ledger.note import Note, NoteRefused

    try:
        note = Note.parse(Proof.parse(text).checkpoint if text.startswith("c2sp.org/tlog-proof") else text)
        if not verifiers or not note.verified(verifiers):
            printing.fail("the kept checkpoint can be believed only if the log's key has signed it: give --key")
        return Checkpoint.parse(note.text)
    except NoteRefused as error:
        printing.fail(f"the kept checkpoint: {error}")


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress]:
    """A bar on standard error where people look at it."""
    import sys

    if not shown or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _place(verdict: Verdict) -> str:
    if verdict.first_bad is None:
        return ""
    if verdict.through is None or verdict.through <= verdict.first_bad:
        return f"entry {verdict.first_bad}: "
    return f"entries {verdict.first_bad} to {verdict.through}: "


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "log": verdict.log,
        "sound": verdict.sound,
        "entries": verdict.entries,
        "first_bad": verdict.first_bad,
        "through": None if verdict.first_bad is None else verdict.through,
        "flaw": verdict.flaw.name if verdict.flaw else None,
        "signed_by": list(verdict.signed_by),
        "purged": verdict.purged,
        "open_exchanges": list(verdict.open_exchanges),
    }


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
