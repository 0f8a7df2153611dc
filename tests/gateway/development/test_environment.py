"""The development environment keeps others out of its folder, and says why something did not come up. That it stands: tests/journeys."""

from pathlib import Path

import pytest

from gateway.development.processes import StartError, alone, start


def test_two_cannot_hold_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "dev"), pytest.raises(StartError, match="another kuacheng dev"), alone(tmp_path / "dev"):
        pass
    with alone(tmp_path / "dev"):
        assert (tmp_path / "dev").stat().st_mode & 0o777 == 0o700


async def test_a_program_that_ends_at_once_is_named_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"doomed did not start.*doomed\.log"):
        await start("doomed", ("-c", "import sys; sys.stderr.write('alas'); sys.exit(3)"), tmp_path)
    assert (tmp_path / "doomed.log").read_text() == "alas"


async def test_a_program_that_serves_is_ended_by_stop(tmp_path: Path) -> None:
    code = "import json, sys, time; print(json.dumps({'url': 'x'}), flush=True); sys.stdin.read()"
    started = await start("good", ("-c", code), tmp_path)
    assert started.said == {"url": "x"}
    assert await started.stop() == -15
