"""The development environment keeps others out of its folder, and says why something did not come up. That it stands: tests/journeys."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.development.processes import StartError, alone, start


def test_two_cannot_hold_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "dev"), pytest.raises(StartError, match="another kuacheng dev"), alone(tmp_path / "dev"):
        pass
    with alone(tmp_path / "dev"):
        assert (tmp_path / "dev").stat().st_mode & 0o777 == 0o700


async def test_a_program_that_ends_at_once_is_named_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _module("import sys; sys.stderr.write('alas'); sys.exit(3)", tmp_path, monkeypatch)
    with pytest.raises(StartError, match=r"doomed did not start.*doomed\.log"):
        await start("doomed", (module,), tmp_path)
    assert (tmp_path / "doomed.log").read_text() == "alas"


async def test_a_program_that_serves_is_ended_by_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = await start("good", (_module(SERVES, tmp_path, monkeypatch), "these", "words"), tmp_path)
    assert started.said == {"url": ["these", "words"]}
    assert await started.stop() == -signal.SIGTERM


async def test_a_program_ends_with_who_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = await start("good", (_module(SERVES, tmp_path, monkeypatch),), tmp_path)
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert await asyncio.wait_for(started.process.wait(), PATIENCE) == -signal.SIGTERM


PATIENCE = 60.0
SERVES = "import json, sys, time; print(json.dumps({'url': sys.argv[1:]}), flush=True); time.sleep(3600)"


def _module(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "a_program.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return "a_program"
