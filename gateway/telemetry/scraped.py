"""What a gateway's metrics say of a span of time: two scrapes in, rates and latencies out.

Laws: pure; only names of telemetry.series are read, so what a scrape has besides is nothing; a counter that went back is a gateway
that began anew, and counts from zero.
Source: the text format 0.0.4 of Prometheus; quantiles as `histogram_quantile` reckons them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from gateway.model.standing import Passage
from gateway.telemetry import series
from gateway.telemetry.series import Series

Labels = frozenset[tuple[str, str]]

SATURATED: Final = 0.9
"""The part of its time in which an event loop is busy, above which a process can do no more (docs/performance.md): what comes besides gRPC
refuses or lets go before our code sees it, and counts nowhere.
"""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape; `at` in seconds of a monotonic clock, `samples` by name and labels."""

    at: float
    samples: Mapping[tuple[str, Labels], float]

    @classmethod
    def of(cls, text: str, at: float) -> "Scrape":
        """Raises ValueError for what is no metrics page."""
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return cls(at, {(each.name, frozenset(each.labels.items())): each.value for each in samples})


@dataclass(frozen=True, slots=True)
class Flow:
    """How many of one kind ended, a second."""

    name: tuple[str, ...]
    a_second: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one region, in seconds: half and 99 % of the exchanges took no longer, and the part of it that the city took. NaN without any."""

    region: str
    p50: float
    p99: float
    city_p50: float
    city_p99: float


@dataclass(frozen=True, slots=True)
class Stands:
    """One system at the end of the span."""

    name: str
    passage: Passage
    inside: int
    places: int
    waiting: int
    turned_away: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went on between two scrapes. `exchanges` by type, region and result; `refusals` by reason, blame and region; busiest first.

    `busy` is the part of its time in which the event loop had something to do, of the worker with the busiest; NaN where none tells.
    """

    seconds: float
    edition: str
    in_flight: int
    exchanges: tuple[Flow, ...]
    refusals: tuple[Flow, ...]
    latencies: tuple[Latency, ...]
    systems: tuple[Stands, ...]
    busy: float = math.nan

    @property
    def a_second(self) -> float:
        """All exchanges that ended, a second."""
        return sum(each.a_second for each in self.exchanges)


def between(first: Scrape, second: Scrape) -> Traffic:
    """What went on between the two. Raises ValueError where the second is no later, or is not of a gateway."""
    seconds = second.at - first.at
    editions = [dict(labels).get("edition", "") for (name, labels) in second.samples if name == series.WORLD.name]
    if seconds <= 0 or not editions:
        raise ValueError("no two scrapes of a gateway, one after the other")
    return Traffic(
        seconds=seconds,
        edition=editions[0],
        in_flight=int(second.samples.get((series.IN_FLIGHT.name, frozenset()), 0)),
        exchanges=_flows(first, second, series.EXCHANGES, seconds),
        refusals=_flows(first, second, series.REFUSALS, seconds),
        latencies=tuple(_latency(first, second, region) for region in _values(second, series.EXCHANGE_SECONDS, "region")),
        systems=tuple(_stands(first, second, name, seconds) for name in _values(second, series.SYSTEM_PLACES, "system")),
        busy=_busiest(first, second, seconds),
    )


def _busiest(first: Scrape, second: Scrape, seconds: float) -> float:
    """The part of its time, of whoever was busy longest among those that both scrapes know."""
    spent: dict[Labels, float] = {}
    for name, labels in first.samples.keys() & second.samples.keys():
        if name == series.BUSY.name:
            whose = frozenset(each for each in labels if each[0] not in series.BUSY.labels)
            spent[whose] = spent.get(whose, 0.0) + _grown(first, second, name, labels)
    return max((min(each / seconds, 1.0) for each in spent.values()), default=math.nan)


def _flows(first: Scrape, second: Scrape, of: Series, seconds: float) -> tuple[Flow, ...]:
    grown = ((labels, _grown(first, second, of.name, labels)) for name, labels in second.samples if name == of.name)
    flows = [Flow(tuple(dict(labels)[each] for each in of.labels), more / seconds) for labels, more in grown if more]
    return tuple(sorted(flows, key=lambda each: (-each.a_second, each.name)))


def _grown(first: Scrape, second: Scrape, name: str, labels: Labels) -> float:
    before, after = first.samples.get((name, labels), 0.0), second.samples.get((name, labels), 0.0)
    return after - before if after >= before else after


def _values(scrape: Scrape, of: Series, label: str) -> list[str]:
    return sorted({dict(labels)[label] for name, labels in scrape.samples if name.startswith(of.name) and label in dict(labels)})


def _latency(first: Scrape, second: Scrape, region: str) -> Latency:
    whole, city = (_buckets(first, second, of, region) for of in (series.EXCHANGE_SECONDS, series.CITY_SECONDS))
    return Latency(region, quantile(0.5, whole), quantile(0.99, whole), quantile(0.5, city), quantile(0.99, city))


def _buckets(first: Scrape, second: Scrape, of: Series, region: str) -> list[tuple[float, float]]:
    """Upper bound and how many more are at or below it."""
    name = f"{of.name}_bucket"
    labels = ((f"{bound}", frozenset({("region", region), ("le", f"{bound}")})) for bound in (*of.bounds, "+Inf"))
    return [(float(bound), _grown(first, second, name, each)) for bound, each in labels]


def quantile(share: float, buckets: Iterable[tuple[float, float]]) -> float:
    """The value at or below which this share lies, by cumulative buckets of rising bounds; NaN for empty ones.

    Inside a bucket the values count as spread evenly; above the last bound nothing more is known than that bound.
    """
    whole = list(buckets)
    wanted = whole[-1][1] * share if whole else 0.0
    if not wanted:
        return math.nan
    low, below = 0.0, 0.0
    for bound, count in whole:
        if count >= wanted:
            return low if math.isinf(bound) else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


def _stands(first: Scrape, second: Scrape, system: str, seconds: float) -> Stands:
    labels = frozenset({("system", system)})

    def now(of: Series) -> int:
        return int(second.samples.get((of.name, labels), 0))

    def lets(each: Passage) -> bool:
        return second.samples.get((series.SYSTEM_PASSAGE.name, labels | {("passage", each.value)})) == 1

    return Stands(
        name=system,
        passage=next((each for each in Passage if lets(each)), Passage.CLOSED),
        inside=now(series.SYSTEM_INSIDE),
        places=now(series.SYSTEM_PLACES),
        waiting=now(series.SYSTEM_WAITING),
        turned_away=_grown(first, second, series.TURNED_AWAY.name, labels) / seconds,
    )
