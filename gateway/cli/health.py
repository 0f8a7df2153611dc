"""`kuacheng health`: whether the gateway of this machine serves, asked over its socket for operators."""

import asyncio
from pathlib import Path

import click

from gateway.cli import printing
from gateway.cli.options import control as control_option


@click.command("health")
@printing.config
@control_option
@printing.output
def command(path: str, control: Path | None, output: str) -> None:
    """Say whether the gateway of this machine serves: for the probes of a service manager, which have no certificate.

    Callers ask grpc.health.v1 instead. Exit status 0 where at least one process serves and answers, 1 where none does.
    """
    from gateway.workers.control import NoGateway, ask, beside

    try:
        answer = asyncio.run(ask(control or beside(Path(path)), {"do": "health"}))
    except NoGateway as error:
        printing.fail(str(error), printing.FINDING)
    if output == "json":
        printing.as_json(answer)
    else:
        for each in answer["problems"]:
            click.echo(each, err=True)
        click.echo(answer["result"])
    raise SystemExit(0 if answer["result"] == "serving" else printing.FINDING)
