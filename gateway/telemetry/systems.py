"""How the cities' systems stand, read at each scrape and at no other time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.model.standing import Passage, Standing
from gateway.telemetry import series

_GAUGES: Final[Mapping[series.Series, Callable[[Standing], int]]] = MappingProxyType(
    {
        series.SYSTEM_INSIDE: lambda each: each.inside,
        series.SYSTEM_PLACES: lambda each: each.places,
        series.SYSTEM_WAITING: lambda each: each.waiting,
    }
)
_COUNTERS: Final[Mapping[series.Series, Callable[[Standing], int]]] = MappingProxyType(
    {
        series.TURNED_AWAY: lambda each: each.turned_away,
        series.TRIED_AGAIN: lambda each: each.tried_again,
    }
)


@dataclass(frozen=True, slots=True)
class Systems(Collector):
    """A collector of Prometheus; `read` gives each system by its name."""

    read: Callable[[], Mapping[str, Standing]]

    def collect(self) -> Iterable[Metric]:
        """One family a series."""
        standings = self.read()
        passage = GaugeMetricFamily(series.SYSTEM_PASSAGE.name, series.SYSTEM_PASSAGE.help, labels=series.SYSTEM_PASSAGE.labels)
        for name, standing in standings.items():
            for each in Passage:
                passage.add_metric((name, each.value), float(standing.passage is each))
        yield passage
        for of, value in _GAUGES.items():
            yield _filled(GaugeMetricFamily(of.name, of.help, labels=of.labels), standings, value)
        for of, value in _COUNTERS.items():
            yield _filled(CounterMetricFamily(of.name, of.help, labels=of.labels), standings, value)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, standings: Mapping[str, Standing], value: Callable[[Standing], int]
) -> Metric:
    for name, standing in standings.items():
        family.add_metric((name,), float(value(standing)))
    return family
