"""Who may search for a holder: one right, named, and nobody by default."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.model.query import LegalBasisKind
from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import Period, SearchRight, UsageQuestion
from gateway.model.world import World
from gateway.stages.entitle import entitle
from tests.gateway.stages.builders import NOW, caller, query, search_right, world

QUESTION = UsageQuestion(query().holder, replace(query().purpose, matter_code="440100-99"), query().legal_basis, Period(), 50, "")


def granting(*rights: SearchRight) -> World:
    """A world that files them where they would be found if anything but their own words mattered."""
    return world(search_rights={("440100", caller().department): rights})


def refusal(*rights: SearchRight, **changes: Any) -> Refusal:
    with pytest.raises(Refusal) as error:
        entitle(replace(caller(), **changes), QUESTION, granting(*rights), NOW)
    return error.value


def test_the_first_right_by_id_that_covers_it_is_named() -> None:
    rights = (search_right(id="c"), search_right(id="b"), search_right(id="a", matters=frozenset({"other"})))
    assert entitle(caller(), QUESTION, granting(*rights), NOW).id == "b"


def test_an_agreement_is_no_right_to_search() -> None:
    with pytest.raises(Refusal, match="NO_AGREEMENT"):
        entitle(caller(), QUESTION, world(), NOW)


LACKING: dict[str, tuple[dict[str, Any], Reason]] = {
    "another region's": ({"region": "440600"}, Reason.NO_AGREEMENT),
    "another department's": ({"department": "11440604M00000078E"}, Reason.NO_AGREEMENT),
    "another system's": ({"systems": frozenset({"archive"})}, Reason.NO_AGREEMENT),
    "no system's": ({"systems": frozenset()}, Reason.NO_AGREEMENT),
    "over": ({"valid_to": NOW}, Reason.NO_AGREEMENT),
    "not begun": ({"valid_from": NOW + timedelta(seconds=1)}, Reason.NO_AGREEMENT),
    "of no matter": ({"matters": frozenset()}, Reason.PURPOSE_NOT_COVERED),
    "on no ground": ({"legal_bases": frozenset()}, Reason.PURPOSE_NOT_COVERED),
    "on another ground": ({"legal_bases": frozenset({LegalBasisKind.ENTRUSTED})}, Reason.PURPOSE_NOT_COVERED),
}


@pytest.mark.parametrize(("changes", "reason"), LACKING.values(), ids=LACKING)
def test_a_right_that_lacks_one_thing_opens_nothing(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(search_right(**changes)).reason is reason


def test_it_ends_with_its_last_moment_and_begins_with_its_first() -> None:
    edge = search_right(valid_from=NOW, valid_to=NOW + timedelta(microseconds=1))
    assert entitle(caller(), QUESTION, granting(edge), NOW) == edge


def test_the_same_code_under_another_region_finds_no_right() -> None:
    assert refusal(search_right(), region="440600").reason is Reason.NO_AGREEMENT
