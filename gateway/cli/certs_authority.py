"""`kuacheng certs init` and `authority`: a development PKI, and a small CA with its key under a passphrase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli import printing

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

passphrase_file: Option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the key's passphrase, mode 600.",
)
passphrase_env: Option = click.option("--passphrase-env", metavar="NAME", help="Environment variable of the key's passphrase.")


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@printing.output
def init(folder: Path, output: str) -> None:
    """Make a throw-away PKI for development.

    In FOLDER, with a CA of each city and of the gateway, and certificates of them all. Its CA keys are not under a
    passphrase, and its names end in .test. For anything real: `kuacheng certs authority`.
    """
    from certs.development import DevelopmentPkiError, write_development_pki
    from gateway.clock import SystemClock
    from gateway.development.layout import CLIENTS

    try:
        pki = write_development_pki(folder, SystemClock().now(), CLIENTS)
    except (DevelopmentPkiError, OSError) as error:
        printing.fail(str(error))
    if output == "json":
        clients = {name: str(pair.certificate) for name, pair in pki.clients.items()}
        authorities = {name: str(pair.certificate) for name, pair in pki.authorities.items()}
        printing.as_json({"folder": str(folder), "authorities": authorities, "clients": clients})
        return
    click.echo(f"{folder}: for development only\n  gateway  {pki.gateway_server.certificate}, {pki.gateway_client.certificate}")
    click.echo(f"  CAs      {', '.join(str(each.certificate) for each in pki.authorities.values())}")
    click.echo(f"  clients  {', '.join(str(each.certificate) for each in pki.clients.values())}")


@click.command("authority")
@click.option("--trust-domain", required=True, help="The only trust domain that it speaks for, such as foshan.example.gov.cn.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Path of its files, without suffix: OUT.pem, OUT.key."
)
@click.option("--days", type=click.IntRange(1, 3650), default=1825, show_default=True, help="Its life.")
@passphrase_file
@passphrase_env
@printing.output
def authority(trust_domain: str, out: Path, days: int, output: str, **given: Any) -> None:
    """Make a small CA for one trust domain.

    Its key is on P-256 and under a passphrase, and it signs leaves only (path length 0).
    """
    from certs.facts import facts
    from certs.issuing import IssueRefused, Place, establish
    from gateway.clock import SystemClock

    place = Place(out.with_name(f"{out.name}.pem"))
    secret = passphrase(given)
    if secret is None:
        raise click.UsageError("--passphrase-file or --passphrase-env is missing: a CA's key does not lie open")
    try:
        made = establish(place, trust_domain, secret, SystemClock().now(), timedelta(days=days))
    except FileExistsError as error:
        printing.fail(f"{error.filename2 or error.filename} is there already; nothing was overwritten, give another --out")
    except (IssueRefused, OSError) as error:
        printing.fail(str(error))
    said = facts(made.certificate)
    if output == "json":
        printing.as_json({"certificate": str(place.certificate), "key": str(place.key), "sha256": said.fingerprint})
        return
    click.echo(f"{said.name}\n  certificate  {place.certificate}, for bundles\n  key          {place.key}, stays here")
    click.echo(f"  SHA-256      {said.fingerprint}, to be read out to partners on another way")


COMMANDS: Final = (init, authority)


def passphrase(given: Mapping[str, Any]) -> bytes | None:
    """What the options name; None where they name nothing. Ends with wrong use where it cannot be read."""
    import os

    from gateway.config.files import Unreadable, read_file

    file, variable = given["passphrase_file"], given["passphrase_env"]
    if file and variable:
        raise click.UsageError("give --passphrase-file or --passphrase-env, not both")
    if file:
        try:
            return read_file(file, most=1 << 12, private=True).removesuffix(b"\n").removesuffix(b"\r") or None
        except Unreadable as error:
            printing.fail(f"{error.message}; {error.hint}")
    if variable and not os.environ.get(variable):
        raise click.UsageError(f"the variable {variable} is not set or empty")
    return os.environ[variable].encode() if variable else None
