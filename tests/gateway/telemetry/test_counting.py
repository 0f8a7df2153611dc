"""What is scraped is what prometheus_client itself would show, to the letter, and threads lose nothing to one another."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from gateway.telemetry.counting import Counts, Observations
from gateway.telemetry.series import Kind, Series

FINE = (0.0005, 0.001, 0.5, 1.0)
COUNTER, BARE_COUNTER = (Series("kuacheng_x_total", Kind.COUNTER, "Help \\ of\nit.", each) for each in (("a", "b"), ()))
HISTOGRAM = Series("kuacheng_x_seconds", Kind.HISTOGRAM, "Help.", ("a", "b"), FINE)
BARE_HISTOGRAM = Series("kuacheng_x_entries", Kind.HISTOGRAM, "Help.", (), (1, 2, 4))

fast = settings(max_examples=80, deadline=None, database=None)
labels = st.tuples(st.sampled_from(("", "x", '"\n\\', "区")), st.sampled_from(("y", "z")))
amounts = st.sampled_from((0.0, *FINE, 0.00050001, 7.0, 1e9)) | st.floats(0, 10)


def shown(*collectors: Collector) -> list[bytes]:
    registry = CollectorRegistry()
    for each in collectors:
        registry.register(each)
    one = registry.restricted_registry(["kuacheng_x_total", "kuacheng_x_seconds_bucket"])
    return [write(each) for write in (generate_latest, openmetrics.generate_latest) for each in (registry, one)]  # type: ignore[no-untyped-call]


@fast
@given(st.lists(st.tuples(labels, st.integers(0, 9))))
def test_a_counter_is_shown_as_by_the_library(counted: list[tuple[tuple[str, str], int]]) -> None:
    ours, bare = Counts(COUNTER), Counts(BARE_COUNTER)
    theirs, their_bare = (Counter(each.name, each.help, each.labels, registry=None) for each in (COUNTER, BARE_COUNTER))
    for under, by in counted:
        ours.count(*under, by=by)
        theirs.labels(*under).inc(by)
        bare.count()
        their_bare.inc()
    assert shown(ours) == shown(theirs)
    assert shown(bare) == shown(their_bare)


@fast
@given(st.lists(st.tuples(labels, amounts)))
def test_a_histogram_is_shown_as_by_the_library(observed: list[tuple[tuple[str, str], float]]) -> None:
    ours, bare = Observations(HISTOGRAM), Observations(BARE_HISTOGRAM)
    theirs, their_bare = (
        Histogram(each.name, each.help, each.labels, registry=None, buckets=each.bounds) for each in (HISTOGRAM, BARE_HISTOGRAM)
    )
    for under, amount in observed:
        ours.observe(amount, *under)
        theirs.labels(*under).observe(amount)
        bare.observe(amount)
        their_bare.observe(amount)
    assert shown(ours, bare) == shown(theirs, their_bare)


class One(int):
    """A one that lets other threads in while it is added: CPython changes threads where a function begins, and not within a sum."""

    def __radd__(self, other: int) -> int:
        return other + 1


class Whole(float):
    """The same of a float."""

    def __radd__(self, other: float) -> float:
        return other + 1.0


def test_threads_that_count_while_others_read_lose_nothing_and_count_nothing_twice() -> None:
    counts, observations, times = Counts(COUNTER), Observations(HISTOGRAM), 10_000

    def count() -> None:
        for place in range(times):
            counts.count("x", str(place % 2), by=One(1))
            observations.observe(Whole(1.0), "x", str(place % 2))

    def read() -> None:
        for _ in range(50):
            (family,) = observations.collect()
            sums = {each.labels["b"]: each.value for each in family.samples if each.name.endswith("_sum")}
            assert sums == {each.labels["b"]: each.value for each in family.samples if each.name.endswith("_count")}

    _together(count, count, read)
    (counted,), (observed,) = counts.collect(), observations.collect()
    assert sum(each.value for each in counted.samples) == 2 * times
    assert sum(each.value for each in observed.samples if each.name.endswith("_sum")) == 2 * times


def _together(*works: Callable[[], None]) -> None:
    """Each on a thread of its own, and taking turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(works)) as threads:
            for each in [threads.submit(work) for work in works]:
                each.result()
    finally:
        sys.setswitchinterval(before)
