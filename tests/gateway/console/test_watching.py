"""What is watched is dated, follows the gateway's configuration, and survives whatever cannot be read."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from certs import generations
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.console import expiry
from gateway.console.judging import Light
from gateway.console.watching import Watch
from gateway.development.layout import Layout, lay_out, write_configuration
from tests.gateway.living import CITIES, NOW, put_unjudged, renewed, rotate

PAGE = """\
kuacheng_world_info{{edition="{edition}",version="1"}} 1
kuacheng_exchanges_in_flight 3
kuacheng_system_places{{system="guangzhou.g1"}} 64
kuacheng_system_passage{{system="guangzhou.g1",passage="{passage}"}} 1
"""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("watching") / "dev", NOW, entropy)
    write_configuration(made, CITIES, "127.0.0.1:0", "127.0.0.1:0")
    return made


class Metrics:
    """A gateway's metrics as a test writes them; whatever is no text is raised."""

    def __init__(self) -> None:
        self.said: str | Exception = ""

    async def __call__(self) -> str:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    return Metrics()


def change(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def watch(layout: Layout, metrics: Metrics) -> Watch:
    return Watch(lambda: load(layout.config, {}), [metrics], SystemClock(), lambda *_: (0.9,))


@pytest.mark.parametrize("said", [OSError("gone"), TimeoutError(), "<html>", "other_total 1\n", "kuacheng_world_info{"])
async def test_a_gateway_that_cannot_be_read_is_red_and_its_cities_unknown(
    layout: Layout, metrics: Metrics, said: str | Exception
) -> None:
    watched = watch(layout, metrics)
    metrics.said = said
    await watched.look()
    lights = {name: each.judgement.light for name, each in watched.standings.items()}
    assert (lights["440100"], lights["gateway"], lights["certificates"]) == (Light.UNKNOWN, Light.RED, Light.GREEN)
    assert (lights["ledger"], watched.log_size, watched.systems("440100")) == (Light.RED, None, ())
    await watched.close()


async def test_a_city_of_which_every_system_rests_is_red_and_the_other_is_not(layout: Layout, metrics: Metrics) -> None:
    watched = watch(layout, metrics)
    for passage in ("closed", "open"):
        metrics.said = PAGE.format(edition=watched.loaded.world.edition, passage=passage)
        await watched.look()
    lights = {name: each.judgement.light for name, each in watched.standings.items()}
    assert (lights["440100"], lights["440600"], lights["gateway"]) == (Light.RED, Light.GREEN, Light.GREEN)
    assert (watched.standings["440100"].whole, watched.standings["440600"].whole, watched.is_behind) == (True, False, False)
    await watched.close()


async def test_a_gateway_that_can_do_no_more_is_red(layout: Layout, metrics: Metrics) -> None:
    watched = watch(layout, metrics)
    page = PAGE.format(edition=watched.loaded.world.edition, passage="closed")
    for hour in (1, 2):
        metrics.said = f'{page}kuacheng_event_loop_busy_seconds_total{{state="running"}} {hour * 3600}\n'
        await watched.look()
    judgement = watched.standings["gateway"].judgement
    assert (judgement.light, judgement.because) == (Light.RED, ("gateway-saturated", "gateway-busy"))
    await watched.close()


async def test_it_takes_up_what_the_gateway_took_up_and_keeps_what_reads_well(layout: Layout, metrics: Metrics) -> None:
    watched, before = watch(layout, metrics), layout.config.read_text()
    change(layout.folder / "agreements" / "development.yaml", "广佛跨城通办", "广佛同城")
    edition = load(layout.config, {}).world.edition
    metrics.said = PAGE.format(edition=edition, passage="closed")
    await watched.look()
    assert (watched.loaded.world.edition, watched.is_behind) == (edition, False)
    layout.config.write_text("nonsense")
    (layout.folder / "revoked.json").write_text("nonsense")
    metrics.said = PAGE.format(edition="another", passage="closed")
    await watched.look()
    assert (watched.loaded.world.edition, watched.is_behind, watched.denied) == (edition, True, ())
    layout.config.write_text(before)
    (layout.folder / "revoked.json").unlink()
    await watched.close()


async def test_it_shows_the_generation_that_is_in_force_and_nothing_is_good_that_cannot_be_read(
    layout: Layout, metrics: Metrics
) -> None:
    watched = Watch(lambda: load(layout.config, {}), [metrics], SystemClock(), expiry.lives)
    metrics.said = PAGE.format(edition=watched.loaded.world.edition, passage="closed")
    await watched.look()
    first = watched.loaded.server.certificate
    shown = renewed(layout)
    rotate(layout, shown)
    await watched.look()
    assert first != watched.loaded.server.certificate == shown["server.pem"]
    assert watched.standings["certificates"].judgement.light is Light.GREEN
    put_unjudged(layout, {"server.pem": None})
    generations.discard(layout.material, "000002")
    watched._left_at -= timedelta(hours=1)
    await watched.look()
    judgement = watched.standings["certificates"].judgement
    assert (judgement.light, judgement.because) == (Light.UNKNOWN, ("certificates-unread",))
    assert watched.loaded.server.certificate == shown["server.pem"]
    await watched.close()
