"""`kuacheng tables`: what each city's tables map, withhold or miss."""

from pathlib import Path
from typing import Any

import click

from gateway.cli import printing
from gateway.config import Coverage, Survey


@click.group("tables")
def command() -> None:
    """Check the translation tables."""


@command.command("check")
@click.option("-c", "--config", "path", type=click.Path(dir_okay=False), help="A gateway.yaml; without one, the shipped tables.")
@printing.output
def check(path: str | None, output: str) -> None:
    """Say for each city and evidence type which canonical fields are mapped, withheld or missing, and which codes are lossy.

    Exit status 1 on a gap: a field that is neither mapped nor withheld, a code that cannot be, a rule that does not fit.
    """
    from gateway.cli.problems import plain, tell

    found = _survey(path)
    if output == "json":
        rows = [_row(each) for each in found.coverage]
        printing.as_json({"tables": rows, "problems": [plain(each) for each in found.problems]})
    else:
        _told(found)
        tell(found.problems, output)
    raise SystemExit(printing.FINDING if found.problems else 0)


def _survey(path: str | None) -> Survey:
    import os

    from gateway.config import survey, survey_tables
    from gateway.connecting import PROGRAMS

    if path:
        return survey(Path(path), os.environ, programs=PROGRAMS)
    return survey_tables(("shipped",), ("shipped",), Path(), programs=PROGRAMS)


def _row(covered: Coverage) -> dict[str, Any]:
    return {
        "region": covered.region,
        "type": covered.type,
        "code": covered.code,
        "system": covered.system,
        "edition": covered.edition,
        "mapped": list(covered.mapped),
        "withheld": dict(covered.withheld),
        "missing": list(covered.missing),
        "lossy": list(covered.lossy),
        "unasked": list(covered.unasked),
        "files": list(covered.files),
    }


def _told(found: Survey) -> None:
    printing.table(
        "",
        ("region", "type", "system", "edition", "mapped", "of"),
        ((each.region, each.type, each.system, each.edition, str(len(each.mapped)), str(_all(each))) for each in found.coverage),
    )
    for each in found.coverage:
        for what, names in (("withheld", each.withheld), ("missing", each.missing), ("lossy codes", each.lossy)):
            for name in names:
                why = f": {each.withheld[name]}" if what == "withheld" else ""
                click.echo(f"{each.region} {each.type}: {what} {name}{why}")
    click.echo(f"{len(found.coverage)} tables, {len(found.problems)} problems")


def _all(covered: Coverage) -> int:
    return len(covered.mapped) + len(covered.withheld) + len(covered.missing)
