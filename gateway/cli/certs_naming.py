"""The options that say for whom a certificate is: its profile, and the name that follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from certs.extensions import Profile
    from certs.issuing import Kind

# As gateway.stages.identify reads it: what is issued here must be understood there.
_SYSTEM: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_OPTIONS: Final = (
    click.option(
        "--profile",
        type=click.Choice(["department", "gateway-server", "gateway-client", "gateway"]),
        default="department",
        show_default=True,
        help="What it is for; `gateway` is server and client in one.",
    ),
    click.option("--trust-domain", required=True, help="Of the region, as gateway.yaml names it; of a gateway, its own."),
    click.option("--department", help="Unified social credit code (统一社会信用代码) of the department."),
    click.option("--system", help="Name of the department's system: small letters, digits, '.' and '-'."),
    click.option("--name", help="Name of the gateway."),
    click.option("--dns", multiple=True, help="Host name that a server answers to; may be given again."),
    click.option("--ip", multiple=True, help="IP address that a server answers to; may be given again."),
)


def naming(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wanted(given: Mapping[str, Any]) -> tuple[Kind, Profile]:
    """The profile that the options describe. Ends with wrong use where they describe none."""
    from ipaddress import ip_address

    from certs.issuing import IssueRefused, Kind, profile

    kind = Kind(given["profile"])
    try:
        addresses = tuple(ip_address(each) for each in given["ip"])
        return kind, profile(kind, _uri(kind, given), tuple(given["dns"]), addresses)
    except IssueRefused as error:
        printing.fail(f"{error}: --dns NAME or --ip ADDRESS")
    except ValueError as error:
        printing.fail(str(error))


def _uri(kind: Kind, given: Mapping[str, Any]) -> str:
    from certs import subject
    from certs.issuing import Kind

    if kind is not Kind.DEPARTMENT:
        return subject.gateway(given["trust_domain"], _needed(given, "name"))
    return subject.department_system(given["trust_domain"], _department(given), _system(given))


def _department(given: Mapping[str, Any]) -> str:
    from gateway.model.identifiers import CreditCode, InvalidIdentifier

    code = _needed(given, "department")
    try:
        return CreditCode.parse(code).code
    except InvalidIdentifier:
        raise click.UsageError(
            f"--department {code}: no unified social credit code (GB 32100); compare it with the register"
        ) from None


def _system(given: Mapping[str, Any]) -> str:
    name = _needed(given, "system")
    if _SYSTEM.fullmatch(name) is None:
        raise click.UsageError(f"--system {name}: 1 to 63 small letters, digits, '.' and '-', beginning with a letter or digit")
    return name


def _needed(given: Mapping[str, Any], name: str) -> str:
    if not given[name]:
        raise click.UsageError(f"--{name} is missing; the profile {given['profile']} needs it")
    return str(given[name])
