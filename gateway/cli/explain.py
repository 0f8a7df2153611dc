"""`kuacheng explain`: would this system be allowed this question? By the configuration alone: no city is asked, no entry is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.config import Loaded
    from gateway.config.interface_file import InterfaceText
    from gateway.model.catalogue import EvidenceType
    from gateway.model.exchange import Route
    from gateway.model.identity import Caller
    from gateway.model.query import Claimed, Query
    from gateway.model.refusal import Refusal
    from gateway.model.world import World
    from gateway.stages.authorise import Weighed


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of a question: the way it would go, or the refusal; and what each agreement of the department said to it."""

    caller: Caller | None
    route: Route | None
    refusal: Refusal | None
    weighed: tuple[Weighed, ...]

    def described(self, loaded: Loaded) -> InterfaceText | None:
        """The file that describes the interface which would be asked, where one does."""
        asked = self.route.table.system if self.route else ""
        return next((each for each in loaded.interfaces if each.interface.name == asked), None)


@click.command("explain")
@click.argument("evidence_type", required=False)
@click.option("--region", help="Region that would be asked, GB/T 2260, e.g. 440100.")
@click.option(
    "--search", is_flag=True, help="Instead: may it search the log for a holder (FindUsage), and what would it be shown?"
)
@click.option("--as", "uri", help="The system, spiffe://<trust domain>/department/<credit code>/system/<name>.")
@click.option(
    "--cert", type=click.Path(dir_okay=False, path_type=Path), help="Or its certificate, PEM, which is judged as in a call."
)
@click.option("--matter-code", required=True, help="Code of the matter (事项编码).")
@click.option(
    "--basis",
    type=click.Choice(["STATUTORY_DUTY", "HOLDER_AUTHORISED", "ENTRUSTED"]),
    default="STATUTORY_DUTY",
    show_default=True,
)
@click.option("--field", "fields", multiple=True, help="This field is wanted; may be given again. Without: all that may be seen.")
@click.option(
    "--claim", "claims", multiple=True, help="A claim about this field is to be verified, and nothing seen; may be given again."
)
@click.option("--holder-type", type=click.Choice(["PERSON", "ORGANISATION"]), help="Kind of holder; without it, the kind's own.")
@click.option("--by-code", is_flag=True, help="The holder shows a code (亮证码), and is not named.")
@click.option(
    "--at",
    "moment",
    type=click.DateTime(
        ["%Y-%m-%dT%H:%M:%S%z"],
    ),
    help="At this moment, RFC 3339, instead of now.",
)
@printing.config
@printing.output
def command(path: str, output: str, uri: str | None, cert: Path | None, moment: datetime | None, **asked: Any) -> None:
    """Say whether a system may ask for EVIDENCE_TYPE, and by which agreement, or which condition each agreement fails.

    \b
    kuacheng explain business-licence --region 440600 --matter-code 440100-KC-0003 \\
        --as spiffe://guangzhou.example/department/11440100M00000013X/system/window
    kuacheng explain --search --matter-code 440600-DATA-0001 --cert desk.crt

    It reads the configuration and asks nobody. Exit status: 0 allowed, 1 refused, 2 wrong use.
    """
    from gateway.cli.problems import loaded_or_fail
    from gateway.clock import SystemClock

    if asked["search"] == bool(asked["evidence_type"] or asked["region"]):
        raise click.UsageError("name EVIDENCE_TYPE and --region; or neither, and give --search")
    if not asked["search"] and not (asked["evidence_type"] and asked["region"]):
        raise click.UsageError("name both EVIDENCE_TYPE and --region")
    if asked["claims"] and asked["fields"]:
        raise click.UsageError("a question either sees fields or has claims verified: give --field or --claim")
    if asked["by_code"] and (asked["claims"] or asked["holder_type"]):
        raise click.UsageError("--by-code names no holder, and nothing is verified by a code: take --claim and --holder-type out")
    if (uri is None) == (cert is None):
        raise click.UsageError("name the system: either --as URI or --cert FILE")
    loaded = loaded_or_fail(Path(path), output)
    now = moment or SystemClock().now()
    if asked["search"]:
        from gateway.cli.explain_search import explain_search

        status = explain_search(loaded.world, now, lambda: _caller(loaded.world, now, uri, cert), asked, as_json=output == "json")
        raise SystemExit(status)
    found = _explained(loaded.world, now, uri, cert, asked)
    if output == "json":
        printing.as_json(_plain(found, found.described(loaded)))
    else:
        _told(found, found.described(loaded))
    raise SystemExit(printing.FINDING if found.refusal else 0)


def _explained(world: World, now: datetime, uri: str | None, cert: Path | None, asked: dict[str, Any]) -> Explained:
    from gateway.model.refusal import Refusal
    from gateway.stages.authorise import authorise, weigh
    from gateway.stages.route import route

    caller: Caller | None = None
    weighed: tuple[Weighed, ...] = ()
    try:
        caller = _caller(world, now, uri, cert)
        query = _query(world, asked)
        weighed = weigh(caller, query, world, now)
        return Explained(caller, route(authorise(caller, query, world, now), world), None, weighed)
    except Refusal as refusal:
        return Explained(caller, None, refusal, weighed)


def _caller(world: World, now: datetime, uri: str | None, cert: Path | None) -> Caller:
    """Raises Refusal."""
    return _shown(cert, world, now) if cert else _named(uri or "", world, now)


def _shown(cert: Path, world: World, now: datetime) -> Caller:
    from gateway.model.identity import Peer
    from gateway.stages.identify import identify

    try:
        content = cert.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{cert} cannot be read: {error.strerror}") from None
    begin, end, rest = content.partition(b"-----END CERTIFICATE-----\n")
    return identify(Peer(begin + end, rest), world.trust, now)


def _named(uri: str, world: World, now: datetime) -> Caller:
    """The system of that name, with a certificate of which nothing is known but that it would be in force."""
    from gateway.model.identity import Caller
    from gateway.stages.identify import claimed

    claim = claimed(uri, world.trust)
    return Caller(claim.anchor.region, claim.department, claim.system, claim.uri, "", "", now, now)


def _query(world: World, asked: dict[str, Any]) -> Query:
    """The question, about nobody: who the holder is decides nothing here but the kind."""
    from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, Operator, PresentedCode, Purpose, Query

    kind = world.catalogue.find(asked["evidence_type"])
    own = min(kind.holder_types) if kind else HolderType.PERSON
    return Query(
        request_id="",
        evidence_type=asked["evidence_type"],
        provider_region=asked["region"],
        holder=PresentedCode("") if asked["by_code"] else Holder(HolderType(asked["holder_type"] or own), "", "", ""),
        purpose=Purpose(asked["matter_code"], "", "", Operator("", "", "")),
        legal_basis=LegalBasis(LegalBasisKind(asked["basis"]), ""),
        fields=frozenset(asked["fields"]),
        claims=tuple(_claimed(name, kind) for name in asked["claims"]),
    )


def _claimed(name: str, kind: EvidenceType | None) -> Claimed:
    """A claim of the field's own kind, and of a value that it can have: whether it holds decides nothing here."""
    from gateway.model.claiming import claimable
    from gateway.model.query import Claimed

    field = kind.fields.get(name) if kind else None
    return Claimed(name, claimable(field) if field else "", next(iter(field.codes), "") if field else "")


def _plain(found: Explained, described: InterfaceText | None) -> dict[str, Any]:
    caller, way, refusal = found.caller, found.route, found.refusal
    return {
        "allowed": refusal is None,
        "caller": caller and {"region": caller.region, "department": caller.department, "system": caller.system},
        "agreement": way.permit.agreement.id if way else None,
        "fields": sorted(way.permit.fields) if way else [],
        "system": way.table.system if way else None,
        "interface": described and {"family": described.interface.family.value, "file": described.document.file},
        "table": way.table.edition if way else None,
        "reason": refusal.reason.name if refusal else None,
        "blame": refusal.reason.blame.value if refusal else None,
        "detail": refusal.detail if refusal else None,
        "agreements": [{"id": each.agreement.id, "fails": each.fails or None} for each in found.weighed],
    }


def _told(found: Explained, described: InterfaceText | None) -> None:
    from gateway.rpc.status import WORDINGS

    way, refusal = found.route, found.refusal
    if way is not None:
        click.echo(f"allowed by agreement {way.permit.agreement.id}")
        how = f" ({described.interface.family}, as {described.document.file} says)" if described else ""
        click.echo(f"  asks    {way.table.system}{how}, table {way.table.edition}")
        power = "tells of" if way.permit.query.claims else "shows"
        click.echo(f"  {power:<7} {', '.join(sorted(way.permit.fields))}")
    if refusal is not None:
        click.echo(f"refused: {refusal.reason.name} (blame: {refusal.reason.blame.value}): {refusal.detail}")
        for violation in refusal.violations:
            click.echo(f"  {violation.field}: {violation.description}")
        click.echo(f"  to mend: {WORDINGS[refusal.reason].mend}")
    if found.weighed:
        rows = ((each.agreement.id, each.fails or "covers the question") for each in found.weighed)
        printing.table("", ("agreement of the department", "what it says"), rows)
    elif found.caller is not None:
        click.echo(f"no agreement names department {found.caller.department}")
