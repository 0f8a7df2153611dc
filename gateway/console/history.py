"""The last hour of a gateway as its metrics told it, in memory.

Laws: bounded, whatever a metrics page says: so many scrapes of so many lines, so many points; only our own series are kept.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.telemetry import series
from gateway.telemetry.scraped import Scrape, Traffic, between

POINTS: Final = 360
"""An hour, at a sample each 10 seconds."""
WINDOW: Final = 31
"""Scrapes that rates and quantiles are reckoned over: five minutes."""
RECENT: Final = 7
"""Scrapes of the last minute."""
MOST_LINES: Final = 4000
_OWN: Final = "kuacheng_"


@dataclass(frozen=True, slots=True)
class Point:
    """One sample. By region: exchanges a second, and seconds that 99 % of them and of the city's parts did not exceed."""

    at: datetime
    up: bool
    rates: Mapping[str, float] = field(default_factory=dict)
    p99: Mapping[str, float] = field(default_factory=dict)
    city_p99: Mapping[str, float] = field(default_factory=dict)


class History:
    """What was sampled. Belongs to one event loop."""

    def __init__(self) -> None:
        self._scrapes: deque[Scrape] = deque(maxlen=WINDOW)
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._up = False

    def take(self, at: datetime, scrape: Scrape | None) -> None:
        """One sample; None where the metrics could not be read."""
        self._up = scrape is not None
        if scrape is None:
            self._points.append(Point(at, up=False))
            return
        kept = [(key, value) for key, value in scrape.samples.items() if key[0].startswith(_OWN)][:MOST_LINES]
        self._scrapes.append(Scrape(scrape.at, dict(kept)))
        self._points.append(_point(at, self._last(2)))

    @property
    def points(self) -> tuple[Point, ...]:
        """Oldest first."""
        return tuple(self._points)

    def traffic(self, scrapes: int = WINDOW) -> Traffic | None:
        """Over so many scrapes; None where the gateway could not be read the last time."""
        return self._last(scrapes) if self._up else None

    def checkpoint_age(self) -> float | None:
        """In seconds, as the gateway told the last time; infinite without one, None where it has no witnesses or is not read."""
        return self._scrapes[-1].samples.get((series.CHECKPOINT_AGE.name, frozenset())) if self._up else None

    def _last(self, count: int) -> Traffic:
        """Between the newest scrape and the oldest of the last `count`; without a second one, nothing that grew is known."""
        newest = self._scrapes[-1]
        oldest = self._scrapes[max(len(self._scrapes) - count, 0)]
        return between(oldest if oldest.at < newest.at else Scrape(newest.at - 1, newest.samples), newest)


def _point(at: datetime, traffic: Traffic) -> Point:
    rates: dict[str, float] = {}
    for each in traffic.exchanges:
        rates[each.name[1]] = rates.get(each.name[1], 0.0) + each.a_second
    known = [each for each in traffic.latencies if not math.isnan(each.p99)]
    return Point(at, True, rates, {each.region: each.p99 for each in known}, {each.region: each.city_p99 for each in known})
