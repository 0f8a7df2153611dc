"""`kuacheng verify`: has claims about a holder's evidence verified, on top of gateway.client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli import options, printing

if TYPE_CHECKING:
    from gateway.client import Verification


@click.command("verify")
@click.argument("evidence_type", required=False)
@click.option("--region", help="Region that holds it, GB/T 2260, e.g. 440100.")
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="FIELD[=VALUE]",
    help="That the field has this value; may be given again. Without =VALUE you are asked, so that it stays out of your shell's history.",
)
@click.option(
    "--claims-file",
    type=click.File(encoding="utf-8"),
    help="A JSON object, field to value, - for standard input; instead of --claim.",
)
@click.option(
    "--holder-number", help="Number of the holder; asked for if it is missing, so that it stays out of your shell's history."
)
@click.option("--holder-name", help="Name of the holder; asked for if it is missing.")
@click.option("--holder-id-type", help="Kind of number: 111 resident number, 001 credit code.", default="111", show_default=True)
@options.parameters
@options.why
@options.way
@click.option("--deadline", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds for everything.")
@click.option("--request-id", help="A UUID of yours; without one, a new one.")
@options.receipt
@click.option("--sample", type=int, help="Ask about the holder of sample N of dev.json.")
@printing.output
def command(**given: Any) -> None:
    """Have claims about a holder's evidence verified: MATCH, MISMATCH or NO_RECORD for each, and nothing else is disclosed.

    EVIDENCE_TYPE is a code or an alias, such as business-licence. Values are written as the canonical ones are: a date 2026-09-01, money
    5284.00 (yuan), a code VALID, a period 2026-01-01/2026-12-31; of `holders` the name of one.

    \b
    While `kuacheng dev` runs:      kuacheng verify --sample 0 --claim insured_status=ACTIVE --claim months_paid
    Against a gateway of your own:  kuacheng verify business-licence --region 440600 --holder-id-type 001 \\
        --claims-file - --gateway gateway.example:8443 --cert me.pem --key me.key --ca gateway-ca.pem --matter-code ...

    Exit status: 0 every claim is a MATCH, 1 one is not, or it was refused or failed, 2 wrong use.
    """
    import asyncio

    from gateway.cli.query import failed
    from gateway.cli.question import arranged, claimed
    from gateway.client import ClientFailure, Verdict

    asked = arranged({**given, "fields": ()})
    claims = claimed(given["claims"], given["claims_file"])
    try:
        verified = asyncio.run(asked.verify(claims))
    except ClientFailure as failure:
        failed(failure, given["output"])
    if given["output"] == "json":
        printing.as_json(_plain(verified))
    else:
        _told(verified)
    if set(verified.verdicts.values()) != {Verdict.MATCH}:
        raise SystemExit(printing.FINDING)


def _plain(verified: Verification) -> dict[str, Any]:
    """A file that `kuacheng receipt verify` takes."""
    from gateway.model.binding import plain

    claim = verified.claim
    return {
        "request_id": verified.request_id,
        "exchange_id": verified.exchange_id,
        "outcome": claim.outcome,
        "verdicts": claim.evidence,
        "provenance": plain(verified.provenance),
        "receipt": plain(verified.receipt),
        "question": claim.question,
    }


def _told(verified: Verification) -> None:
    click.echo(f"VERIFIED  (exchange {verified.exchange_id})")
    printing.table("", ("field", "verdict"), ((field, verdict.value) for field, verdict in verified.verdicts.items()))
    came, kept = verified.provenance, verified.receipt
    click.echo(f"by {came.system} of {came.region}, table {came.table_edition}, by agreement {came.agreement}")
    click.echo(f"recorded in {kept.log} at {kept.intent_index} and {kept.outcome_index}")
