"""`kuacheng dev`: both cities and the gateway until you stop them."""

from pathlib import Path

import click

from gateway.cli import printing


@click.command("dev")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(".kuacheng"), show_default=True)
@click.option("--listen", default="127.0.0.1:0", show_default=True, help="Where the gateway listens; port 0 takes a free one.")
@printing.output
def command(folder: Path, listen: str, output: str) -> None:
    """Run both cities' simulators, a witness of each and the gateway on this machine until you stop them (Ctrl-C).

    Everything is synthetic and throw-away. Scripts find all addresses in FOLDER/dev.json while it runs.
    """
    import asyncio

    from gateway.development.processes import StartError
    from gateway.development.standing import stand

    try:
        asyncio.run(stand(folder, listen, as_json=output == "json"))
    except (StartError, OSError) as error:
        printing.fail(str(error), printing.FINDING)
