"""May this caller ask this, and what may it see? One agreement, named.

Laws: deny by default, and an empty set names nothing; a Permit is made here and nowhere else; a smaller agreement never permits more;
of several agreements that cover the question the first by id is named, so the same question always stands on the same one.
Source: Network Data Security Regulations Art. 12 (an agreement for each provision); PIPL Art. 6 (minimisation), 34 (powers).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.agreement import Agreement, Grant
from gateway.model.catalogue import EvidenceType
from gateway.model.claiming import claimable
from gateway.model.exchange import Permit
from gateway.model.identity import Caller
from gateway.model.query import LegalBasisKind, Power, PresentedCode, Query
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.model.world import World

Condition = tuple[Reason, str, Callable[[Agreement], bool]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One agreement of the caller's department held against a question: the first condition it fails, empty where it covers it."""

    agreement: Agreement
    fails: str


def authorise(caller: Caller, query: Query, world: World, now: datetime) -> Permit:
    """The permit of this question. Raises a Refusal that names what is not covered."""
    kind = _known(query, world)
    _grounded(query)
    agreement = _narrow(world.agreements.get(caller.department, ()), _conditions(caller, query, kind, now))
    return Permit(caller, query, kind, agreement, _permitted(query, agreement.grants[kind.code]))


def _permitted(query: Query, grant: Grant) -> frozenset[str]:
    """Of a file no field: it is given whole, or not at all."""
    if query.power is Power.DOWNLOAD:
        return frozenset()
    return query.claimed if query.claims else query.fields or grant.fields


def weigh(caller: Caller, query: Query, world: World, now: datetime) -> tuple[Weighed, ...]:
    """Each agreement of the department, by id, and why it does not cover the question. Raises as `authorise` for what none could."""
    conditions = _conditions(caller, query, _known(query, world), now)
    agreements = sorted(world.agreements.get(caller.department, ()), key=lambda each: each.id)
    return tuple(Weighed(each, _first_failed(each, conditions)) for each in agreements)


def _first_failed(agreement: Agreement, conditions: tuple[Condition, ...]) -> str:
    for _, detail, holds in conditions:
        if not holds(agreement):
            return detail
    return ""


def _conditions(caller: Caller, query: Query, kind: EvidenceType, now: datetime) -> tuple[Condition, ...]:
    """What an agreement must meet, in the order in which a failure is told."""
    none, purpose = Reason.NO_AGREEMENT, Reason.PURPOSE_NOT_COVERED
    return (
        (none, "this system of the department is not named", lambda each: _names(each, caller)),
        (none, "not in force at this moment", lambda each: each.valid_from <= now < each.valid_to),
        (none, "another region is agreed upon", lambda each: each.provider_region == query.provider_region),
        (none, "the evidence type is not covered", lambda each: kind.code in each.grants),
        (purpose, "the holder must be present and show a code", lambda each: _present(each.grants[kind.code], query)),
        (purpose, "the matter is not covered", lambda each: query.purpose.matter_code in each.matters),
        (purpose, "the legal basis is not covered", lambda each: query.legal_basis.kind in each.legal_bases),
        _covered(query, kind),
    )


def _covered(query: Query, kind: EvidenceType) -> Condition:
    """What is wanted of the evidence, held against what is granted: to see a field, to verify it, to have the file are three powers."""
    purpose = Reason.PURPOSE_NOT_COVERED
    if query.power is Power.VERIFY:
        return purpose, "a claimed field may not be verified", lambda each: query.claimed <= each.grants[kind.code].verifiable
    if query.power is Power.DOWNLOAD:
        return purpose, "the file may not be downloaded", lambda each: each.grants[kind.code].download
    return purpose, "a wanted field is not covered", lambda each: _shows(each, query, kind)


def _grounded(query: Query) -> None:
    """A holder's authorisation needs a token that verifies, and no verification is built yet: so it opens nothing."""
    if query.legal_basis.kind is not LegalBasisKind.HOLDER_AUTHORISED:
        return
    if not query.legal_basis.token:
        raise Refusal(Reason.HOLDER_AUTHORISATION_REQUIRED, "no token came with the request")
    raise Refusal(Reason.HOLDER_AUTHORISATION_INVALID, "this gateway cannot verify a holder's authorisation yet")


def _narrow(agreements: Sequence[Agreement], conditions: tuple[Condition, ...]) -> Agreement:
    """The first agreement by id that meets every condition; else the refusal of the first condition that none of the rest met."""
    covering = [each for each in agreements if not _first_failed(each, conditions)]
    if covering:
        return min(covering, key=lambda each: each.id)
    remaining = tuple(agreements)
    for reason, detail, holds in conditions:
        remaining = tuple(each for each in remaining if holds(each))
        if not remaining:
            raise Refusal(reason, detail)
    raise RuntimeError("an agreement that meets every condition covers the question")


def _present(grant: Grant, query: Query) -> bool:
    """By a code no more is seen than by a number, and of fewer: so every agreement covers it, and one may ask for nothing else."""
    return isinstance(query.holder, PresentedCode) or not grant.holder_present


def _names(agreement: Agreement, caller: Caller) -> bool:
    """The department by its code and by its region: every authority can write any credit code into a certificate."""
    if agreement.region != caller.region:
        return False
    return agreement.systems is None or caller.system in agreement.systems


def _shows(agreement: Agreement, query: Query, kind: EvidenceType) -> bool:
    """Whether every wanted field may be seen, and any at all: that a paper exists is already something to know."""
    granted = agreement.grants[kind.code].fields
    return bool(granted) and query.fields <= granted


def _known(query: Query, world: World) -> EvidenceType:
    """The evidence type, or whatever in the question no world of ours has."""
    if query.provider_region not in world.regions:
        raise Refusal(Reason.UNKNOWN_REGION, "the region is not configured", violations=(Violation("provider_region", _REGION),))
    kind = world.catalogue.find(query.evidence_type)
    if kind is None:
        raise Refusal(Reason.UNKNOWN_EVIDENCE_TYPE, "not in the catalogue", violations=(Violation("evidence_type", _TYPE),))
    if not isinstance(query.holder, PresentedCode) and query.holder.type not in kind.holder_types:
        raise _invalid("holder.type", f"{kind.alias} is held by {' or '.join(sorted(kind.holder_types))}")
    if not query.fields <= kind.fields.keys():
        raise _invalid("fields", "names a field that the type does not have; DirectoryService.ListEvidenceTypes lists them")
    _claims(query, kind)
    return kind


def _claims(query: Query, kind: EvidenceType) -> None:
    for place, claim in enumerate(query.claims):
        field = kind.fields.get(claim.field)
        wanted = claimable(field) if field else ""
        if field is None or not wanted:
            raise _invalid(f"claims[{place}].field", "is no field of the type about which a claim can be made")
        if claim.kind != wanted:
            raise _invalid(f"claims[{place}].value", f"is of kind {claim.kind}; {claim.field} is compared with {wanted}")
        if field.codes and claim.value not in field.codes:
            raise _invalid(f"claims[{place}].value", "is no code of the field; DirectoryService.ListEvidenceTypes lists them")


_REGION = "a GB/T 2260 code that DirectoryService.ListRegions lists"
_TYPE = "a code or alias that DirectoryService.ListEvidenceTypes lists"


def _invalid(field: str, description: str) -> Refusal:
    return Refusal(Reason.INVALID_REQUEST, f"{field} is at fault", violations=(Violation(field, description),))
