"""A code whose answer was lost may be used up; what was not lost stays what it is."""

from dataclasses import replace

import pytest

from adapters.connectors.verdict import Unreached
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.exchange import Result
from gateway.model.refusal import Reason, Refusal, Unasked, Unfinished
from gateway.stages.settle import settle
from tests.gateway.stages.builders import answer

ONCE = CityRequest("foshan.test", "by-code", {}, once=True)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Refusal, Reason.CITY_TIMEOUT), (Refusal, Reason.CITY_UNAVAILABLE), (Unfinished, Reason.CITY_ANSWER_INVALID)],
)
def test_a_lost_answer_may_have_used_the_code_up(kind: type[Refusal], reason: Reason) -> None:
    lost = settle(kind(reason, "f1: the connection broke", city_status="http-502"), ONCE)
    assert lost == Refusal(Reason.PRESENTED_CODE_UNANSWERED, "f1: the connection broke", city_status="http-502")
    assert isinstance(lost, Refusal)
    assert Result.of(lost) is Result.UNKNOWN


@pytest.mark.parametrize(
    "told",
    [
        Unasked(Reason.CITY_UNAVAILABLE, "was not asked"),
        Unreached(Reason.CITY_UNAVAILABLE, "no connection"),
        Refusal(Reason.CITY_ANSWER_INVALID, "is no answer"),
        Refusal(Reason.PRESENTED_CODE_REFUSED, "used"),
        CityTicket("ticket"),
        answer(),
    ],
)
def test_what_was_not_lost_stays_what_it_is(told: CityAnswer | CityTicket | Refusal) -> None:
    assert settle(told, ONCE) is told
    assert settle(Refusal(Reason.CITY_TIMEOUT, "late"), replace(ONCE, once=False)) == Refusal(Reason.CITY_TIMEOUT, "late")


def test_who_brings_a_ticket_sends_no_code() -> None:
    late = Refusal(Reason.CITY_UNAVAILABLE, "the database is away")
    assert settle(late, replace(ONCE, ticket="ticket")) is late
