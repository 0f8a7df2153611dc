"""`kuacheng certs renew`: what the gateway shows is renewed in time, once or for as long as this runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from certs.issuers import Issuer
    from gateway.changing import Place
    from gateway.config.certificate_sections import AcmeSettings, RenewalSettings
    from gateway.config.reference_sections import SecretFile
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
    _note(renewer, done)
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
    watch(renewer, fraction, ending.wait, lambda done: _note(renewer, done), lambda done: _tell(done, output))


def _note(renewer: Renewer, done: Round) -> None:
    """For the gateway's metrics; without them it was renewed all the same."""
    from certs.custody import as_owner
    from gateway import renewals
    from gateway.renewing import Result

    tried = "" if done.result is Result.NOTHING_DUE else done.result.value
    try:
        with as_owner(renewer.place.loaded.beside.parent):
            renewals.note(renewer.place.loaded.beside, tried, None if done.result is Result.FAILED else done.then.timestamp())
    except OSError as error:
        click.echo(f"the metrics of this renewal could not be written: {error}", err=True)


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

    return Renewer(place, _issuers(policy, path.parent), record, SystemClock(), policy.activation == "automatic", force)


def _issuers(policy: RenewalSettings, base: Path) -> tuple[Issuer, ...]:
    """ACME first, for what it can certify."""
    from certs.issuers import Program
    from gateway.config.files import Unreadable

    try:
        acme = (_acme(policy.acme, base),) if policy.acme else ()
        if policy.authority is not None:
            return (*acme, _built_in(base / policy.authority, _secret(policy.passphrase, base)))
        return (*acme, Program(policy.command)) if policy.command else acme
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except OSError as error:
        printing.fail(str(error))


def _built_in(certificate: Path, secret: bytes | None) -> Issuer:
    from certs.authority import Authority
    from certs.issuers import BuiltIn
    from certs.issuing import Place
    from gateway.config.files import read_file

    place = Place(certificate)
    pem, key = read_file(place.certificate, most=_MOST), read_file(place.key, most=_MOST, private=True)
    try:
        return BuiltIn(place, Authority.load(pem, key, secret))
    except ValueError as error:
        printing.fail(f"{place.certificate}: {error}")


def _acme(wanted: AcmeSettings, base: Path) -> Issuer:
    """The account's key is made where there is none: the CA knows the account by it and by nothing else."""
    from certs import custody
    from certs.acme import Account, Acme, account_key
    from certs.proving import Page, Record
    from gateway.config.files import read_file

    key, binding = base / wanted.account_key, wanted.external_account
    if not key.exists():
        custody.write_key(key, account_key())
    external = (binding.id, (_secret(binding.key, base) or b"").decode()) if binding else None
    authorities = str(base / wanted.authorities.file) if wanted.authorities else ""
    account = Account(wanted.directory, read_file(key, most=_MOST, private=True), wanted.contact, authorities, external)
    prover = Page(wanted.http.host, wanted.http.port) if wanted.http else Record(wanted.dns)
    return Acme(account, wanted.names, prover)


def _secret(named: SecretFile | None, base: Path) -> bytes | None:
    from gateway.config.files import read_file

    return read_file(base / named.file, most=1 << 12, private=True).strip() if named else None


def _tell(done: Round, output: str) -> None:
    if output == "json":
        told = {"result": done.result.value, "names": done.names, "generation": done.generation, "says": done.says}
        printing.as_json({**told, "next": done.then.isoformat()})
    else:
        click.echo(done.says)
