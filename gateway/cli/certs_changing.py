"""`kuacheng certs stage`, `activate`, `taint`, `retire`, `rollback` and `status`: a change of certificates or of a CA, step by step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from certs.changing import Plan
    from certs.seen import Seen
    from gateway.changing import Place
    from gateway.model.act import Act

_Command = Callable[..., None]
_PAIR = (".pem", ".key")


class Span(click.ParamType[timedelta]):
    """A length of time with its unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """`90s`, `30m`, `24h` or `7d`."""
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration; write it as 90s, 30m, 24h or 7d", param, ctx)
        return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})


_region = click.option("--region", help="The region whose CA it is, six digits; without it, the CA of this gateway itself.")
_quiet = click.option(
    "--quiet-for", "quiet", type=Span(), default="24h", show_default=True, help="Nobody may have been seen under it for so long."
)
_file = click.Path(dir_okay=False, exists=True)


@dataclass(frozen=True, slots=True)
class Step:
    """What every step has in hand, and how it is done and told."""

    place: Place
    base: Path
    now: datetime
    operator: str
    output: str
    dry_run: bool

    def bundles(self, region: str | None) -> Mapping[str, bytes]:
        """Those that a region's CA stands in, or the one by which peers judge us."""
        from gateway.changing import bundles

        regions = self.place.loaded.settings.regions
        if region is not None and region not in regions:
            printing.fail(f"there is no region {region}; there are: {', '.join(regions)}")
        return bundles(self.place, self.base, region)

    def do(self, plan: Plan, following: str, name: str = "") -> None:
        """The plan's generation, or the one of this name, is put in force; unless this is a rehearsal."""
        from gateway.changing import carry_out, put

        made = name
        if not self.dry_run and name:
            put(self.place, name, plan, self.now, self._record)
        elif not self.dry_run:
            made = carry_out(self.place, plan, self.now, self._record).name
        self._tell(plan, made, following)

    def _record(self, act: Act, facts: Mapping[str, str]) -> object:
        from gateway.acts import record_by_command

        return record_by_command(self.place.loaded, act, operator=self.operator, facts=facts)

    def _tell(self, plan: Plan, name: str, following: str) -> None:
        if self.output == "json":
            left = [{"uri": each.uri, "fingerprint": each.fingerprint, "last_seen": each.last_seen} for each in plan.stragglers]
            done = {"step": plan.step, "done": not self.dry_run, "generation": name, "plan": plan.says, **plan.facts}
            printing.as_json({**done, "stragglers": left})
            return
        for each in plan.says:
            click.echo(each)
        done_so = f"generation {name} is in force; next: {following}"
        click.echo("nothing was done; leave out --dry-run to do it" if self.dry_run else done_so)


def _step(inner: _Command) -> _Command:
    """The options that every step has, and its refusals as messages."""

    @printing.config
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
    @printing.operator
    @printing.output
    @wraps(inner)
    def command(path: str, operator: str, output: str, *, dry_run: bool, **own: Any) -> None:
        from certs.bundle import BundleRefused
        from certs.changing import StragglersLeft
        from certs.generations import GenerationRefused
        from gateway.acts import OperatorUnclear
        from gateway.changing import NotInGenerations
        from gateway.ledger.records import LogUnusable
        from gateway.model.refusal import Refusal

        try:
            inner(Step(_place(path, output), Path(path).parent, _now(), operator, output, dry_run), **own)
        except StragglersLeft as left:
            for each in _lines(left.stragglers):
                click.echo(each, err=True)
            printing.fail(str(left), printing.FINDING)
        except (BundleRefused, GenerationRefused, LogUnusable, OSError) as error:
            printing.fail(str(error), printing.FINDING)
        except (NotInGenerations, OperatorUnclear) as error:
            printing.fail(str(error))
        except Refusal as refusal:
            printing.fail(f"nothing was done, for the evidence log has no entry of it: {refusal.detail}", printing.FINDING)

    return command


@click.command("stage")
@click.argument("new", type=_file)
@_region
@_step
def stage(step: Step, new: str, region: str | None) -> None:
    """Believe a NEW CA (PEM) besides those that are believed.

    The first step of a change of CA: nobody notices, and whatever the new CA signs later is believed already.
    """
    from certs import changing

    plan = changing.stage(step.bundles(region), Path(new).read_bytes())
    step.do(plan, "have certificates issued by the new CA; then `kuacheng certs taint` the old one")


@click.command("activate")
@click.argument("generation", required=False)
@click.option("--server", nargs=2, type=_file, help="What we show callers: certificate and key.")
@click.option("--client", nargs=2, type=_file, help="What we show cities: certificate and key.")
@click.option("--force", "reason", default="", metavar="REASON", help="Do it although it takes something back; recorded.")
@_step
def activate(
    step: Step, generation: str | None, server: tuple[str, str] | None, client: tuple[str, str] | None, reason: str
) -> None:
    """Show new certificates to callers and cities.

    Those of a GENERATION that is staged, by default the newest; or these files, as server.pem and client.pem.
    Refused where the generation would take back what came in force since it was made: a CA that was retired would be believed again.
    """
    from certs import changing, generations
    from certs.changing import Plan

    given = {name: files for name, files in (("server", server), ("client", client)) if files}
    following = "`kuacheng certs status` shows what is in force"
    if given:
        changes = {
            f"{name}{ending}": Path(file).read_bytes()
            for name, files in given.items()
            for file, ending in zip(files, _PAIR, strict=True)
        }
        step.do(Plan("activate", changes, _shown(changes), {"shown": " ".join(given)}), following)
    else:
        name = generation or _newest(step.place)
        if not reason:
            generations.refuse_undoing(step.place.folder, name)
        lost = generations.undone(step.place.folder, name)
        plain = Plan("activate", {}, (f"generation {name} is put in force",), {})
        step.do(changing.again(name, lost, reason) if lost else plain, following, name)


@click.command("taint")
@click.argument("ca")
@_region
@_quiet
@_step
def taint(step: Step, ca: str, region: str | None, quiet: timedelta) -> None:
    """Mark a CA as to be retired, and name who still shows certificates of it.

    CA is its certificate (a PEM file), or the first digits of its SHA-256 as `kuacheng certs status` shows it.
    """
    from certs import changing

    plan = changing.taint(step.bundles(region), _named(ca), _seen(step.place), step.now, quiet)
    step.do(plan, "`kuacheng certs status` names who is left; when nobody is, `kuacheng certs retire` it")


@click.command("retire")
@click.argument("ca")
@_region
@_quiet
@click.option("--force", "reason", default="", metavar="REASON", help="Do it although somebody needs it; the reason is recorded.")
@_step
def retire(step: Step, ca: str, region: str | None, quiet: timedelta, reason: str) -> None:
    """Believe a tainted CA no more.

    Refused while somebody was seen under it of late. CA is as for `kuacheng certs taint`.
    """
    from certs import changing

    plan = changing.retire(step.bundles(region), _named(ca), _seen(step.place), step.now, quiet, forced=reason)
    step.do(plan, "`kuacheng certs rollback` takes it back")


@click.command("rollback")
@_step
def rollback(step: Step) -> None:
    """Put the generation in force that was so before."""
    from certs import generations
    from certs.changing import Plan

    before = generations.previous(step.place.folder)
    if before is None:
        printing.fail("there is no generation to go back to", printing.FINDING)
    lost = generations.undone(step.place.folder, before.name, base=before.name)
    plan = Plan("rollback", {}, (f"generation {before.name} is put in force again", *lost), {}, undoes=True)
    step.do(plan, "`kuacheng certs status` shows what is in force", before.name)


@click.command("status")
@_quiet
@printing.config
@printing.output
def status(path: str, quiet: timedelta, output: str) -> None:
    """Show the generations, what each bundle believes, and who still shows certificates of a CA that is to be retired.

    Exit status 1 while a CA is tainted.
    """
    from certs import generations

    place, now = _place(path, output), _now()
    listed = generations.generations(place.folder)
    believed = list(_believed(place, now, quiet))
    if output == "json":
        found = [{"name": each.name, "state": each.state} for each in listed]
        printing.as_json({"folder": str(place.folder), "generations": found, "authorities": believed})
    else:
        click.echo("  ".join(f"{each.name} {each.state}" for each in listed))
        rows = [
            (
                each["bundle"],
                each["name"],
                each["fingerprint"][:16],
                each["not_after"][:10],
                "to be retired" if each["tainted"] else "believed",
                str(len(each["stragglers"])),
            )
            for each in believed
        ]
        printing.table("Authorities", ("bundle", "CA", "SHA-256", "ends", "standing", "still on it"), rows)
        for each in believed:
            for who in each["stragglers"]:
                click.echo(f"still on {each['name']}: {who['uri']}, last seen {who['last_seen'][:16]} UTC")
    raise SystemExit(printing.FINDING if any(each["tainted"] for each in believed) else 0)


def _believed(place: Place, now: datetime, quiet: timedelta) -> list[dict[str, Any]]:
    from certs import bundle, changing, generations

    standing = generations.current(place.folder)
    files = standing.files() if standing else {}
    seen, found = _seen(place), []
    for name, pem in files.items():
        if name.endswith(".pem") and f"{name.removesuffix('.pem')}.key" not in files:
            for each in bundle.members(pem):
                left = changing.stragglers(each, seen, now, quiet) if each.tainted else ()
                found.append(
                    {
                        "bundle": name,
                        "name": each.name,
                        "fingerprint": each.fingerprint,
                        "not_after": each.certificate.not_valid_after_utc.isoformat(),
                        "tainted": each.tainted.isoformat() if each.tainted else None,
                        "stragglers": [{"uri": who.uri, "last_seen": who.last_seen.isoformat()} for who in left],
                    }
                )
    return found


def _lines(left: Sequence[Seen]) -> list[str]:
    return [f"{each.uri or each.fingerprint[:16]}  last seen {each.last_seen:%Y-%m-%d %H:%M} UTC" for each in left]


def _shown(changes: Mapping[str, bytes]) -> tuple[str, ...]:
    from cryptography import x509

    try:
        leaves = {name: x509.load_pem_x509_certificates(pem)[0] for name, pem in changes.items() if name.endswith(".pem")}
    except ValueError:
        return ()  # what is wrong with it is told when it is judged
    return tuple(
        f"{name}: {each.subject.rfc4514_string()}, issued by {each.issuer.rfc4514_string()}, ends {each.not_valid_after_utc:%Y-%m-%d}"
        for name, each in leaves.items()
    )


def _named(ca: str) -> str:
    """A CA's fingerprint, or the digits of it that were given."""
    from certs.bundle import BundleRefused
    from certs.facts import all_facts

    if not Path(ca).is_file():
        return ca
    try:
        (said,) = all_facts(Path(ca).read_bytes())
    except ValueError as error:
        raise BundleRefused(
            f"{ca} is not one CA's certificate; give the PEM file of the CA that is meant, and of no other"
        ) from error
    return said.fingerprint


def _newest(place: Place) -> str:
    from certs import generations

    staged = [each for each in generations.generations(place.folder) if each.state == "staged"]
    if not staged:
        printing.fail("no generation is staged; give --server or --client with certificate and key", printing.FINDING)
    return staged[-1].name


def _place(path: str, output: str) -> Place:
    import os

    from gateway.changing import Place
    from gateway.cli.problems import loaded_or_fail
    from gateway.config import load

    loaded = loaded_or_fail(Path(path), output)
    return Place.of(loaded, lambda instead: load(Path(path), os.environ, instead))


def _seen(place: Place) -> tuple[Seen, ...]:
    from certs import seen

    return seen.read(seen.beside(place.loaded.beside))


def _now() -> datetime:
    from gateway.clock import SystemClock

    return SystemClock().now()


COMMANDS = (status, stage, activate, taint, retire, rollback)
