"""`kuacheng config`: checks and shows the configuration without starting anything."""

from pathlib import Path

import click

from gateway.cli import printing


@click.group("config")
def command() -> None:
    """Check and show the configuration."""


@command.command("check")
@printing.config
@printing.output
def check(path: str, output: str) -> None:
    """Build everything that `kuacheng serve` would build, without starting it, and say all that is wrong.

    Exit status 1 if anything is.
    """
    from gateway.cli.problems import loaded_or_fail, plain, tell
    from gateway.connecting import PROGRAMS
    from gateway.obstacles import material_findings, obstacles

    loaded = loaded_or_fail(Path(path), output, programs=PROGRAMS)
    found = sorted({*obstacles(loaded), *material_findings(loaded)})
    world = loaded.world
    if output == "json":
        printing.as_json({"edition": world.edition, "problems": [plain(each) for each in found]})
    else:
        tell(found, output)
        agreements = sum(len(each) for each in world.agreements.values())
        described = f" ({len(loaded.interfaces)} interfaces as described)" if loaded.interfaces else ""
        counts = (
            f"{len(world.regions)} regions, {len(loaded.systems)} systems{described}, "
            f"{len(world.tables)} tables, {agreements} agreements"
        )
        click.echo(f"{path}: {'not fine' if found else 'fine'}: {counts}; edition {world.edition}")
    raise SystemExit(printing.FINDING if found else 0)


@command.command("show")
@printing.config
@printing.output
def show(path: str, output: str) -> None:
    """Show every value that is in force, and where it comes from. Secrets are masked."""
    from gateway.cli.problems import loaded_or_fail
    from gateway.config.effective import effective

    rows = effective(loaded_or_fail(Path(path), output))
    if output == "json":
        printing.as_json([{"key": each.key, "value": each.value, "origin": each.origin} for each in rows])
    else:
        printing.table("", ("key", "value", "from"), ((each.key, each.value, each.origin) for each in rows))
