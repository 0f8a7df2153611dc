"""Several workers read as one gateway: nothing that counts goes down when one of them begins anew or falls silent."""

import io
import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest

from gateway.model.standing import Passage, Standing
from gateway.telemetry.access import AccessLog
from gateway.telemetry.merging import Merging
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.scraped import Flow, Scrape, between
from tests.gateway.telemetry.test_scraped import ENDED, REFUSED


def worker(inside: int = 1, passage: Passage = Passage.CLOSED, age: float = 2.0) -> Metrics:
    made = Metrics(AccessLog(io.StringIO()))
    made.stands("edition-1", "0.1")
    made.watch(lambda: float(inside))
    made.witnessed(lambda: age)
    made.watch_systems(lambda: {"foshan.f1": Standing(passage, inside, 64, 0, 64, 0, 0)})
    return made


def scrape(of: Metrics, at: float) -> Scrape:
    return Scrape.of(generate_latest(of.registry).decode(), at)


def test_of_two_workers_the_list_that_ends_sooner_is_told() -> None:
    name, of = "kuacheng_revocation_list_serves_until_timestamp_seconds", frozenset({("region", "440600")})
    both = [Scrape.of(f'{name}{{region="440600"}} {ends}', 0) for ends in (2e9, 1e9)]
    taken = Merging(2).take(both, 10.0)
    assert taken is not None
    assert taken.samples[name, of] == 1e9


def test_two_workers_are_added_and_the_worse_of_them_is_told() -> None:
    first, second, merging = worker(3), worker(4, Passage.OPEN, math.inf), Merging(2)
    before = merging.take([scrape(first, 0), scrape(second, 0)], 10.0)
    first.ended(ENDED)
    second.ended(ENDED._replace(seconds=2.0))
    second.ended(REFUSED)
    after = merging.take([scrape(first, 0), scrape(second, 0)], 11.0)
    assert before is not None
    assert after is not None
    told = between(before, after)
    assert told.exchanges[0] == Flow(("business-licence", "440600", "ISSUED"), 2.0)
    assert told.refusals == (Flow(("CITY_TIMEOUT", "COUNTERPARTY", "440600"), 1.0),)
    assert (told.in_flight, told.edition) == (7, "edition-1")
    assert told.latencies[0].p99 > 1
    (system,) = told.systems
    assert (system.passage, system.inside, system.places) == (Passage.OPEN, 7, 128)
    assert after.samples["kuacheng_checkpoint_age_seconds", frozenset()] == math.inf


def test_a_worker_that_begins_anew_or_falls_silent_takes_nothing_back() -> None:
    steady, dying, merging = worker(), worker(), Merging(2)
    for _ in range(100):
        dying.ended(ENDED)
    scrapes = [merging.take([scrape(steady, 0), scrape(dying, 0)], 1.0)]
    scrapes.append(merging.take([scrape(steady, 0), None], 2.0))
    born = worker()
    born.ended(ENDED)
    scrapes.append(merging.take([scrape(steady, 0), scrape(born, 0)], 3.0))
    rates = [between(before, after).a_second for before, after in pairwise(scrapes) if before and after]
    assert rates == [0.0, 1.0]
    assert merging.take([None, None], 4.0) is None


def test_the_busiest_of_them_is_told_and_not_all_together() -> None:
    merging, spent, scrapes = Merging(2), {"idle": 900.0, "busy": 100.0}, []
    idle, busy = worker(), worker()
    idle.busy(lambda: spent["idle"], lambda: 0.0)
    busy.busy(lambda: spent["busy"], lambda: spent["busy"])
    for at in (0.0, 10.0, 20.0):
        scrapes.append(merging.take([scrape(idle, 0), scrape(busy, 0)], at))
        spent["idle"] += 3.0
        spent["busy"] = spent["busy"] + 4.0 if at == 0.0 else 4.5  # it begins anew
    assert [between(before, after).busy for before, after in pairwise(scrapes) if before and after] == [0.8, 0.9]


@settings(deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 50), st.booleans())))
def test_the_sum_is_what_all_lives_counted(events: list[tuple[int, int, bool]]) -> None:
    key = ("kuacheng_ledger_append_failures_total", frozenset[tuple[str, str]]())
    merging, counts, whole = Merging(2), [0, 0], 0
    merging.take([Scrape(0, {key: 0.0})] * 2, 0)
    for who, more, anew in events:
        counts[who] = more if anew and more < counts[who] else counts[who] + more
        whole += more
        taken = merging.take([Scrape(0, {key: float(each)}) for each in counts], 0)
        assert taken is not None
        assert taken.samples[key] == whole
