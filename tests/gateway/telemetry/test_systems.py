"""The systems' standing at a scrape: as it is then, each family of the table once."""

from prometheus_client import CollectorRegistry, generate_latest

from gateway.model.standing import Passage, Standing
from gateway.telemetry.systems import Systems

STANDING = Standing(Passage.CLOSED, inside=3, places=64, waiting=0, queue=64, turned_away=7, tried_again=1)


def scraped(standings: dict[str, Standing]) -> set[str]:
    registry = CollectorRegistry()
    registry.register(Systems(lambda: standings))
    return set(generate_latest(registry).decode().splitlines())


def test_each_system_and_each_passage_has_its_line() -> None:
    lines = scraped({"foshan.f1": STANDING})
    assert {
        'kuacheng_system_passage{passage="closed",system="foshan.f1"} 1.0',
        'kuacheng_system_passage{passage="open",system="foshan.f1"} 0.0',
        'kuacheng_system_passage{passage="half_open",system="foshan.f1"} 0.0',
        'kuacheng_system_questions_inside{system="foshan.f1"} 3.0',
        'kuacheng_system_places{system="foshan.f1"} 64.0',
        'kuacheng_system_questions_waiting{system="foshan.f1"} 0.0',
        'kuacheng_system_turned_away_total{system="foshan.f1"} 7.0',
        'kuacheng_system_tried_again_total{system="foshan.f1"} 1.0',
    } <= lines


def test_it_is_read_at_the_scrape() -> None:
    standings = {"foshan.f1": STANDING}
    registry = CollectorRegistry()
    registry.register(Systems(lambda: standings))
    standings["guangzhou.g1"] = STANDING
    assert b'kuacheng_system_places{system="guangzhou.g1"} 64.0' in generate_latest(registry)
