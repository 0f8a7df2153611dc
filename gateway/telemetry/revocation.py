"""How the deny-list and the CAs' revocation lists stand, reckoned at each scrape: what is not followed any more shows by its age."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry import series


@dataclass(frozen=True, slots=True)
class Listed:
    """One region's lists, by the worst of them: `age` in seconds, infinite where one is missing.

    `due` is when the next one is, `ends` when the grace after that is over: Unix time, 0 where one is missing.
    """

    age: float
    due: float
    ends: float


@dataclass(frozen=True, slots=True)
class Stands:
    """Seconds since the deny-list was last found to be the one in force; the lists of each region that has any."""

    unread: float
    lists: Mapping[str, Listed]


@dataclass(frozen=True, slots=True)
class Revocation(Collector):
    """A collector of Prometheus."""

    read: Callable[[], Stands]

    def collect(self) -> Iterable[Metric]:
        """One family a series."""
        stands = self.read()
        unread = GaugeMetricFamily(series.DENY_LIST_AGE.name, series.DENY_LIST_AGE.help)
        unread.add_metric((), stands.unread)
        age, due, ends = (
            GaugeMetricFamily(each.name, each.help, labels=each.labels)
            for each in (series.LIST_AGE, series.LIST_DUE, series.LIST_ENDS)
        )
        for region, each in stands.lists.items():
            age.add_metric((region,), each.age)
            due.add_metric((region,), each.due)
            ends.add_metric((region,), each.ends)
        return (unread, age, due, ends)
