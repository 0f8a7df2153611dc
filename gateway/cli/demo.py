"""`kuacheng demo`: the main job, told on the terminal."""

from pathlib import Path

import click

from gateway.cli import printing


@click.command("demo")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=None, help="Keep what the demo makes here.")
def command(folder: Path | None) -> None:
    """Show the main job from start to end: five scenes, six processes, every exchange over mutual TLS. Takes some seconds."""
    import asyncio
    import tempfile

    from gateway.development.processes import StartError
    from gateway.development.story import tell

    try:
        if folder is not None:
            told = asyncio.run(tell(folder))
        else:
            with tempfile.TemporaryDirectory(prefix="kuacheng-demo-") as temporary:
                told = asyncio.run(tell(Path(temporary)))
    except (StartError, OSError) as error:
        printing.fail(str(error), printing.FINDING)
    raise SystemExit(0 if told else printing.FINDING)
