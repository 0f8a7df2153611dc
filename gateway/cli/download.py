"""`kuacheng download`: the file of a holder's evidence, on top of gateway.client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import options, printing

if TYPE_CHECKING:
    from gateway.client import Announced


@click.command("download")
@click.argument("evidence_type", required=False)
@click.option("--region", help="Region that holds it, GB/T 2260, e.g. 440600.")
@click.option("--format", "file_format", type=click.Choice(["OFD", "PDF", "PNG"]), default="OFD", show_default=True)
@click.option("--number", default="", help="Number printed on the paper, needed where the holder has several.")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to make; it must not be there yet."
)
@click.option(
    "--holder-number", help="Number of the holder; asked for if it is missing, so that it stays out of your shell's history."
)
@click.option("--holder-name", help="Name of the holder; asked for if it is missing.")
@click.option("--holder-id-type", help="Kind of number: 111 resident number, 001 credit code.", default="111", show_default=True)
@options.parameters
@options.why
@options.way
@click.option("--deadline", type=click.FloatRange(min=0.1), default=300.0, show_default=True, help="Seconds for everything.")
@click.option("--request-id", help="A UUID of yours; without one, a new one.")
@options.receipt
@click.option("--sample", type=int, help="Ask about the holder of sample N of dev.json.")
@printing.output
def command(**given: Any) -> None:
    """Download the file of a holder's evidence, checked against the digest that the evidence log holds.

    EVIDENCE_TYPE is a code or an alias, such as business-licence. The file has its name once it is whole. With `-o json` the output is a
    file that `kuacheng receipt verify` takes.

    \b
    While `kuacheng dev` runs:      kuacheng download --sample 10 --to licence.ofd
    Against a gateway of your own:  kuacheng download business-licence --region 440600 --holder-id-type 001 \\
        --to licence.ofd --gateway gateway.example:8443 --cert me.pem --key me.key --ca gateway-ca.pem --matter-code ...

    Exit status: 0 downloaded, 1 there is none, or it was refused or failed, 2 wrong use.
    """
    import asyncio

    from gateway.cli.query import failed
    from gateway.cli.question import arranged
    from gateway.client import ClientFailure, Outcome

    to: Path = given["to"]
    if to.exists() or not to.parent.is_dir():
        raise click.UsageError(f"--to {to}: it is there already, or its folder is not; name a new file")
    asked = arranged({**given, "fields": ()})
    try:
        announced = asyncio.run(asked.download(given["file_format"], given["number"], to))
    except ClientFailure as failure:
        failed(failure, given["output"])
    except OSError as error:
        printing.fail(f"{to} cannot be written: {error.strerror}; nothing is left of it", printing.FINDING)
    if given["output"] == "json":
        printing.as_json(_plain(announced))
    else:
        _told(announced, to)
    if announced.outcome is not Outcome.ISSUED:
        raise SystemExit(printing.FINDING)


def _plain(announced: Announced) -> dict[str, Any]:
    from gateway.model.binding import plain

    claim = announced.claim
    return {
        "request_id": announced.request_id,
        "exchange_id": announced.exchange_id,
        "outcome": claim.outcome,
        "files": claim.evidence,
        "provenance": plain(announced.provenance),
        "receipt": plain(announced.receipt),
        "question": claim.question,
    }


def _told(announced: Announced, to: Path) -> None:
    click.echo(f"{announced.outcome.value}  (exchange {announced.exchange_id})")
    if announced.sha256:
        click.echo(f"{to}  {announced.format}, {to.stat().st_size} bytes, sha256 {announced.sha256}")
    came, kept = announced.provenance, announced.receipt
    click.echo(f"from {came.system} of {came.region}, table {came.table_edition}, by agreement {came.agreement}")
    click.echo(f"recorded in {kept.log} at {kept.intent_index} and {kept.outcome_index}")
