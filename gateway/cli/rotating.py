"""`kuacheng ledger rotate`: ends the log that was, and begins the configured one after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.rotation import Change


@click.command("rotate")
@printing.config
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@printing.operator
@printing.output
def rotate(*, path: str, dry_run: bool, operator: str, output: str) -> None:
    """Change the log: end the newest one under `ledger.former`, and begin the one that `log` and `ledger.file` name.

    The last entry of the old names the new; the first of the new names the old, with its last checkpoint. Stop the gateways before, edit
    gateway.yaml, run this, and start them again. Run twice, it does nothing the second time.
    """
    import asyncio
    import dataclasses

    from gateway import acts, rotation
    from gateway.cli.problems import loaded_or_fail
    from gateway.clock import SystemClock
    from gateway.ledger.records import LogUnusable
    from gateway.model.act import HostRole

    loaded = loaded_or_fail(Path(path), output)
    try:
        by = acts.actor(HostRole.COMMAND, operator)
        before = rotation.change(loaded)
        after = before if dry_run else asyncio.run(rotation.rotate(loaded, SystemClock(), by))
    except (acts.OperatorUnclear, LogUnusable, OSError) as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json(dataclasses.asdict(after) | {"changed": after != before})
    else:
        click.echo(_said(before, after, dry_run=dry_run))


def _said(before: Change, after: Change, *, dry_run: bool) -> str:
    if before.finished and before.begun:
        return f"{before.old} is finished and {before.new} has begun after it; nothing to do"
    if dry_run:
        return f"without --dry-run {before.old} would be finished at {before.size} entries, and {before.new} begun after it"
    return f"{after.old} is finished with {after.size} entries, and {after.new} has begun after it"
