"""`kuacheng query`: asks the gateway as a departmental system does, on top of gateway.client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway.cli import options, printing

if TYPE_CHECKING:
    from gateway.client import Answer, ClientFailure


@click.command("query")
@click.argument("evidence_type", required=False)
@click.option("--region", help="Region that holds it, GB/T 2260, e.g. 440100.")
@click.option(
    "--holder-number", help="Number of the holder; asked for if it is missing, so that it stays out of your shell's history."
)
@click.option("--holder-name", help="Name of the holder; asked for if it is missing.")
@click.option("--holder-id-type", help="Kind of number: 111 resident number, 001 credit code.", default="111", show_default=True)
@click.option(
    "--presented-code-file",
    type=click.File(),
    help="File with the code that the holder shows (亮证码), in place of the holder; - is standard input, typed unseen.",
)
@options.parameters
@click.option("--field", "fields", multiple=True, help="Only this field; may be given again.")
@click.option("--matter-code", help="Code of the matter (事项编码).")
@click.option("--matter-name", help="Name of the matter.")
@click.option("--case-number", help="Number of your case.")
@click.option("--operator-account", help="Account of the operator.")
@click.option("--operator-name", help="Name of the operator.")
@click.option("--operator-role", help="Role of the operator.")
@click.option(
    "--basis",
    type=click.Choice(["STATUTORY_DUTY", "HOLDER_AUTHORISED", "ENTRUSTED"]),
    default="STATUTORY_DUTY",
    show_default=True,
)
@click.option("--reference", help="Article or number of the legal basis.")
@click.option("--gateway", help="host:port of the gateway.")
@click.option("--server-name", help="Name expected in the gateway's certificate, if it is not the host.")
@click.option("--cert", type=click.Path(dir_okay=False, path_type=Path), help="Your certificate, PEM.")
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="Its key, PEM.")
@click.option("--ca", type=click.Path(dir_okay=False, path_type=Path), help="The gateway's authorities, PEM.")
@click.option("--deadline", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds for everything.")
@options.receipt
@click.option("--request-id", help="A UUID of yours; without one, a new one.")
@click.option(
    "--dev",
    type=click.Path(dir_okay=False, path_type=Path),
    help="dev.json of a running `kuacheng dev`; .kuacheng/dev.json is found.",
)
@click.option("--client", help="Which client of dev.json asks.")
@click.option("--sample", type=int, help="Ask sample N of dev.json.")
@printing.output
def command(**given: Any) -> None:
    """Ask for one piece of evidence: EVIDENCE_TYPE is a code or an alias, such as business-licence.

    \b
    While `kuacheng dev` runs:      kuacheng query --sample 0
    Against a gateway of your own:  kuacheng query business-licence --region 440600 --holder-id-type 001 \\
        --gateway gateway.example:8443 --cert me.pem --key me.key --ca gateway-ca.pem --matter-code ...
    With what else is asked:  kuacheng query invoice-check --region 440600 --holder-id-type 001 \\
        --parameter invoice_number=24442000000012345678 --parameter invoiced_on=2024-05-17 ...
    By a code that the holder shows:  kuacheng query business-licence --region 440600 --presented-code-file - ...

    Exit status: 0 answered (NO_RECORD is an answer, and so is DEFERRED: `kuacheng watch` goes on), 1 refused or failed, 2 wrong use.
    """
    import asyncio

    from gateway.cli.question import arranged
    from gateway.client import ClientFailure
    from gateway.model.binding import plain

    asked = arranged(given)
    try:
        answer = asyncio.run(asked.ask())
    except ClientFailure as failure:
        failed(failure, given["output"])
    if given["output"] == "json":
        printing.as_json(plain(answer))
    else:
        told(answer)


def failed(failure: ClientFailure, output: str) -> NoReturn:
    """Says why there is no answer, and ends with status 1."""
    from gateway.client import QueryRefused

    if output == "json":
        printing.as_json({"refused": _refusal(failure)})
        raise SystemExit(printing.FINDING)
    if isinstance(failure, QueryRefused):
        told = failure.told
        lines = [f"refused: {told.reason} (blame: {told.blame})", f"  {failure.message}", f"  {told.message_zh}"]
        lines += [f"  {each.field}: {each.description}" for each in told.violations]
        lines += [f"  exchange id: {told.exchange_id}"]
    else:
        lines = [f"failed: {failure.message}", "  is the gateway up, and are --gateway, --cert, --key and --ca right?"]
    printing.fail("\n".join(lines), printing.FINDING)


def _refusal(failure: ClientFailure) -> dict[str, Any]:
    from gateway.client import QueryRefused

    if not isinstance(failure, QueryRefused):
        return {"code": failure.code.name, "message": failure.message}
    told = failure.told
    violations = [{"field": each.field, "description": each.description} for each in told.violations]
    return {
        "code": failure.code.name,
        "reason": told.reason,
        "blame": told.blame,
        "message": failure.message,
        "message_zh": told.message_zh,
        "exchange_id": told.exchange_id,
        "violations": violations,
        "retry_after": told.retry_after,
    }


def told(answer: Answer) -> None:
    """The answer, for people."""
    from gateway.client.telling import rows

    click.echo(f"{answer.outcome.value}  (exchange {answer.exchange_id})")
    for paper in answer.evidence:
        printing.table(f"{paper.name}  {paper.type}", ("field", "value"), rows(paper))
    came, kept = answer.provenance, answer.receipt
    click.echo(f"from {came.system} of {came.region}, table {came.table_edition}, by agreement {came.agreement}")
    click.echo(f"recorded in {kept.log} at {kept.intent_index} and {kept.outcome_index}")
    if answer.outcome.value == "DEFERRED" and answer.deferral:
        click.echo(
            f"the city has the question and answers later, until {answer.deferral.until.isoformat(timespec='seconds')} at the latest"
        )
        click.echo(f"wait for it with the same options: kuacheng watch ... --request-id {answer.request_id}")
