"""How renewing stands, read at each scrape and at no other time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry import series


@dataclass(frozen=True, slots=True)
class Stands:
    """Attempts by result and when the next falls due (Unix time), None where nobody renews; generations that wait to be put in force."""

    attempts: Mapping[str, int]
    due: float | None
    staged: int


@dataclass(frozen=True, slots=True)
class Renewing(Collector):
    """A collector of Prometheus."""

    read: Callable[[], Stands]

    def collect(self) -> Iterable[Metric]:
        """One family a series."""
        stands = self.read()
        attempts = CounterMetricFamily(series.RENEWALS.name, series.RENEWALS.help, labels=series.RENEWALS.labels)
        for result, count in stands.attempts.items():
            attempts.add_metric((result,), count)
        due = GaugeMetricFamily(series.RENEWAL_DUE.name, series.RENEWAL_DUE.help)
        if stands.due is not None:
            due.add_metric((), stands.due)
        staged = GaugeMetricFamily(series.STAGED.name, series.STAGED.help)
        staged.add_metric((), stands.staged)
        return (attempts, due, staged)
