"""`kuacheng certs renew`: what the gateway shows is renewed in time, once or for as long as this runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli import printing
from gateway.cli.certs_finding import quiet

if TYPE_CHECKING:
    from certs.issuers import Issuer
    from gateway.changing import Place
    from gateway.config.certificate_sections import RenewalSettings
    from gateway.model.act import Act
    from gateway.renewing import Renewer, Round

_MOST: Final = 1 << 18


@click.command("renew")
@click.option("--watch", "watched", is_flag=True, help="Go on until it is told to end, and renew whenever something falls due.")
@click.option("--force", is_flag=True, help="Renew everything now, although nothing is due.")
@printing.config
@printing.operator
@printing.output
def renew(path: str, operator: str, output: str, *, watched: bool, force: bool) -> None:
    """Renew what the gateway shows.

    Asks the issuer that `renewal` in gateway.yaml names, a little before two thirds of a life are over, with a new key each time; stages
    what comes as a generation, and puts that in force unless `activation: manual` leaves it to a person. Exit status: 0 nothing is
    due or the new ones are in force, 1 it failed or a person must activate, 2 wrong use.
    """
    quiet()
    from gateway.acts import OperatorUnclear, actor
    from gateway.model.act import HostRole
    from gateway.renewing import Result

    if watched and force:
        raise click.UsageError("--force is for one round; leave out --watch")
    try:
        actor(HostRole.COMMAND, operator)
    except OperatorUnclear as error:
        printing.fail(str(error))
    renewer = _renewer(Path(path), operator, output, force=force)
    if watched:
        _watch(renewer, output)
        return
    done = renewer.round()
    _tell(done, output)
    raise SystemExit(printing.FINDING if done.result in {Result.FAILED, Result.WAITING} else 0)


COMMANDS: Final = (renew,)


def _watch(renewer: Renewer, output: str) -> None:
    import signal
    from threading import Event

    from gateway.clock import fraction
    from gateway.renewing import watch

    ending = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ending.set())
    watch(renewer, fraction, ending.wait, lambda done: _tell(done, output))


def _renewer(path: Path, operator: str, output: str, *, force: bool) -> Renewer:
    import os

    from gateway.acts import record_by_command
    from gateway.changing import NotInGenerations, Place
    from gateway.cli.problems import loaded_or_fail
    from gateway.clock import SystemClock
    from gateway.config import load
    from gateway.renewing import Renewer

    loaded = loaded_or_fail(path, output)
    policy = loaded.settings.renewal
    if policy is None:
        printing.fail("gateway.yaml has no `renewal`: name there who issues; docs/certificates-rotation.md shows how")
    try:
        place: Place = Place.of(loaded, lambda instead: load(path, os.environ, instead))
    except NotInGenerations as error:
        printing.fail(str(error))

    def record(act: Act, facts: Mapping[str, str]) -> object:
        return record_by_command(loaded, act, operator=operator, facts=facts)

    return Renewer(place, _issuer(policy, path.parent), record, SystemClock(), policy.activation == "automatic", force)


def _issuer(policy: RenewalSettings, base: Path) -> Issuer:
    from certs.authority import Authority
    from certs.issuers import BuiltIn, Program
    from certs.issuing import Place
    from gateway.config.files import Unreadable, read_file

    if policy.authority is None:
        return Program(policy.command)
    place = Place(base / policy.authority)
    try:
        secret = read_file(base / policy.passphrase.file, most=1 << 12, private=True).strip() if policy.passphrase else None
        certificate, key = read_file(place.certificate, most=_MOST), read_file(place.key, most=_MOST, private=True)
        return BuiltIn(place, Authority.load(certificate, key, secret))
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except ValueError as error:
        printing.fail(f"{place.certificate}: {error}")


def _tell(done: Round, output: str) -> None:
    if output == "json":
        told = {"result": done.result.value, "names": done.names, "generation": done.generation, "says": done.says}
        printing.as_json({**told, "next": done.then.isoformat()})
    else:
        click.echo(done.says)
