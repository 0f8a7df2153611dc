"""`kuacheng receipt`: verifies and shows receipts, offline; fetches one anew from the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.client import Fetched, Proven, Receipt, Verified
    from gateway.client.filing import Filed
    from gateway.model.exchange import Entry

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))


@click.group("receipt")
def command() -> None:
    """Verify and show receipts, without a server and without network; fetch one anew."""


@command.command("verify")
@_file
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="Verifier key of the log, or a file with one a line; may be given again, also for witnesses who must have cosigned.",
)
@click.option(
    "--policy",
    type=click.File(encoding="utf-8"),
    help="A C2SP policy file: keys of logs and witnesses, and whose cosignatures the checkpoint needs.",
)
@printing.output
def verify(file: str, keys: tuple[str, ...], policy: Any, output: str) -> None:
    """Check offline that an evidence log holds an exchange, with the question and the answer that FILE has.

    FILE is what `kuacheng query -o json` or `kuacheng receipt fetch` printed, or its member `receipt`; - is standard input.

    \b
    kuacheng query --sample 0 -o json > answer.json
    kuacheng receipt verify answer.json --key log.gateway.test/development+0a1b2c3d+AbCd...

    Whatever stands in FILE is checked, named as not proven, or refused.

    Exit status: 0 everything that is there holds, 1 something does not, 2 wrong use.
    """
    from gateway.client import ReceiptRefused

    if not keys and not policy:
        raise click.UsageError("give --key, the verifier key of the log, or --policy, a file that names it")
    filed, vkeys = _filed(file), [line for each in keys for line in _lines(each)]
    try:
        verified, intent = filed.verify(vkeys, policy.read() if policy else None)
    except UnicodeDecodeError:
        raise click.UsageError("--policy is not in UTF-8; name the policy file that the log's operator gave you") from None
    except ReceiptRefused as error:
        if output == "json":
            printing.as_json({"verified": False, "refused": str(error)})
            raise SystemExit(printing.FINDING) from None
        printing.fail(f"not verified: {error}", printing.FINDING)
    if output == "json":
        printing.as_json({**_verdict(verified, intent), "unproven": list(filed.unproven)})
        return
    _tell(verified, intent)
    for name in filed.unproven:
        click.echo(f"  {name}: in the file, and no receipt proves it")


@command.command("show")
@_file
@printing.output
def show(file: str, output: str) -> None:
    """Show what a receipt says. Nothing is verified."""
    from gateway.client import ReceiptRefused
    from gateway.client.proving import read_leaf
    from gateway.ledger.checkpoint import Proof
    from gateway.ledger.note import NoteRefused

    filed = _filed(file)
    try:
        entry, stated = read_leaf(filed.receipt.leaf), Proof.parse(filed.receipt.proof).stated()
    except (ReceiptRefused, NoteRefused) as error:
        printing.fail(f"the receipt cannot be read: {error}", printing.FINDING)
    told: dict[str, Any] = {
        "log": filed.receipt.log,
        "intent_index": filed.receipt.intent_index,
        "outcome_index": filed.receipt.outcome_index,
        "tree_size": stated.size,
        "tree_root": stated.root.hex(),
        "leaf_hash": filed.receipt.leaf_hash.hex(),
        "binding_key": bool(filed.receipt.binding_key),
        "entry": _entry(entry),
    }
    if output == "json":
        printing.as_json(told)
        return
    facts = [(name, _text(value)) for name, value in told.pop("entry").items()]
    printing.table("receipt, not verified", ("part", "value"), [*((name, str(value)) for name, value in told.items()), *facts])


@command.command("fetch")
@click.argument("exchange_id", required=False)
@click.option(
    "--complete",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `kuacheng query --receipt reference -o json` printed: print it with the whole receipt.",
)
@click.option("--gateway", help="host:port of the gateway.")
@click.option("--server-name", help="Name expected in the gateway's certificate, if it is not the host.")
@click.option("--cert", type=click.Path(dir_okay=False, path_type=Path), help="Your certificate, PEM.")
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="Its key, PEM.")
@click.option("--ca", type=click.Path(dir_okay=False, path_type=Path), help="The gateway's authorities, PEM.")
@click.option(
    "--dev",
    type=click.Path(dir_okay=False, path_type=Path),
    help="dev.json of a running `kuacheng dev`; .kuacheng/dev.json is found.",
)
@click.option("--client", help="Which client of dev.json asks.")
def fetch(**given: Any) -> None:
    """Fetch the receipt of an exchange of your department, newly proven, and print it as JSON.

    It has no binding key: that one came with the answer and is kept nowhere else. Where the log has witnesses, it is proven under the
    newest checkpoint that they have cosigned, if that covers the exchange.
    """
    import asyncio

    from gateway.cli.question import way
    from gateway.client import ClientFailure
    from gateway.model.binding import plain

    answer = _reference(given["complete"]) if given["complete"] else None
    exchange_id = answer["exchange_id"] if answer else given["exchange_id"]
    if not exchange_id or (answer and given["exchange_id"]):
        raise click.UsageError("give EXCHANGE_ID, or --complete FILE")
    found = way({**given, "sample": None})
    try:
        fetched = asyncio.run(_fetched(found, exchange_id))
    except ClientFailure as failure:
        printing.fail(f"not fetched: {failure.message}", printing.FINDING)
    if fetched.receipt is None:
        printing.fail("the exchange has not ended yet; there is no receipt", printing.FINDING)
    printing.as_json(_completed(answer, fetched.receipt) if answer else plain(fetched))


def _reference(file: Path) -> dict[str, Any]:
    """The answer that a file holds, with an exchange id and a receipt."""
    import json

    filed = _filed(str(file))
    answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if not filed.claim.exchange_id:
        printing.fail(f"{file} is no answer: it is what `kuacheng query --receipt reference -o json` printed")
    return answer


def _completed(answer: dict[str, Any], fetched: Receipt) -> dict[str, Any]:
    """The answer with a receipt that can be verified."""
    import json

    from gateway.client import ReceiptRefused, filing
    from gateway.model.binding import plain

    try:
        return {**answer, "receipt": plain(filing.read(json.dumps(answer)).receipt.completed(fetched))}
    except ReceiptRefused as error:
        printing.fail(f"not completed: {error}", printing.FINDING)


async def _fetched(found: dict[str, Any], exchange_id: str) -> Fetched:
    from gateway.client import Client

    async with Client(found["target"], found["identity"], server_name=found["server_name"]) as client:
        return await client.receipt(exchange_id)


def _filed(file: str) -> Filed:
    from gateway.client import ReceiptRefused, filing

    try:
        with click.open_file(file, "rb") as opened:
            return filing.read(opened.read().decode())
    except ReceiptRefused as error:
        printing.fail(f"{file}: {error}")
    except (OSError, UnicodeDecodeError):
        printing.fail(f"{file} cannot be read, or is not in UTF-8")


def _lines(key: str) -> Sequence[str]:
    """The verifier keys that an option names: itself, or the lines of a file."""
    from gateway.client.proving import is_vkey

    if is_vkey(key):
        return (key,)
    try:
        found = [line.strip() for line in Path(key).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        raise click.UsageError(
            "--key is neither a verifier key, <name>+<8 digits>+<base64>, nor a file with one a line"
        ) from None
    wanted = [line for line in found if line and not line.startswith("#")]
    if not wanted or not all(is_vkey(line) for line in wanted):
        raise click.UsageError(f"{key} holds something that is no verifier key: <name>+<8 digits>+<base64>")
    return wanted


def _verdict(verified: Verified, intent: Proven | None) -> dict[str, Any]:
    ending = verified.ending
    return {
        "verified": True,
        "log": ending.log,
        "index": ending.index,
        "tree_size": ending.size,
        "signed_by": list(ending.signed_by),
        "witnessed": [{"name": name, "at": at.isoformat()} for name, at in ending.witnessed],
        "question": verified.question,
        "answer": verified.answer,
        "intent": intent is not None,
        "entry": _entry(verified.entry),
    }


def _tell(verified: Verified, intent: Proven | None) -> None:
    ending, entry = verified.ending, verified.entry
    click.echo(f"verified: {ending.log} holds exchange {entry.exchange_id} at {ending.index} of {ending.size} entries")
    click.echo(f"  {entry.facts.get('result', entry.kind.value)}, recorded as of {entry.at.isoformat(timespec='milliseconds')}")
    click.echo(f"  signed by {', '.join(ending.signed_by)}")
    for name, at in ending.witnessed:
        click.echo(f"  cosigned by {name} at {at.isoformat()}")
    for name, checked in (("question", verified.question), ("answer", verified.answer), ("intent", intent is not None)):
        click.echo(f"  {name}: {'holds' if checked else 'not in the file, not checked'}")


def _entry(entry: Entry) -> dict[str, Any]:
    facts = {name: list(value) if isinstance(value, tuple) else value for name, value in entry.facts.items()}
    return {"kind": entry.kind.value, "exchange_id": entry.exchange_id, "at": entry.at.isoformat(), **facts}


def _text(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
