"""Two scrapes of our own registry: what came between, and nothing of what came before."""

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from gateway.model.exchange import Ended, Result
from gateway.model.standing import Passage, Standing
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.scraped import Flow, Scrape, Stands, between, quantile

ENDED = Ended(
    exchange_id="exchange-1",
    evidence_type="business-licence",
    region="440600",
    department="11440100M00000019P",
    system="terminal",
    agreement="a",
    result=Result.ISSUED,
    reason="",
    blame="",
    seconds=0.03,
    city_seconds=0.02,
    before_seconds=0.006,
    after_seconds=0.004,
    time_left=9.9,
)
REFUSED = ENDED._replace(result=Result.REFUSED, reason="CITY_TIMEOUT", blame="COUNTERPARTY", seconds=2.0, city_seconds=1.9)


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics(AccessLog(io.StringIO()))
    made.stands("edition-1", "0.1")
    made.watch(lambda: 3.0)
    return made


def scrape(metrics: Metrics, at: float) -> Scrape:
    return Scrape.of(generate_latest(metrics.registry).decode(), at)


def test_rates_are_of_what_came_between(metrics: Metrics) -> None:
    metrics.ended(ENDED)
    first = scrape(metrics, 10.0)
    for _ in range(4):
        metrics.ended(ENDED)
    metrics.ended(REFUSED)
    told = between(first, scrape(metrics, 12.0))
    assert told.exchanges == (
        Flow(("business-licence", "440600", "ISSUED"), 2.0),
        Flow(("business-licence", "440600", "REFUSED"), 0.5),
    )
    assert told.refusals == (Flow(("CITY_TIMEOUT", "COUNTERPARTY", "440600"), 0.5),)
    assert (told.a_second, told.in_flight, told.edition) == (2.5, 3, "edition-1")
    (latency,) = told.latencies
    assert 0.025 < latency.p50 <= 0.05
    assert 1.0 < latency.p99 <= 2.5
    assert 0.01 < latency.city_p50 <= 0.025


def test_a_quiet_span_has_no_rates_and_no_latency(metrics: Metrics) -> None:
    metrics.ended(ENDED)
    told = between(scrape(metrics, 1.0), scrape(metrics, 2.0))
    assert (told.exchanges, told.refusals, told.a_second) == ((), (), 0)
    assert all(math.isnan(each.p99) for each in told.latencies)


def test_a_gateway_that_began_anew_counts_from_zero(metrics: Metrics) -> None:
    for _ in range(5):
        metrics.ended(ENDED)
    anew = Metrics(AccessLog(io.StringIO()))
    anew.stands("edition-2", "0.1")
    anew.ended(ENDED)
    told = between(scrape(metrics, 0.0), scrape(anew, 1.0))
    assert told.a_second == 1.0


def test_busy_is_the_part_of_the_time_in_both_states_and_unknown_where_it_is_not_told(metrics: Metrics) -> None:
    states = [10.0, 20.0]
    before = scrape(metrics, 0.0)
    metrics.busy(lambda: states[0], lambda: states[1])
    first = scrape(metrics, 1.0)
    states[:] = 10.5, 20.25
    second = scrape(metrics, 2.0)
    states[0] = 14.0
    third = scrape(metrics, 3.0)
    assert (between(first, second).busy, between(second, third).busy) == (0.75, 1.0)
    assert math.isnan(between(before, first).busy), "nobody knows since when"


def test_systems_stand_as_they_do_at_the_end(metrics: Metrics) -> None:
    standings = {"foshan.f1": Standing(Passage.CLOSED, 0, 64, 0, 64, 2, 0)}
    metrics.watch_systems(lambda: standings)
    first = scrape(metrics, 0.0)
    standings["foshan.f1"] = Standing(Passage.OPEN, 5, 64, 1, 64, 12, 0)
    assert between(first, scrape(metrics, 2.0)).systems == (Stands("foshan.f1", Passage.OPEN, 5, 64, 1, 5.0),)


@pytest.mark.parametrize("text", ["", "some_other_metric 1\n"])
def test_what_is_not_of_a_gateway_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no two scrapes"):
        between(Scrape.of(text, 0.0), Scrape.of(text, 1.0))


def test_what_is_no_metrics_page_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the library's own words
        Scrape.of("<html>{no metrics}", 0.0)


@given(
    st.lists(st.floats(0.0001, 29.0), min_size=1, max_size=50),
    st.floats(0.01, 1.0),
)
def test_a_quantile_lies_in_the_bucket_of_the_value_there(values: list[float], share: float) -> None:
    bounds = (0.01, 0.1, 1.0, 10.0, 30.0, math.inf)
    found = quantile(share, [(bound, float(sum(each <= bound for each in values))) for bound in bounds])
    real = sorted(values)[max(0, math.ceil(len(values) * share - 1e-9) - 1)]
    low, high = max((0.0, *(each for each in bounds if each < real))), min(each for each in bounds if each >= real)
    assert low <= found <= high


def test_above_the_last_bound_no_more_is_known() -> None:
    assert quantile(0.5, [(1.0, 0.0), (math.inf, 4.0)]) == 1.0
    assert math.isnan(quantile(0.5, []))
