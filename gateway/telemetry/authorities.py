"""How the CAs of the regions stand, and who still needs one that is to be retired, read at each scrape and at no other time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry import series


@dataclass(frozen=True, slots=True)
class Believed:
    """One region: how many of its CAs are believed in good standing, how many are tainted, how many callers still hang on these."""

    believed: int
    tainted: int
    stragglers: int


@dataclass(frozen=True, slots=True)
class Authorities(Collector):
    """A collector of Prometheus; `read` gives each region's standing by its code."""

    read: Callable[[], Mapping[str, Believed]]

    def collect(self) -> Iterable[Metric]:
        """One family a series."""
        standings = self.read()
        of = GaugeMetricFamily(series.AUTHORITIES.name, series.AUTHORITIES.help, labels=series.AUTHORITIES.labels)
        left = GaugeMetricFamily(series.STRAGGLERS.name, series.STRAGGLERS.help, labels=series.STRAGGLERS.labels)
        for region, each in standings.items():
            of.add_metric((region, "believed"), each.believed)
            of.add_metric((region, "tainted"), each.tainted)
            left.add_metric((region,), each.stragglers)
        return (of, left)
