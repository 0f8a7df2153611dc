"""May this caller search the log for a holder? One right, named.

Laws: deny by default; an agreement to ask for evidence is no right to search; a department is its credit code under the region whose
authority vouches for it; of several rights that cover the question the first by id is named.
Serves: PIPL art. 6 (minimisation), 34 (powers), 45 and 50 (access, and a way to it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identity import Caller
from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import SearchRight, UsageQuestion
from gateway.model.world import World

Condition = tuple[Reason, str, Callable[[SearchRight], bool]]


def entitle(caller: Caller, question: UsageQuestion, world: World, now: datetime) -> SearchRight:
    """The right on which this search stands. Raises NO_AGREEMENT or PURPOSE_NOT_COVERED, saying what is not covered."""
    remaining = world.search_rights.get((caller.region, caller.department), ())
    for reason, detail, holds in _conditions(caller, question, now):
        remaining = tuple(each for each in remaining if holds(each))
        if not remaining:
            raise Refusal(reason, detail)
    return min(remaining, key=lambda each: each.id)


@dataclass(frozen=True, slots=True)
class WeighedRight:
    """One right of the department, and the condition that the question fails by it; empty where it covers it."""

    right: SearchRight
    fails: str


def weigh(caller: Caller, question: UsageQuestion, world: World, now: datetime) -> tuple[WeighedRight, ...]:
    """Each right of the department, by id, and why it does not cover the question."""
    conditions = _conditions(caller, question, now)
    rights = sorted(world.search_rights.get((caller.region, caller.department), ()), key=lambda each: each.id)
    return tuple(
        WeighedRight(right, next((detail for _, detail, holds in conditions if not holds(right)), "")) for right in rights
    )


def _conditions(caller: Caller, question: UsageQuestion, now: datetime) -> tuple[Condition, ...]:
    """What a right must meet, in the order in which a failure is told."""
    none, purpose = Reason.NO_AGREEMENT, Reason.PURPOSE_NOT_COVERED
    return (
        (none, "no right to search names this system of the department", lambda each: _names(each, caller)),
        (none, "no right to search is in force now", lambda each: each.valid_from <= now < each.valid_to),
        (purpose, "the right to search does not cover the matter", lambda each: question.purpose.matter_code in each.matters),
        (
            purpose,
            "the right to search does not cover the legal basis",
            lambda each: question.legal_basis.kind in each.legal_bases,
        ),
    )


def _names(right: SearchRight, caller: Caller) -> bool:
    if (right.region, right.department) != (caller.region, caller.department):
        return False
    return right.systems is None or caller.system in right.systems
