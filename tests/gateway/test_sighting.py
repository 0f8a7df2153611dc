"""Who comes in is noted, and whom the front proxy names; whom anybody else names is not."""

from pathlib import Path

import pytest

from certs import seen
from certs.seen import Sightings
from gateway import sighting
from gateway.model.identity import Peer, Trust
from tests.certs import faulty
from tests.gateway.fakes import HandClock
from tests.gateway.stages.builders import peer, trust, world
from tests.gateway.stages.test_identify_through_a_proxy import PROXY, behind, believing, proxy


@pytest.mark.parametrize(
    ("shown", "believed", "noted"),
    [
        (peer(), trust(), {faulty.SOUND_URI}),
        (behind(peer()), believing(), {PROXY, faulty.SOUND_URI}),
        (behind(peer()), trust(), {PROXY}),
        (behind(proxy(), by=peer()), believing(), {faulty.SOUND_URI}),
    ],
    ids=["a caller", "one behind the front proxy", "one behind nobody's", "one whom another names"],
)
async def test_whose_certificates_came_in(tmp_path: Path, shown: Peer, believed: Trust, noted: set[str]) -> None:
    clock = HandClock()
    sightings = Sightings(tmp_path / "seen", clock.now, clock.monotonic)
    sighting.note(sightings, lambda: world(trust=believed), clock, shown)
    await sighting.write(sightings)
    assert {each.uri for each in seen.read(tmp_path / "seen")} == noted


async def test_a_record_that_cannot_be_written_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock()
    sightings = Sightings(tmp_path / "no-such-folder" / "seen", clock.now, clock.monotonic)
    sighting.note(sightings, lambda: world(trust=trust()), clock, peer())
    await sighting.write(sightings)
    assert "the record of callers' certificates could not be written" in caplog.text
