"""Each rule gives its colour when it holds, nothing else does, and a colour is dated from when it began."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.console.judging import RULES, Judgement, Light, Reading, Standing, Subject, judge, rules, stands, worst
from gateway.model.standing import Passage
from gateway.telemetry.scraped import Flow, Latency, Stands, Traffic
from tests.gateway.stages.builders import NOW

FINE = Stands("guangzhou.g1", Passage.CLOSED, inside=1, places=64, waiting=0, turned_away=0.0)
QUIET = Traffic(
    300.0, "e1", 1, (Flow(("tax", "440100", "ISSUED"), 1.0),), (), (Latency("440100", 0.1, 0.2, 0.1, 0.2),), (FINE,), busy=0.8
)
GOOD = Reading(
    QUIET, QUIET, "440100", (FINE,), places=256, log_size=9, checkpoint_age=10.0, checkpoint_limit=300.0, lives=(0.9, 1 / 3)
)


def traffic(**changes: object) -> Reading:
    return replace(GOOD, traffic=replace(QUIET, **changes))


def refused(reason: str, blame: str, a_second: float) -> Reading:
    return traffic(refusals=(Flow((reason, blame, "440100"), a_second),))


def failing(part: str, here: float, there: float) -> Reading:
    """So many of one exchange a second here, and of one there, were refused because a city failed."""
    ended = tuple(
        Flow(("tax", region, result), rate)
        for region, share in (("440100", here), ("440600", there))
        for result, rate in (("ISSUED", 1 - share), ("REFUSED", share))
    )
    timeouts = tuple(Flow(("CITY_TIMEOUT", "COUNTERPARTY", each), rate) for each, rate in (("440100", here), ("440600", there)))
    return replace(GOOD, **{part: replace(QUIET, exchanges=ended, refusals=timeouts)})


BAD = {
    "city-all-open": replace(GOOD, systems=(replace(FINE, passage=Passage.OPEN),)),
    "city-some-open": replace(GOOD, systems=(FINE, replace(FINE, passage=Passage.HALF_OPEN))),
    "city-turned-away": replace(GOOD, systems=(replace(FINE, turned_away=0.1),)),
    "city-unclear": traffic(exchanges=(Flow(("tax", "440100", "UNKNOWN"), 0.1),)),
    "city-failing-most": failing("recent", here=0.9, there=0.0),
    "city-failing": failing("traffic", here=0.1, there=0.0),
    "city-slow": traffic(latencies=(Latency("440100", 6.0, 7.0, 5.0, 6.0),)),
    "city-unseen": replace(GOOD, traffic=None, systems=()),
    "gateway-silent": replace(GOOD, traffic=None),
    "gateway-refuses-many": refused("INTERNAL", "OURS", 0.06),
    "gateway-refuses": refused("OVERLOADED", "OURS", 0.01),
    "gateway-saturated": replace(GOOD, recent=replace(QUIET, busy=0.91)),
    "gateway-busy": traffic(busy=0.81),
    "gateway-full": traffic(in_flight=205),
    "ledger-unreadable": replace(GOOD, log_size=None),
    "ledger-unwritable": refused("LEDGER_UNAVAILABLE", "OURS", 0.001),
    "ledger-unwatched": replace(GOOD, checkpoint_age=math.inf),
    "ledger-late": replace(GOOD, checkpoint_age=151.0),
    "certificates-hurry": replace(GOOD, lives=(0.9, 0.16)),
    "certificates-renew": replace(GOOD, lives=(0.9, 0.33)),
    "certificates-unread": replace(GOOD, lives=()),
}


def test_each_rule_is_tried() -> None:
    assert BAD.keys() == {each.name for each in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.name)
def test_a_rule_that_holds_gives_its_colour(rule: object) -> None:
    found = judge(rule.subject, BAD[rule.name])
    assert (found.light, found.because[0]) == (rule.light, rule.name)


@pytest.mark.parametrize("subject", Subject)
def test_where_nothing_is_wrong_it_is_green(subject: Subject) -> None:
    assert judge(subject, GOOD) == Judgement(Light.GREEN, ())


def test_what_happens_in_another_city_is_not_this_ones() -> None:
    other = traffic(exchanges=(Flow(("tax", "440600", "UNKNOWN"), 1.0),), latencies=(Latency("440600", 9.0, 9.0, 9.0, 9.0),))
    assert judge(Subject.CITY, other).light is Light.GREEN


@pytest.mark.parametrize("part", ["recent", "traffic"])
def test_one_city_that_fails_does_not_colour_the_other(part: str) -> None:
    assert judge(Subject.CITY, failing(part, here=0.0, there=1.0)).light is Light.GREEN


def test_the_worst_stands_first() -> None:
    found = judge(Subject.CITY, replace(GOOD, systems=(replace(FINE, passage=Passage.OPEN, turned_away=1.0),)))
    assert found == Judgement(Light.RED, ("city-all-open", "city-some-open", "city-turned-away"))
    order = [Light.RED, Light.AMBER, Light.UNKNOWN]
    lights = [each.light for each in rules(Subject.CITY)]
    assert lights == sorted(lights, key=order.index)


def test_a_colour_is_dated_from_when_it_began() -> None:
    green, red = Judgement(Light.GREEN, ()), Judgement(Light.RED, ("gateway-silent",))
    moments = [NOW + timedelta(seconds=each) for each in range(4)]
    first = stands(None, green, moments[0])
    second = stands(first, green, moments[1])
    third = stands(second, red, moments[2])
    fourth = stands(third, replace(red, because=("gateway-refuses-many",)), moments[3])
    assert [(each.since, each.whole) for each in (first, second, third, fourth)] == [
        (moments[0], False),
        (moments[0], False),
        (moments[2], True),
        (moments[2], True),
    ]
    assert (worst({"a": first, "b": fourth}), worst({})) == (Light.RED, Light.UNKNOWN)
    assert isinstance(fourth, Standing)
