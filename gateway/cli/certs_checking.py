"""`kuacheng certs check`: whether what we show and believe is ready, before a peer finds out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli import printing
from gateway.cli.certs_finding import as_plain, told
from gateway.cli.language import ZH, lang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certs.findings import Finding
    from gateway.config import Loaded

_MOST: Final = 1 << 18


@click.command("check")
@click.option("--cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Check this certificate instead, PEM.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its key, PEM.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The CAs by which its peers judge it, PEM."
)
@click.option(
    "--partner",
    "partners",
    multiple=True,
    metavar="NAME=FILE",
    help="A bundle as this partner has it: a region's code for its systems, any other name for a caller; may be given again.",
)
@printing.config
@lang
@printing.output
def check(partners: tuple[str, ...], path: str, lang: str, output: str, **pair: Path | None) -> None:
    """Check certificates as a peer would.

    Every one of the configuration, or one pair of files, by path validation and by real handshakes. Works before the gateway
    starts and beside one that runs. Exit status 1 if anything is found; each finding says how to mend it.
    """
    from gateway.clock import SystemClock
    from gateway.config.files import Unreadable

    now = SystemClock().now()
    try:
        bundles = _bundles(partners)
        if any(pair.values()):
            found, checked = _pair(pair["cert"], pair["key"], pair["ca"], bundles), str(pair["cert"])
        else:
            from gateway.cli.problems import loaded_or_fail
            from gateway.readiness import findings

            loaded = loaded_or_fail(Path(path), output)
            _refuse_unknown(bundles, loaded)
            found, checked = (*findings(loaded, bundles, now), *_responders(loaded)), path
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except OSError as error:
        printing.fail(str(error))
    _tell(found, checked, lang, output)


COMMANDS: Final = (check,)


def _responders(loaded: Loaded) -> tuple[Finding, ...]:
    import asyncio

    from gateway.asking import tried
    from gateway.clock import SystemClock, entropy

    if not any(each.ocsp for each in loaded.settings.regions.values()):
        return ()
    return asyncio.run(tried(loaded, SystemClock(), entropy))


def _tell(found: tuple[Finding, ...], checked: str, lang: str, output: str) -> None:
    if output == "json":
        printing.as_json({"checked": checked, "findings": [as_plain(each) for each in found]})
    else:
        for each in found:
            click.echo(told(each, lang), err=True)
        if not found:
            click.echo(f"{checked}：一切正常" if lang == ZH else f"{checked}: fine")
    raise SystemExit(printing.FINDING if found else 0)


def _pair(cert: Path | None, key: Path | None, ca: Path | None, bundles: Mapping[str, bytes]) -> tuple[Finding, ...]:
    from certs.preflight import roles
    from certs.readiness import Material, ready, rights
    from gateway.clock import SystemClock
    from gateway.config.files import read_file

    if cert is None or key is None:
        raise click.UsageError("--cert and --key belong together; --ca too, for a handshake")
    certificate, secret = read_file(cert, most=_MOST), read_file(key, most=_MOST)
    published, now = read_file(ca, most=_MOST) if ca else None, SystemClock().now()
    found = [
        finding
        for role in roles(certificate)
        for finding in ready(
            Material(name=str(cert), role=role, certificate=certificate, key=secret, published=published, partners=bundles), now
        )
    ]
    return tuple(dict.fromkeys((*found, *rights(str(cert), keys=(key,), others=[each for each in (cert, ca) if each]))))


def _bundles(partners: tuple[str, ...]) -> Mapping[str, bytes]:
    from gateway.config.files import read_file

    named = [each.partition("=") for each in partners]
    for name, equals, file in named:
        if not (name and equals and file):
            raise click.UsageError("--partner: write NAME=FILE, for instance 440600=foshan-bundle.pem")
    return {name: read_file(Path(file), most=_MOST) for name, _, file in named}


def _refuse_unknown(bundles: Mapping[str, bytes], loaded: Loaded) -> None:
    for name in bundles:
        if name.isdecimal() and name not in loaded.settings.regions:
            raise click.UsageError(f"--partner {name}: no such region; there are {', '.join(loaded.settings.regions)}")
