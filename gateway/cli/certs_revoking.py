"""`kuacheng certs revoke` and `unrevoke`: the deny-list, which a running gateway follows within a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from certs.denying import Denied
    from gateway.config import Loaded

_UNKNOWN = (
    "but nothing that is known here bears that name: no certificate in use, none that a caller has shown (but for the last two seconds), "
    "no agreement. It stands on the deny-list all the same; look whether it is what `kuacheng certs list` shows, and take it out with "
    "`kuacheng certs unrevoke` where it is not"
)
_REASON = "Why, in a few words; it is recorded. No names of persons."


@click.command("revoke")
@click.option("--uri", default="", help="A whole system, by its SPIFFE URI, until it is taken out again.")
@click.option("--certificate", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One certificate, PEM.")
@click.option("--fingerprint", default="", help="One certificate, by its SHA-256.")
@click.option(
    "--serial", default="", help="One certificate, by its serial number (hex, as openssl or a browser prints it); needs --issuer."
)
@click.option(
    "--issuer",
    default="",
    help="The issuer of that certificate, as `kuacheng certs list` shows it (RFC 4514), or as openssl does.",
)
@click.option("--reason", required=True, help=_REASON)
@printing.config
@printing.operator
@printing.output
def revoke(path: str, operator: str, output: str, reason: str, file: Path | None, **named: str) -> None:
    """Refuse a certificate or a system at once: its calls, its open streams and its resumed sessions."""
    from certs import denying
    from certs.denying import Denied
    from gateway.acts import actor
    from gateway.clock import SystemClock
    from gateway.model.act import Act, HostRole
    from gateway.recognising import is_known, items, spelled

    if file is not None and named["fingerprint"]:
        raise click.UsageError("give --certificate or --fingerprint, not both")
    if file is not None:
        named["fingerprint"] = _fingerprint(file)

    def act(loaded: Loaded) -> dict[str, Any]:
        by = actor(HostRole.COMMAND, operator)
        said, known = denying.now_said(SystemClock().now()), items(loaded)
        named["fingerprint"] = named["fingerprint"].replace(":", "").lower()
        named["serial"] = named["serial"] and denying.serial(named["serial"])
        denied = spelled(Denied(reason=reason, by=by.operator or by.os_user, at=said, **named), known)
        facts = {"revoked": denied.what, "reason": reason}
        denying.deny(loaded.deny_list, denied, _record(loaded, Act.CERTIFICATE_REVOKED, operator, facts))
        return {
            "revoked": denied.what,
            "list": str(loaded.deny_list),
            "known": file is not None or is_known(denied, known, loaded),
        }

    done = _carried_out(act, path, output, "is refused from now on by every gateway that reads")
    if not done["known"]:
        printing.fail(_UNKNOWN, printing.FINDING)


@click.command("unrevoke")
@click.argument("what")
@click.option("--reason", required=True, help=_REASON)
@printing.config
@printing.operator
@printing.output
def unrevoke(what: str, path: str, operator: str, output: str, reason: str) -> None:
    """Take a certificate or a system out of the deny-list. WHAT is as `kuacheng certs revoked` shows it."""
    from certs import denying
    from gateway.model.act import Act

    def act(loaded: Loaded) -> dict[str, Any]:
        facts = {"revoked": what, "reason": reason}
        denying.allow(loaded.deny_list, what, _record(loaded, Act.CERTIFICATE_UNREVOKED, operator, facts))
        return {"revoked": what, "list": str(loaded.deny_list)}

    _carried_out(act, path, output, "is judged by its CA alone again, by every gateway that reads")


@click.command("revoked")
@printing.config
@printing.output
def revoked(path: str, output: str) -> None:
    """Show the deny-list. Revocations by a CA's own list are not in it."""
    from dataclasses import asdict

    from certs import denying

    def act(loaded: Loaded) -> tuple[Denied, ...]:
        return denying.read(loaded.deny_list)

    found = _attempted(act, path, output)
    if output == "json":
        printing.as_json({"revoked": [asdict(each) for each in found]})
    elif not found:
        click.echo("the deny-list is empty")
    for each in found if output == "text" else ():
        click.echo(f"{each.what}\n  {each.reason}; by {each.by}, {each.at}")


def _carried_out(act: Callable[[Loaded], dict[str, Any]], path: str, output: str, told: str) -> dict[str, Any]:
    done: dict[str, Any] = _attempted(act, path, output)
    if output == "json":
        printing.as_json(done)
    else:
        click.echo(f"{done['revoked']} {told} {done['list']}")
    return done


def _fingerprint(file: Path) -> str:
    from certs.facts import all_facts

    try:
        return all_facts(file.read_bytes())[0].fingerprint
    except (ValueError, IndexError):
        printing.fail(f"{file} holds no PEM certificate that can be read")


def _record(loaded: Loaded, act: Any, operator: str, facts: dict[str, str]) -> Callable[[], object]:
    from gateway.acts import record_by_command

    return lambda: record_by_command(loaded, act, operator=operator, facts=facts)


def _attempted(act: Callable[[Loaded], Any], path: str, output: str) -> Any:
    from certs.denying import DenyListUnusable
    from gateway.acts import OperatorUnclear
    from gateway.cli.problems import loaded_or_fail
    from gateway.ledger.records import LogUnusable
    from gateway.model.refusal import Refusal

    try:
        return act(loaded_or_fail(Path(path), output))
    except (DenyListUnusable, LogUnusable, OSError) as error:
        printing.fail(str(error), printing.FINDING)
    except OperatorUnclear as error:
        printing.fail(str(error))
    except Refusal as refusal:
        printing.fail(f"nothing was done, for the evidence log has no entry of it: {refusal.detail}", printing.FINDING)


COMMANDS = (revoke, unrevoke, revoked)
