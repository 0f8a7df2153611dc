"""`kuacheng certs issue`: certificates from the small CA that is built in, and what a department is handed with one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli import printing
from gateway.cli.certs_authority import passphrase, passphrase_env, passphrase_file
from gateway.cli.certs_naming import naming, wanted

if TYPE_CHECKING:
    from certs.authority import Authority
    from certs.extensions import Profile
    from certs.issuing import Issued, Kind, Place
    from gateway.config import Loaded

_MOST: Final = 1 << 18
_NOWHERE: Final = ("0.0.0.0", "::", "[::]")  # noqa: S104  compared with, not listened on


@click.command("issue")
@naming
@click.option(
    "--authority", "at", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="The CA's certificate."
)
@click.option(
    "--csr", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The request; its key stays where it is."
)
@click.option("--new-key", is_flag=True, help="Make the key here, for who cannot make a request. It travels then.")
@click.option("--days", type=click.IntRange(min=1), help="Its life; by default 30, at most 90.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder for what is handed over.")
@click.option("--zip", "packed", is_flag=True, help="Beside the folder, the same as OUT.zip.")
@click.option(
    "--onboarding", is_flag=True, help="With CA, address, .proto files, test and README: all that the department needs."
)
@click.option("--endpoint", metavar="HOST:PORT", help="The gateway's address as callers reach it; else that of gateway.yaml.")
@click.option(
    "--gateway-ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Else the ca.pem beside its certificate."
)
@passphrase_file
@passphrase_env
@printing.operator
@printing.config
@printing.output
def issue(at: Path, csr: Path | None, out: Path, path: str, output: str, *, new_key: bool, **given: Any) -> None:
    """Issue a certificate from the built-in CA.

    For a request (CSR), or with a new key; every one is recorded.

    \b
    kuacheng certs issue --authority ca/foshan.pem --passphrase-file ca/passphrase \\
        --trust-domain foshan.test --department 11440600M00000473U --system housing-desk \\
        --csr housing-desk.csr --onboarding -c gateway.yaml --out housing-desk
    """
    from certs import onboarding
    from certs.issuing import IssueRefused
    from certs.requests import RequestRefused
    from gateway.config.files import Unreadable
    from gateway.ledger.records import LogUnusable
    from gateway.model.refusal import Refusal

    if (csr is None) == (not new_key):
        raise click.UsageError("give either --csr FILE, which is better, or --new-key")
    _refuse_operator(given["operator"])
    try:
        kind, profile = wanted(given)
        place, signer = _authority(at, given)
        around = _around(given, Path(path), output, signer) if given["onboarding"] else None
        if out.exists():
            raise FileExistsError(f"{out} is there already; name another folder, nothing was overwritten")
        issued = _issued(place, signer, (kind, profile), csr, given["days"])
        if around:
            _recorded(around[0], issued, kind, given["operator"])
        made = onboarding.files(_onboarding(profile, issued, around[1])) if around else _bare(issued)
        onboarding.lay_out(out, made)
        if given["packed"]:
            onboarding.pack(out.with_name(f"{out.name}.zip"), made)
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except (IssueRefused, RequestRefused) as error:
        printing.fail(f"nothing was issued: {error}", printing.FINDING)
    except (LogUnusable, Refusal) as error:
        printing.fail(f"nothing was handed out, for the evidence log has no entry of it: {error}", printing.FINDING)
    except OSError as error:
        printing.fail(str(error))
    _told(profile, issued, out, sorted(made), output)


COMMANDS: Final = (issue,)


def _authority(at: Path, given: Mapping[str, Any]) -> tuple[Place, Authority]:
    from certs.authority import Authority
    from certs.issuing import IssueRefused, Place
    from gateway.config.files import read_file

    place = Place(at)
    try:
        signer = Authority.load(
            read_file(place.certificate, most=_MOST), read_file(place.key, most=_MOST, private=True), passphrase(given)
        )
    except ValueError as error:
        raise IssueRefused(f"{at}: {error}") from error
    return place, signer


def _issued(place: Place, signer: Authority, asked_for: tuple[Kind, Profile], csr: Path | None, days: int | None) -> Issued:
    from certs import issuing, requests
    from gateway.clock import SystemClock
    from gateway.config.files import read_file

    kind, profile = asked_for
    life = issuing.TERMS[kind].life if days is None else timedelta(days=days)
    key = None
    if csr is not None:
        asked = requests.read(read_file(csr, most=_MOST))
        if asked.uris and asked.uris != (profile.uri,):
            raise requests.RequestRefused(
                f"the request is for {', '.join(asked.uris)}, and not for {profile.uri}; ask who made it"
            )
        key = asked.key
    return issuing.issue(place, signer, kind, profile, now=SystemClock().now(), life=life, key=key)


def _around(given: Mapping[str, Any], path: Path, output: str, signer: Authority) -> tuple[Loaded, Mapping[str, Any]]:
    """The gateway, and what the department needs of it; refused where the gateway would not know the certificate."""
    from cryptography import x509

    from certs import extensions
    from certs.issuing import IssueRefused
    from gateway.cli.problems import loaded_or_fail
    from gateway.client.contract import protos
    from gateway.config.files import read_file
    from gateway.holdings import own

    loaded = loaded_or_fail(path, output)
    _refuse_stranger(loaded, given["trust_domain"], signer)
    served = own(loaded)[0]
    known = given["gateway_ca"] or served.published
    if known is None:
        raise IssueRefused("it is not known by which CA callers know the gateway; give --gateway-ca FILE")
    hosts = extensions.hosts(x509.load_pem_x509_certificate(served.certificate_pem))
    return loaded, {
        "gateway_ca": read_file(known, most=_MOST),
        "endpoint": given["endpoint"] or _address(loaded),
        "server_name": str(hosts[0].value) if hosts else "",
        "protos": protos(),
    }


def _recorded(loaded: Loaded, issued: Issued, kind: Kind, operator: str) -> None:
    """The gateway for which a certificate is made keeps the act in its evidence log, before the certificate is handed out."""
    from certs.facts import all_facts
    from gateway.acts import record_by_command
    from gateway.model.act import Act

    (said,) = all_facts(issued.certificate)
    facts = {"uri": said.uri, "serial": said.serial, "fingerprint": said.fingerprint, "profile": kind.value}
    record_by_command(loaded, Act.CERTIFICATE_ISSUED, operator=operator, facts=facts)


def _refuse_operator(operator: str) -> None:
    """Before anything is issued."""
    from gateway.acts import OperatorUnclear, actor
    from gateway.model.act import HostRole

    try:
        actor(HostRole.COMMAND, operator)
    except OperatorUnclear as error:
        printing.fail(str(error))


def _refuse_stranger(loaded: Loaded, trust_domain: str, signer: Authority) -> None:
    from certs.facts import all_facts, facts
    from certs.issuing import IssueRefused

    anchor = loaded.world.trust.anchors.get(trust_domain)
    if anchor is None:
        raise IssueRefused(f"gateway.yaml has no region with the trust domain {trust_domain}")
    if facts(signer.certificate).fingerprint not in {each.fingerprint for each in all_facts(anchor.authorities)}:
        raise IssueRefused(
            f"the gateway would refuse it: this CA is not among the authorities of region {anchor.region}; put it there first"
        )


def _address(loaded: Loaded) -> str:
    from certs.issuing import IssueRefused

    address = loaded.server.address
    if address.host in _NOWHERE or address.port == 0:
        raise IssueRefused(f"callers cannot reach {address}; give the gateway's address: --endpoint HOST:PORT")
    return str(address)


def _onboarding(profile: Profile, issued: Issued, around: Mapping[str, Any]) -> Any:
    from cryptography import x509

    from certs.onboarding import Onboarding

    ends = x509.load_pem_x509_certificate(issued.certificate).not_valid_after_utc
    return Onboarding(uri=profile.uri, certificate=issued.certificate, key=issued.key, not_after=ends, **around)


def _bare(issued: Issued) -> Mapping[str, bytes]:
    from certs.onboarding import CERTIFICATE, KEY

    return {CERTIFICATE: issued.certificate} | ({KEY: issued.key} if issued.key else {})


def _told(profile: Profile, issued: Issued, out: Path, files: list[str], output: str) -> None:
    from cryptography import x509

    from certs.facts import facts

    said = facts(x509.load_pem_x509_certificate(issued.certificate))
    if output == "json":
        told = {"uri": said.uri, "serial": said.serial, "sha256": said.fingerprint, "not_after": said.not_after.isoformat()}
        printing.as_json({**told, "folder": str(out), "files": files})
        return
    click.echo(
        f"{profile.uri}\n  serial   {said.serial}\n  SHA-256  {said.fingerprint}\n  until    {said.not_after:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(f"  folder   {out}")
    if issued.key:
        click.echo("its key is in there: hand it over on a way that nobody reads, and delete it here")
