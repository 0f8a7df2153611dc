"""`kuacheng explain --search`: may this system search the log for a holder, by which right, and what would it be shown. Nobody is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from gateway.cli import printing
from gateway.model.identity import Caller
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, Operator, Purpose
from gateway.model.refusal import Refusal
from gateway.model.usage import Period, SearchRight, UsageQuestion
from gateway.model.world import World
from gateway.stages.entitle import WeighedRight, entitle, weigh


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of a search: the right on which it would stand, or the refusal; and what each right of the department said to it."""

    caller: Caller | None
    right: SearchRight | None
    refusal: Refusal | None
    weighed: tuple[WeighedRight, ...]


def explain_search(
    world: World, now: datetime, identified: Callable[[], Caller], asked: Mapping[str, Any], *, as_json: bool
) -> int:
    """Tells it, and gives the exit status. `identified` gives the caller, or raises Refusal."""
    found = _explained(world, now, identified, _question(asked))
    if as_json:
        printing.as_json(_plain(found, world))
    else:
        _told(found, world)
    return printing.FINDING if found.refusal else 0


def _explained(world: World, now: datetime, identified: Callable[[], Caller], question: UsageQuestion) -> Explained:
    caller: Caller | None = None
    weighed: tuple[WeighedRight, ...] = ()
    try:
        caller = identified()
        weighed = weigh(caller, question, world, now)
        return Explained(caller, entitle(caller, question, world, now), None, weighed)
    except Refusal as refusal:
        return Explained(caller, None, refusal, weighed)


def _question(asked: Mapping[str, Any]) -> UsageQuestion:
    """About nobody: who the holder is decides nothing here."""
    purpose = Purpose(asked["matter_code"], "", "", Operator("", "", ""))
    return UsageQuestion(
        Holder(HolderType.PERSON, "", "", ""), purpose, LegalBasis(LegalBasisKind(asked["basis"]), ""), Period(), 1, ""
    )


def _types(right: SearchRight, world: World) -> list[str]:
    """As people call them."""
    return sorted(world.catalogue.types[each].alias for each in right.evidence_types)


def _plain(found: Explained, world: World) -> dict[str, Any]:
    caller, right, refusal = found.caller, found.right, found.refusal
    return {
        "allowed": refusal is None,
        "caller": caller and {"region": caller.region, "department": caller.department, "system": caller.system},
        "right": right.id if right else None,
        "provider_regions": sorted(right.provider_regions) if right else [],
        "evidence_types": _types(right, world) if right else [],
        "reason": refusal.reason.name if refusal else None,
        "blame": refusal.reason.blame.value if refusal else None,
        "detail": refusal.detail if refusal else None,
        "rights": [{"id": each.right.id, "fails": each.fails or None} for each in found.weighed],
    }


def _told(found: Explained, world: World) -> None:
    from gateway.rpc.status import WORDINGS

    right, refusal = found.right, found.refusal
    if right is not None:
        click.echo(f"may search, by right {right.id}")
        click.echo(f"  questions to  {', '.join(sorted(right.provider_regions))}")
        click.echo(f"  of            {', '.join(_types(right, world))}")
        click.echo("  and every search")
    if refusal is not None:
        click.echo(f"refused: {refusal.reason.name} (blame: {refusal.reason.blame.value}): {refusal.detail}")
        click.echo(f"  to mend: {WORDINGS[refusal.reason].mend}")
    if found.weighed:
        rows = ((each.right.id, each.fails or "covers the search") for each in found.weighed)
        printing.table("", ("right of the department", "what it says"), rows)
    elif found.caller is not None:
        click.echo(f"no right to search names department {found.caller.department}")
