"""The short form of `make soak-certs`: leaves, a whole change of CA, a revocation, all bad generations and a killed worker."""

from pathlib import Path

import pytest

from bench.mishaps import BAD, FULL, HALF_WRITTEN, LIMITED
from bench.rotating import Load, soak

pytestmark = pytest.mark.timeout(300)


async def test_nobody_notices_a_change_of_certificates(tmp_path: Path) -> None:
    load = Load(rotations=2, changes=1, revocations=2, rate=10.0, connections=4, fresh=3, mishaps=1, workers=2, kills=1)
    found = await soak(tmp_path / "dev", load)
    assert not found.failures
    assert (len(found.bites), found.kills) == (2, 1)
    (unwritten,) = found.bad.keys() & {FULL, LIMITED}
    assert found.bad == dict.fromkeys((*BAD, HALF_WRITTEN, unwritten), 1)
    assert len(found.swaps) == 2 + 3 + len(BAD) + 1 + 1, (
        "rotations, those of the CA, one after each bad generation, one with a kill"
    )
    assert found.calls > 20
    assert min(found.bites) < 1.5, "a revocation bites within a second, and some for a busy machine, which only ever adds to it"
