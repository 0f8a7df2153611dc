"""An hour of samples, bounded whatever a metrics page says."""

from datetime import timedelta

from gateway.console.history import MOST_LINES, POINTS, WINDOW, History
from gateway.telemetry.scraped import Scrape
from tests.gateway.stages.builders import NOW

INFO = ("kuacheng_world_info", frozenset({("edition", "e1"), ("version", "1")}))
ENDED = ("kuacheng_exchanges_total", frozenset({("evidence_type", "tax"), ("region", "440100"), ("result", "ISSUED")}))
AGE = ("kuacheng_checkpoint_age_seconds", frozenset())


def scrape(at: float, ended: float, **further: float) -> Scrape:
    return Scrape(at, {INFO: 1.0, ENDED: ended, AGE: 7.0, **{(name, frozenset()): value for name, value in further.items()}})


def test_rates_are_of_the_last_minutes_and_points_of_the_last_sample() -> None:
    history = History()
    assert (history.traffic(), history.checkpoint_age()) == (None, None)
    for number, ended in enumerate((0.0, 10.0, 40.0)):
        history.take(NOW + timedelta(seconds=10 * number), scrape(10.0 * number, ended))
    found = history.traffic()
    assert found is not None
    assert (found.a_second, found.edition, history.checkpoint_age()) == (2.0, "e1", 7.0)
    assert [each.rates.get("440100") for each in history.points] == [None, 1.0, 3.0]


def test_a_gateway_that_is_not_read_has_no_traffic_until_it_is_again() -> None:
    history = History()
    history.take(NOW, scrape(0.0, 5.0))
    history.take(NOW, None)
    assert (history.traffic(), history.checkpoint_age(), [each.up for each in history.points]) == (None, None, [True, False])
    history.take(NOW, scrape(20.0, 1.0))
    found = history.traffic()
    assert found is not None
    assert found.a_second == 1 / 20


def test_it_is_bounded() -> None:
    history = History()
    flood = {f"kuacheng_{number}": 1.0 for number in range(MOST_LINES + 1)}
    history.take(NOW, scrape(0.0, 0.0, **flood, others_total=1.0))
    for number in range(POINTS + 9):
        history.take(NOW, scrape(1.0 + number, 0.0))
    assert (len(history.points), len(history._scrapes)) == (POINTS, WINDOW)
    history.take(NOW, scrape(1e6, 0.0, **flood, others_total=1.0))
    kept = history._scrapes[-1].samples
    assert (len(kept), ("others_total", frozenset()) in kept) == (MOST_LINES, False)
