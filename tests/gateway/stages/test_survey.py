"""What is offered is what agreements in force allow and tables answer for, and no more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.model.agreement import Grant
from gateway.stages.survey import Offer, survey
from tests.certs import faulty
from tests.gateway.stages.builders import KIND, NOW, SHOWN, agreement, caller, granting, presenting, table, world

OTHER = replace(KIND, code="11100000M00000035K101", alias="earlier-proof")
TAKEN = ("111",)


def test_an_offer_is_a_type_of_a_region_and_the_fields_that_may_be_seen() -> None:
    assert survey(caller(), world(), NOW) == (Offer("440600", KIND, SHOWN, id_types=TAKEN),)


def test_fields_of_several_agreements_are_told_together() -> None:
    given_world = world(granting("number"), granting("remark", "area", id="gz-fs-2"))
    assert survey(caller(), given_world, NOW) == (Offer("440600", KIND, frozenset({"number", "remark", "area"}), id_types=TAKEN),)


@pytest.mark.parametrize(
    "change",
    [
        {"systems": frozenset({"terminal"})},
        {"systems": frozenset()},
        {"valid_from": NOW + timedelta(microseconds=1)},
        {"valid_to": NOW},
        {"provider_region": "440100"},
        {"grants": {}},
        {"grants": {OTHER.code: Grant(OTHER.code, SHOWN)}},
    ],
)
def test_what_is_not_agreed_upon_or_not_answered_is_not_offered(change: dict[str, Any]) -> None:
    assert survey(caller(), world(agreement(**change)), NOW) == ()


def test_a_department_without_agreement_is_offered_nothing() -> None:
    assert survey(caller(department="11440600M00000027C"), world(), NOW) == ()
    assert survey(caller(region="440600"), world(), NOW) == ()


def test_offers_stand_by_region_and_type() -> None:
    grants = {code: Grant(code, frozenset({"number"})) for code in (KIND.code, OTHER.code)}
    agreements = tuple(agreement(id=region, provider_region=region, grants=grants) for region in ("440600", "440100"))
    tables = {(region, kind.code): table(kind) for kind in (KIND, OTHER) for region in ("440600", "440100")}
    offers = survey(caller(), world(agreements={faulty.CREDIT_CODE: agreements}, tables=tables), NOW)
    expected = [("440100", OTHER.code), ("440100", KIND.code), ("440600", OTHER.code), ("440600", KIND.code)]
    assert [(each.region, each.type.code) for each in offers] == expected


def test_a_system_that_is_named_is_offered_what_it_is_named_for() -> None:
    given_world = world(agreement(systems=frozenset({"terminal"})))
    assert survey(caller(system="terminal"), given_world, NOW) == (Offer("440600", KIND, SHOWN, id_types=TAKEN),)


def test_what_may_be_verified_is_told_apart_from_what_may_be_seen() -> None:
    grants = {KIND.code: Grant(KIND.code, frozenset(), frozenset({"status"}))}
    given_world = world(agreement(grants=grants), granting("number", id="other"))
    assert survey(caller(), given_world, NOW) == (
        Offer("440600", KIND, frozenset({"number"}), frozenset({"status"}), id_types=TAKEN),
    )


def test_a_region_that_takes_a_shown_code_says_so_to_who_may_see_something() -> None:
    tables = {("440600", KIND.code): presenting()}
    verify = Grant(KIND.code, frozenset(), frozenset({"number"}))
    assert [each.presented for each in survey(caller(), world(tables=tables), NOW)] == [True]
    assert [each.presented for each in survey(caller(), world(agreement(grants={KIND.code: verify}), tables=tables), NOW)] == [
        False
    ]
