"""`kuacheng certs csr` and `import`: a key that never leaves this host, and the certificate that an outside CA gave for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli import printing
from gateway.cli.certs_finding import as_plain, told
from gateway.cli.certs_naming import naming, wanted
from gateway.cli.language import lang

if TYPE_CHECKING:
    from certs.findings import Finding
    from certs.generations import Generation

_MOST: Final = 1 << 18


@click.command("csr")
@naming
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Path of both files, without suffix: OUT.key, OUT.csr."
)
@printing.output
def csr(out: Path, output: str, **given: Any) -> None:
    """Make a key here and a request for it (CSR).

    Only the request is to be sent away; the key stays on this host.

    \b
    kuacheng certs csr --trust-domain foshan.test --department 11440600M00000473U \\
        --system housing-desk --out mine/housing-desk
    """
    from certs import custody, requests

    _, profile = wanted(given)
    key, request = out.with_name(f"{out.name}.key"), out.with_name(f"{out.name}.csr")
    made = requests.make(profile)
    try:
        custody.private_folder(out.parent)
        custody.write_key(key, made.key)
        custody.write_certificate(request, made.request)
    except FileExistsError as error:
        printing.fail(f"{error.filename2 or error.filename} is there already; nothing was overwritten, give another --out")
    except OSError as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json({"uri": profile.uri, "key": str(key), "request": str(request)})
        return
    click.echo(f"{profile.uri}\n  key      {key}, stays here\n  request  {request}, send it to the CA")


@click.command("import")
@click.argument("issued", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="The key of the request."
)
@click.option("--name", required=True, help="Its name in the generation, without suffix, such as server or client.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The CAs by which peers judge it, to become ca.pem; else the ca.pem in force.",
)
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="The folder of generations; else that of gateway.yaml."
)
@printing.config
@lang
@printing.output
def imported(issued: Path, path: str, lang: str, output: str, **given: Any) -> None:
    """Stage what an outside CA ISSUED.

    As a new generation, checked against the key, by preflight and by a handshake, whole or not at all. `kuacheng certs
    activate` puts it in force; the first generation of a folder is in force at once. Exit status 1, and nothing changed,
    where anything is wrong with it.
    """
    from certs.generations import GenerationRefused
    from gateway.config.files import Unreadable

    try:
        generation, found = _staged(issued, given["into"] or _folder(path, output), given)
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except GenerationRefused as error:
        _refused(error.args[0].partition("\n")[0], error.findings, lang, output)
    except OSError as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json(
            {"generation": generation.name, "state": generation.state, "findings": [as_plain(each) for each in found]}
        )
        return
    for each in found:
        click.echo(told(each, lang), err=True)
    click.echo(f"generation {generation.name} is {generation.state}: {generation.folder / given['name']}.pem")
    click.echo(f"its key lies there too; when it serves, delete {given['key']}")


COMMANDS: Final = (csr, imported)


def _folder(path: str, output: str) -> Path:
    from gateway.changing import NotInGenerations, Place
    from gateway.cli.problems import loaded_or_fail

    loaded = loaded_or_fail(Path(path), output)
    try:
        return Place.of(loaded, lambda _: loaded).folder
    except NotInGenerations as error:
        printing.fail(f"{error}; or give --into FOLDER")


def _staged(issued: Path, into: Path, given: Mapping[str, Any]) -> tuple[Generation, tuple[Finding, ...]]:
    """The new generation, and what is odd about its material without keeping it out."""
    from functools import partial

    from certs import generations
    from certs.findings import Severity
    from certs.preflight import roles
    from certs.readiness import Material, ready
    from gateway.clock import SystemClock
    from gateway.config.files import read_file

    now, name = SystemClock().now(), given["name"]
    certificate, secret = read_file(issued, most=_MOST), read_file(given["key"], most=_MOST, private=True)
    bundle = read_file(given["ca"] or into / generations.CURRENT / generations.PUBLISHED, most=_MOST)
    found = tuple(
        finding
        for role in roles(certificate)
        for finding in ready(Material(name=str(issued), role=role, certificate=certificate, key=secret, published=bundle), now)
    )
    if any(each.severity is Severity.ERROR for each in found):
        raise generations.GenerationRefused(f"{issued} is not put in place:", found)
    judge = partial(generations.judged, now=now)
    changes = {f"{name}.pem": certificate, f"{name}.key": secret, generations.PUBLISHED: bundle}
    staged = generations.stage(into, changes, judge)
    first = generations.current(into) is None
    return (generations.activate(into, staged.name, judge) if first else staged), found


def _refused(message: str, findings: tuple[Finding, ...], lang: str, output: str) -> None:
    if output == "json":
        printing.as_json({"refused": message, "findings": [as_plain(each) for each in findings]})
        raise SystemExit(printing.FINDING)
    printing.fail("\n".join((message, *(told(each, lang) for each in findings))), printing.FINDING)
