"""`kuacheng ledger purge`: takes out of the log what entries say that are older than the retention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.config import Loaded, LogPlace
    from gateway.ledger.purging import Plan
    from gateway.storage import Purger


_MOST_SECRET = 1 << 14
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("purge")
@printing.config
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--purger", metavar="USER", help="In PostgreSQL: who has the rights of the role <schema>_purger.")
@click.option("--purger-password", type=_FILE, help="A file with that user's password, mode 600, where the server wants one.")
@click.option("--purger-cert", type=_FILE, help="That user's certificate, PEM, where the server wants one.")
@click.option("--purger-key", type=_FILE, help="Its key, PEM, mode 600.")
@printing.operator
@printing.output
def purge(*, path: str, dry_run: bool, operator: str, output: str, **purger: Any) -> None:
    """Remove what entries say that are older than `ledger.retention`, of exchanges that have ended, in the log and in those before it.

    An entry of its own, durable before anything goes, says which, by which rule and by whom. Every hash stays, so every proof, receipt and
    checkpoint verifies as before. It may run beside the gateway, be ended at any moment, and be run again: it then does what is left.
    """
    from gateway import acts, storage
    from gateway.cli.problems import loaded_or_fail
    from gateway.ledger.records import LogUnusable

    loaded = loaded_or_fail(Path(path), output)
    by = _By(operator, _purger(**purger))
    try:
        told = [_purged(loaded, each, by, dry_run=dry_run, shown=output == "text") for each in storage.places(loaded)]
    except (acts.OperatorUnclear, LogUnusable, OSError) as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json(told)


class _By(NamedTuple):
    """Who purges: the operator's id, for the log, and the database's user."""

    operator: str
    purger: Purger | None


def _purger(purger: str | None, purger_password: Path | None, purger_cert: Path | None, purger_key: Path | None) -> Purger | None:
    from gateway.config.files import Unreadable, read_file
    from gateway.storage import Purger

    if (purger_cert is None) is not (purger_key is None):
        raise click.UsageError("--purger-cert and --purger-key belong together")
    if purger is None:
        if purger_password or purger_cert:
            raise click.UsageError("--purger names whose password or certificate that is")
        return None
    try:
        password = read_file(purger_password, most=_MOST_SECRET, private=True).decode() if purger_password else ""
    except Unreadable as error:
        printing.fail(f"--purger-password: {error.message}: {error.hint}")
    return Purger(purger, password.removesuffix("\n"), purger_cert, purger_key)


def _purged(loaded: Loaded, place: LogPlace, by: _By, *, dry_run: bool, shown: bool) -> dict[str, Any]:
    """Does one log, and says so. Raises LogUnusable."""
    from gateway import storage
    from gateway.clock import SystemClock

    planned = _planned(loaded, place, SystemClock())
    told: dict[str, Any] = _told(loaded, place, planned) | {"purged": 0, "recorded_at": None}
    if planned.entries and not dry_run:
        storage.check_purger(place, by.purger)
        # Each part has an entry that names its ranges; all stand before anything goes.
        recorded = [_record(loaded, place, each, by.operator) for each in planned.parts]
        told["recorded_at"] = recorded[0]
        told["purged"] = _take(place, planned, by.purger, shown=shown)
    if shown:
        click.echo(_said(told, dry_run=dry_run))
    return told


def _planned(loaded: Loaded, place: LogPlace, clock: Any) -> Plan:
    from gateway import storage
    from gateway.ledger.reading import Log

    with Log(storage.opening_at(place)()) as log:
        return log.to_purge(loaded.settings.ledger.retention.before(clock.now()))


def _record(loaded: Loaded, place: LogPlace, planned: Plan, operator: str) -> int:
    """Writes the entry that stands for the purge; gives its index, when it is durable. Raises LogUnusable, OperatorUnclear."""
    from gateway.acts import record_by_command
    from gateway.ledger.purging import facts
    from gateway.ledger.records import LogUnusable
    from gateway.model.act import Act
    from gateway.model.refusal import Refusal

    said = facts(planned, loaded.settings.ledger.retention)
    try:
        return record_by_command(loaded, Act.PURGE, operator=operator, facts=said, place=place).index
    except Refusal as refused:
        raise LogUnusable(f"nothing was purged, for the purge could not be recorded: {refused.detail}") from refused


def _take(place: LogPlace, planned: Plan, purger: Purger | None, *, shown: bool) -> int:
    from gateway import storage
    from gateway.cli.progress import progress

    done = 0
    with progress(shown=shown) as tell:
        for taken in storage.purge(place, planned.runs, purger):
            done += taken
            tell(done, planned.entries)
    return done


def _told(loaded: Loaded, place: LogPlace, planned: Plan) -> dict[str, Any]:
    whole = planned.whole
    return {
        "log": place.log,
        "retention": str(loaded.settings.ledger.retention),
        "before": planned.before.isoformat(timespec="seconds"),
        "entries": planned.entries,
        "first": whole.start if planned.entries else None,
        "last": whole.stop - 1 if planned.entries else None,
    }


def _said(told: dict[str, Any], *, dry_run: bool) -> str:
    which = f"{told['log']}: {told['entries']} entries of ended exchanges are older than {told['retention']} (before {told['before']})"
    if not told["entries"]:
        return f"{which}; nothing to purge"
    place = f"from {told['first']} to {told['last']}"
    if dry_run:
        return f"{which}, {place}; without --dry-run what they say would go"
    return f"{which}, {place}; purged {told['purged']}, as entry {told['recorded_at']} says"
