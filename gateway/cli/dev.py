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

    Exit status: 0 you stopped it, 1 it does not come up, or the gateway or a city ended by itself, 2 wrong use.
    """
    import asyncio

    from gateway.development.processes import EndedError, StartError
    from gateway.development.standing import stand

    _judge(listen)
    try:
        asyncio.run(stand(folder, listen, as_json=output == "json"))
    except (StartError, EndedError, OSError) as error:
        printing.fail(str(error), printing.FINDING)


def _judge(listen: str) -> None:
    """Before anything is made: as gateway.yaml has an address. Raises click.UsageError."""
    from pydantic import TypeAdapter, ValidationError

    from gateway.config.words import Listening

    try:
        TypeAdapter(Listening).validate_python(listen)
    except ValidationError:
        raise click.UsageError(f"--listen {listen}: write HOST:PORT, for instance 127.0.0.1:8443") from None
