"""Counters and histograms whose counting costs next to nothing, because every exchange does it a dozen times.

prometheus_client's own keep each number behind a lock of its own and look for a bucket one bound after the other. Here a series is one
lock and one table by labels, and a bucket is found by bisection; what is scraped is the same to the letter.
Laws: counted on any thread and read on any, nothing is lost or counted twice; a histogram's sum and counts are of the same observations.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from threading import Lock
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import INF, floatToGoString

from gateway.telemetry.series import Series


class Counts(Collector):
    """A counter. One without labels is there from the start."""

    def __init__(self, of: Series) -> None:
        self._of: Final = of
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], int] = {} if of.labels else {(): 0}

    def count(self, *labels: str, by: int = 1) -> None:
        """So many more, under these labels; by=0 lets them be there, without any."""
        with self._lock:
            self._counts[labels] = self._counts.get(labels, 0) + by

    def describe(self) -> Iterable[CounterMetricFamily]:
        """What it will collect, without samples."""
        yield CounterMetricFamily(self._of.name, self._of.help, labels=self._of.labels)

    def collect(self) -> Iterable[CounterMetricFamily]:
        """A sample for each set of labels."""
        with self._lock:
            counts = self._counts.copy()
        for family in self.describe():
            for labels, count in counts.items():
                family.add_metric(labels, count)
            yield family


class Observations(Collector):
    """A histogram. One without labels is there from the start.

    By labels: how many fell into each bucket, that without a bound the last, and after them the sum.
    """

    def __init__(self, of: Series) -> None:
        self._of: Final = of
        self._bounds: Final = of.bounds
        self._names: Final = tuple(floatToGoString(each) for each in (*of.bounds, INF))  # type: ignore[no-untyped-call]
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], list[float]] = {} if of.labels else {(): self._none()}

    def observe(self, amount: float, *labels: str) -> None:
        """One more, of this amount, under these labels."""
        place = bisect_left(self._bounds, amount)
        with self._lock:
            counts = self._counts.get(labels)
            if counts is None:
                counts = self._counts[labels] = self._none()
            counts[place] += 1
            counts[-1] += amount

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """What it will collect, without samples."""
        yield HistogramMetricFamily(self._of.name, self._of.help, labels=self._of.labels)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Its samples for each set of labels."""
        with self._lock:
            counts = {labels: tuple(each) for labels, each in self._counts.items()}
        for family in self.describe():
            for labels, (*buckets, total) in counts.items():
                family.add_metric(labels, list(zip(self._names, accumulate(buckets), strict=True)), total)
            yield family

    def _none(self) -> list[float]:
        return [0.0] * (len(self._bounds) + 2)
