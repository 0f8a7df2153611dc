"""The short form of `make soak-certs`: leaves, a whole change of CA, a revocation and a bad generation, and no caller notices."""

from pathlib import Path

from bench.rotating import Load, soak


async def test_nobody_notices_a_change_of_certificates(tmp_path: Path) -> None:
    found = await soak(tmp_path / "dev", Load(rotations=2, changes=1, revocations=1, rate=30.0, connections=4, fresh=3))
    assert not found.failures
    assert (len(found.swaps), len(found.bites), found.refused_bad) == (5, 1, 1)
    assert found.calls > 20
    assert found.bites[0] < 1.5, "a revocation bites within a second, and some for a busy machine"
