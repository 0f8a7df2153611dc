"""`kuacheng reload`: a running gateway takes up what its files say now, and says what that changes."""

import asyncio
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli import printing
from gateway.cli.options import control as control_option

_FINE: Final = frozenset({"applied", "unchanged", "planned", "restarted"})
_TOLD: Final = {
    "applied": "in force in {workers}",
    "unchanged": "nothing changed; what the files say is in force in {workers}",
    "planned": "nothing was changed: that is what a reload would do in {workers}",
    "restarted": "restarted, one after the other: {workers}",
    "refused": "refused; what stood before stays in force in {workers}",
}


@click.command("reload")
@printing.config
@control_option
@click.option("--dry-run", is_flag=True, help="Read, judge and compare in every worker, and change nothing.")
@click.option("--restart", is_flag=True, help="Replace every worker by a new process, one after the other, and lose no call.")
@printing.output
def command(path: str, control: Path | None, output: str, *, dry_run: bool, restart: bool) -> None:
    """Have a running gateway take up its files: every worker or none.

    Prints what changes, by name: agreements, tables, systems, certificates. Where anything is wrong, what stood stays in
    force, and the exit status is 1. --restart is for a new version of the program and for what a reload cannot change.
    """
    from gateway.workers.control import NoGateway, ask, beside

    if dry_run and restart:
        printing.fail("--dry-run and --restart exclude each other")
    order = {"do": "restart"} if restart else {"do": "reload", "trigger": "command", "dry_run": dry_run}
    try:
        answer = asyncio.run(ask(control or beside(Path(path)), order))
    except NoGateway as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json(answer)
    else:
        _tell(answer)
    raise SystemExit(0 if answer["result"] in _FINE else printing.FINDING)


def _tell(answer: Any) -> None:
    rows = [(each["how"], each["kind"], each["name"]) for each in answer.get("changes", ())]
    if rows:
        printing.table("", ("", "what", "name"), rows)
    for each in answer["problems"]:
        click.echo(each, err=True)
    pids = answer.get("workers", ())
    told = f"{len(pids)} {'process' if len(pids) == 1 else 'processes'}"
    click.echo(_TOLD[answer["result"]].format(workers=told))
