"""`kuacheng certs reauthenticate`: everybody who is connected makes a new handshake."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from gateway.cli import printing


@click.command("reauthenticate")
@click.option("--reason", required=True, help="Why, in a few words; it is recorded. No names of persons.")
@printing.config
@printing.operator
@printing.output
def reauthenticate(reason: str, path: str, operator: str, output: str) -> None:
    """Have everybody who is connected make a new handshake.

    Every gateway that has its records beside this log follows within a second: connections are told to end (GOAWAY), calls under way are
    answered over them, and the next call comes over a new connection. No call fails of a client that retries UNAVAILABLE, as ours does.
    """
    from certs.custody import as_owner
    from certs.denying import LIKE_A_NUMBER
    from gateway import reauthenticating
    from gateway.acts import OperatorUnclear, record_by_command
    from gateway.cli.problems import loaded_or_fail
    from gateway.clock import SystemClock
    from gateway.ledger.records import LogUnusable
    from gateway.model.act import Act
    from gateway.model.refusal import Refusal

    if LIKE_A_NUMBER.search(reason):
        raise click.UsageError("the reason is recorded; say it without a person's number")
    loaded = loaded_or_fail(Path(path), output)
    try:
        record_by_command(loaded, Act.REAUTHENTICATION_ASKED, operator=operator, facts={"reason": reason})
        now = SystemClock().now()
        with as_owner(loaded.beside.parent):
            reauthenticating.ask(loaded.beside, now)
    except OperatorUnclear as error:
        printing.fail(str(error))
    except (LogUnusable, OSError) as error:
        printing.fail(str(error), printing.FINDING)
    except Refusal as refusal:
        printing.fail(f"nothing was done, for the evidence log has no entry of it: {refusal.detail}", printing.FINDING)
    if output == "json":
        printing.as_json({"asked": now.isoformat(), "file": str(reauthenticating.beside(loaded.beside))})
    else:
        click.echo(
            "every gateway beside this log has its callers authenticate anew; kuacheng_connections_accepted_total shows them come"
        )


COMMANDS: Final = (reauthenticate,)
