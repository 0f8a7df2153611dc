"""Deny by default: each condition alone refuses, by its own reason, and less agreed upon never permits more."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.agreement import Agreement, Grant
from gateway.model.catalogue import Catalogue
from gateway.model.exchange import Permit
from gateway.model.identity import Caller
from gateway.model.query import Claimed, HolderType, LegalBasis, LegalBasisKind, Query
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import World
from gateway.stages.authorise import authorise, weigh
from tests.certs import faulty
from tests.gateway.stages.builders import (
    KIND,
    NOW,
    SHOWN,
    agreement,
    asking_for,
    caller,
    granting,
    query,
    world,
)

SECOND = timedelta(seconds=1)
OTHER_KIND = replace(KIND, code="11100000M00000035K902", alias="other-proof")


def refusal(asked: Query, given_world: World, who: Caller | None = None) -> Refusal:
    with pytest.raises(Refusal) as refused:
        authorise(who or caller(), asked, given_world, NOW)
    return refused.value


def agreed(asked: Query, *agreements: Agreement) -> Permit:
    return authorise(caller(), asked, world(*agreements), NOW)


def basis(kind: LegalBasisKind, token: bytes = b"") -> Query:
    return query(legal_basis=LegalBasis(kind, "article 17", token))


def test_a_permit_names_whatever_it_stands_on() -> None:
    given_world = world()
    asked = query(fields=frozenset({"number", "employer"}))
    assert authorise(caller(), asked, given_world, NOW) == Permit(caller(), asked, KIND, agreement(), asked.fields)


def test_the_same_credit_code_in_another_regions_certificate_is_nobody() -> None:
    """Every authority can write any credit code into a certificate; an agreement names the one that vouches."""
    elsewhere = replace(caller(), region="440600")
    assert refusal(query(), world(), elsewhere) == Refusal(Reason.NO_AGREEMENT, "this system of the department is not named")


@pytest.mark.parametrize("name", [KIND.code, KIND.alias])
def test_a_type_is_asked_by_code_or_alias(name: str) -> None:
    assert agreed(query(evidence_type=name)).type is KIND


def test_no_wanted_fields_are_all_that_is_agreed_upon() -> None:
    assert agreed(query(), granting("number", "remark")).fields == {"number", "remark"}


@pytest.mark.parametrize("agreements", [{}, {"11440600M00000027C": (agreement(),)}, {faulty.CREDIT_CODE: ()}])
def test_what_no_agreement_names_is_refused(agreements: dict[str, tuple[Agreement, ...]]) -> None:
    assert refusal(query(), world(agreements=agreements)).reason is Reason.NO_AGREEMENT


CONDITIONS: tuple[tuple[dict[str, Any], Reason, str], ...] = (
    ({"systems": frozenset({"terminal"})}, Reason.NO_AGREEMENT, "this system of the department is not named"),
    ({"systems": frozenset()}, Reason.NO_AGREEMENT, "this system of the department is not named"),
    ({"valid_from": NOW + SECOND}, Reason.NO_AGREEMENT, "not in force at this moment"),
    ({"valid_to": NOW}, Reason.NO_AGREEMENT, "not in force at this moment"),
    ({"provider_region": "440100"}, Reason.NO_AGREEMENT, "another region is agreed upon"),
    ({"grants": {}}, Reason.NO_AGREEMENT, "the evidence type is not covered"),
    (
        {"grants": {OTHER_KIND.code: Grant(OTHER_KIND.code, SHOWN)}},
        Reason.NO_AGREEMENT,
        "the evidence type is not covered",
    ),
    ({"matters": frozenset({"440100-18"})}, Reason.PURPOSE_NOT_COVERED, "the matter is not covered"),
    ({"matters": frozenset()}, Reason.PURPOSE_NOT_COVERED, "the matter is not covered"),
    (
        {"legal_bases": frozenset({LegalBasisKind.ENTRUSTED})},
        Reason.PURPOSE_NOT_COVERED,
        "the legal basis is not covered",
    ),
    ({"legal_bases": frozenset()}, Reason.PURPOSE_NOT_COVERED, "the legal basis is not covered"),
    (
        {"grants": {KIND.code: Grant(KIND.code, frozenset({"number"}))}},
        Reason.PURPOSE_NOT_COVERED,
        "a wanted field is not covered",
    ),
)


@pytest.mark.parametrize(("change", "reason", "detail"), CONDITIONS)
def test_each_condition_alone_refuses(change: dict[str, Any], reason: Reason, detail: str) -> None:
    asked = query(fields=frozenset({"number", "remark"}))
    assert agreed(asked, agreement()).agreement == agreement()
    assert refusal(asked, world(agreement(**change))) == Refusal(reason, detail)


def test_a_grant_of_nothing_grants_nothing() -> None:
    # Otherwise the mere existence of a paper would be told.
    assert refusal(query(), world(granting())) == Refusal(Reason.PURPOSE_NOT_COVERED, "a wanted field is not covered")


def test_conditions_are_met_by_one_agreement_and_not_by_two_together() -> None:
    half = agreement(matters=frozenset({"440100-18"}))
    other = agreement(id="gz-fs-2", legal_bases=frozenset({LegalBasisKind.ENTRUSTED}))
    assert refusal(query(), world(half, other)).reason is Reason.PURPOSE_NOT_COVERED
    wanted = query(fields=frozenset({"number", "remark"}))
    assert refusal(wanted, world(granting("number"), granting("remark", id="gz-fs-2"))).reason is Reason.PURPOSE_NOT_COVERED


@pytest.mark.parametrize("moment", [NOW, NOW + timedelta(days=1) - timedelta(microseconds=1)])
def test_an_agreement_is_in_force_from_its_first_moment_to_before_its_last(moment: Any) -> None:
    given_world = world(agreement(valid_from=NOW, valid_to=NOW + timedelta(days=1)))
    assert authorise(caller(), query(), given_world, moment).agreement.id == "gz-fs-1"


def test_an_agreement_may_name_systems() -> None:
    named = agreement(systems=frozenset({"window", "terminal"}))
    assert authorise(caller(system="terminal"), query(), world(named), NOW).agreement == named
    assert refusal(query(), world(named), caller(system="window2")).reason is Reason.NO_AGREEMENT


@given(st.permutations(["gz-fs-1", "gz-fs-10", "gz-fs-2", "a"]))
def test_of_several_agreements_the_first_by_name_is_stood_on(names: list[str]) -> None:
    fields = {"gz-fs-1": ("number",), "gz-fs-10": ("remark",), "gz-fs-2": ("area",), "a": ("employer",)}
    assert agreed(query(), *(granting(*fields[name], id=name) for name in names)).fields == {"employer"}


@given(st.permutations(["gz-fs-3", "gz-fs-2", "gz-fs-1"]))
def test_only_agreements_that_cover_the_question_are_chosen_from(names: list[str]) -> None:
    fields = {"gz-fs-1": ("number",), "gz-fs-2": ("number", "remark"), "gz-fs-3": ("number", "remark", "area")}
    asked = query(fields=frozenset({"remark"}))
    permit = agreed(asked, *(granting(*fields[name], id=name) for name in names))
    assert (permit.agreement.id, permit.fields) == ("gz-fs-2", {"remark"})


@pytest.mark.parametrize("bases", [frozenset(LegalBasisKind), frozenset({LegalBasisKind.HOLDER_AUTHORISED})])
@pytest.mark.parametrize(
    ("token", "reason"),
    [(b"", Reason.HOLDER_AUTHORISATION_REQUIRED), (b"signed", Reason.HOLDER_AUTHORISATION_INVALID)],
)
def test_a_holders_authorisation_never_opens(token: bytes, reason: Reason, bases: frozenset[LegalBasisKind]) -> None:
    asked = basis(LegalBasisKind.HOLDER_AUTHORISED, token)
    assert refusal(asked, world(agreement(legal_bases=bases))).reason is reason


def test_a_token_does_not_help_on_another_ground() -> None:
    given_world = world(agreement(legal_bases=frozenset({LegalBasisKind.HOLDER_AUTHORISED})))
    assert refusal(basis(LegalBasisKind.STATUTORY_DUTY, b"signed"), given_world).reason is Reason.PURPOSE_NOT_COVERED


@pytest.mark.parametrize(
    ("asked", "reason", "field"),
    [
        (query(provider_region="440300"), Reason.UNKNOWN_REGION, "provider_region"),
        (query(evidence_type="no-proof"), Reason.UNKNOWN_EVIDENCE_TYPE, "evidence_type"),
        (asking_for(type=HolderType.ORGANISATION), Reason.INVALID_REQUEST, "holder.type"),
        (query(fields=frozenset({"number", "colour"})), Reason.INVALID_REQUEST, "fields"),
    ],
)
def test_what_no_world_knows_is_the_callers_fault(asked: Query, reason: Reason, field: str) -> None:
    told = refusal(asked, world())
    assert told.reason is reason
    assert [each.field for each in told.violations] == [field]
    assert "colour" not in f"{told} {told.violations}"


def test_a_known_type_and_region_without_agreement_stay_no_agreement() -> None:
    known = world(catalogue=Catalogue.of((KIND, OTHER_KIND)))
    assert refusal(query(evidence_type="other-proof"), known).detail == "the evidence type is not covered"


# Laws, over whatever may be agreed upon.

FIELDS = ("number", "remark", "area")
HOUR = timedelta(hours=1)
GROUNDS = (LegalBasisKind.STATUTORY_DUTY, LegalBasisKind.ENTRUSTED)
BROAD = agreement(
    grants={code: Grant(code, frozenset(FIELDS)) for code in (KIND.code, OTHER_KIND.code)},
    matters=frozenset({"440100-17", "440100-18"}),
    legal_bases=frozenset(LegalBasisKind),
)


def less(of: frozenset[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(sorted(of))) if of else st.just(of)


def fewer_fields(grants: Mapping[str, Grant]) -> st.SearchStrategy[Mapping[str, Grant]]:
    return st.fixed_dictionaries({code: less(grant.fields).map(partial(Grant, code)) for code, grant in grants.items()})


NARROWER: Mapping[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "systems": lambda of: less(frozenset({"window", "terminal"}) if of is None else of),
    "grants": lambda of: less(frozenset(of)).flatmap(lambda codes: fewer_fields({code: of[code] for code in codes})),
    "matters": less,
    "legal_bases": less,
    "valid_from": lambda of: st.integers(-5, 1).map(lambda hours: max(of, NOW + HOUR * hours)),
    "valid_to": lambda of: st.integers(-1, 5).map(lambda hours: min(of, NOW + HOUR * hours)),
}


@st.composite
def smaller(draw: st.DrawFn, whole: Agreement) -> Agreement:
    """An agreement with less in two parts of it at most, or hardly any would permit a thing."""
    parts = draw(st.lists(st.sampled_from(sorted(NARROWER)), max_size=2, unique=True))
    return replace(whole, **{name: draw(NARROWER[name](getattr(whole, name))) for name in parts})


AGREEMENTS = st.sampled_from(["a", "b"]).flatmap(lambda name: smaller(replace(BROAD, id=name)))
QUERIES = st.builds(
    query,
    evidence_type=st.sampled_from(["everything-proof", "other-proof"]),
    fields=st.frozensets(st.sampled_from(FIELDS)),
    legal_basis=st.sampled_from([*LegalBasisKind, *GROUNDS]).map(lambda kind: LegalBasis(kind, "", b"x")),
)


def permitted(asked: Query, *agreements: Agreement) -> Permit | None:
    given_world = world(*agreements, catalogue=Catalogue.of((KIND, OTHER_KIND)))
    try:
        return authorise(caller(), asked, given_world, NOW)
    except Refusal:
        return None


@given(st.data(), AGREEMENTS, QUERIES)
def test_a_smaller_agreement_never_permits_more(data: st.DataObject, whole: Agreement, asked: Query) -> None:
    few = permitted(asked, data.draw(smaller(whole)))
    many = permitted(asked, whole)
    if few is not None:
        assert many is not None
        assert few.fields <= many.fields


@given(st.data(), st.lists(AGREEMENTS, min_size=1, max_size=3), QUERIES.filter(lambda each: each.fields))
def test_fewer_and_smaller_agreements_never_permit_more_of_what_is_named(
    data: st.DataObject, whole: list[Agreement], asked: Query
) -> None:
    kept = data.draw(st.lists(st.sampled_from(range(len(whole))), min_size=1, unique=True))
    fewer = [data.draw(smaller(whole[place])) for place in kept]
    few = permitted(asked, *fewer)
    if few is not None:
        many = permitted(asked, *whole)
        assert many is not None
        assert few.fields == many.fields == asked.fields


@given(st.lists(AGREEMENTS, min_size=1, max_size=3), QUERIES)
def test_a_permit_is_covered_by_the_agreement_that_it_names(agreements: list[Agreement], asked: Query) -> None:
    permit = permitted(asked, *agreements)
    if permit is not None:
        named = permit.agreement
        assert named in agreements
        assert named.systems is None or "window" in named.systems
        assert named.valid_from <= NOW < named.valid_to
        assert named.provider_region == "440600"
        assert asked.purpose.matter_code in named.matters
        assert asked.legal_basis.kind in named.legal_bases - {LegalBasisKind.HOLDER_AUTHORISED}
        assert set() < permit.fields <= named.grants[permit.type.code].fields
        assert asked.fields in (frozenset(), permit.fields)


@given(
    granted=st.frozensets(st.sampled_from(sorted(SHOWN)), max_size=3),
    wanted=st.frozensets(st.sampled_from(sorted(SHOWN)), max_size=2),
    matter=st.sampled_from(["", "nothing"]),
    system=st.sampled_from([None, frozenset({faulty.SYSTEM}), frozenset({"another"})]),
)
def test_weighing_says_what_authorising_does(
    granted: frozenset[str], wanted: frozenset[str], matter: str, system: frozenset[str] | None
) -> None:
    """An agreement that fails nothing permits, and where each fails something nothing is permitted."""
    asked = query(fields=wanted)
    asked = replace(asked, purpose=replace(asked.purpose, matter_code=matter or asked.purpose.matter_code))
    given_world = world(granting(*granted, systems=system), agreement(id="gz-fs-9", provider_region="440100"))
    first, second = weigh(caller(), asked, given_world, NOW)
    assert second.fails
    if first.fails:
        assert refusal(asked, given_world).reason in {Reason.NO_AGREEMENT, Reason.PURPOSE_NOT_COVERED}
    else:
        assert authorise(caller(), asked, given_world, NOW).agreement == first.agreement


def claiming(*claims: Claimed) -> Query:
    return query(claims=claims)


STATUS = Claimed("status", "coded", "VALID")


def verifying(*fields: str, seen: frozenset[str] = frozenset()) -> Agreement:
    return agreement(grants={KIND.code: Grant(KIND.code, seen, frozenset(fields))})


def test_to_verify_is_a_power_of_its_own() -> None:
    permit = authorise(caller(), claiming(STATUS), world(verifying("status", "number")), NOW)
    assert permit.fields == {"status"}
    uncovered = Refusal(Reason.PURPOSE_NOT_COVERED, "a claimed field may not be verified")
    assert refusal(claiming(STATUS), world(agreement())) == uncovered
    assert refusal(claiming(STATUS, Claimed("number", "text", "1")), world(verifying("status"))) == uncovered
    assert refusal(query(), world(verifying("status"))) == Refusal(Reason.PURPOSE_NOT_COVERED, "a wanted field is not covered")


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        (Claimed("gone", "text", "1"), "claims[0].field"),
        (Claimed("payments", "text", "1"), "claims[0].field"),
        (Claimed("capital", "text", "1"), "claims[0].value"),
        (Claimed("status", "coded", "NO_SUCH"), "claims[0].value"),
    ],
)
def test_a_claim_that_the_type_cannot_have_is_refused(claim: Claimed, field: str) -> None:
    refused = refusal(claiming(claim), world(verifying(*KIND.fields)))
    assert (refused.reason, [each.field for each in refused.violations]) == (Reason.INVALID_REQUEST, [field])


@given(st.frozensets(st.sampled_from(sorted(FIELDS)), min_size=1), st.frozensets(st.sampled_from(sorted(FIELDS))))
def test_no_grant_to_see_lets_verify(seen: frozenset[str], verifiable: frozenset[str]) -> None:
    try:
        authorise(caller(), claiming(STATUS), world(verifying(*verifiable, seen=seen)), NOW)
    except Refusal:
        assert "status" not in verifiable
    else:
        assert "status" in verifiable
