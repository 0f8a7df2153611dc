"""The development environment keeps others out of its folder, and says why something did not come up. That it stands: tests/journeys."""

import asyncio
import json
import os
import signal
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from gateway.config import Problem
from gateway.development.processes import StartError, alone, start


def test_two_cannot_hold_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "dev"), pytest.raises(StartError, match="another kuacheng dev"), alone(tmp_path / "dev"):
        pass
    with alone(tmp_path / "dev"):
        assert (tmp_path / "dev").stat().st_mode & 0o777 == 0o700


async def test_a_program_that_ends_at_once_is_named_with_its_last_words_and_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = _module("import sys; sys.stderr.write('first\\nalas: why\\n\\n'); sys.exit(3)", tmp_path, monkeypatch)
    with pytest.raises(StartError) as told:
        await start("doomed", (module,), tmp_path)
    log = tmp_path / "doomed.log"
    assert str(told.value) == f"doomed did not start, it ended with status 3:\n  alas: why\nits log: {log}"
    assert log.read_text() == "first\nalas: why\n\n"


async def test_a_program_that_says_nothing_is_named_with_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _module("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path, monkeypatch)
    with pytest.raises(StartError, match=r"it ended by signal 9 \(Killed\):\n  it said nothing"):
        await start("doomed", (module,), tmp_path)


async def test_problems_of_the_configuration_are_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("gateway.yaml", 5, 12, "listen.address", "must be an address and a port", "write it so")
    said = json.dumps({"problems": [asdict(problem), asdict(replace(problem, line=6))]})
    module = _module(f"print({said!r}, flush=True)", tmp_path, monkeypatch)
    with pytest.raises(StartError) as told:
        await start("doomed", (module,), tmp_path)
    where = f"its log: {tmp_path / 'doomed.log'}"
    assert str(told.value).split("\n") == ["doomed did not start:", f"  {problem}", f"  {replace(problem, line=6)}", where]


async def test_a_program_that_is_not_ready_is_asked_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A signal of Python's takes the exit status of one that has just ended from whoever waits for it: 'Unknown child process'.
    with pytest.raises(StartError, match="it ended with status 4:\n  asked"):
        await start("doomed", (_module(ASKED, tmp_path, monkeypatch),), tmp_path)


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
ASKED = """
import os, signal, sys
def end(*_):
    sys.stderr.write("asked")
    sys.exit(4)
signal.signal(signal.SIGTERM, end)
os.close(1)
while True:
    signal.pause()
"""
SERVES = "import json, sys, time; print(json.dumps({'url': sys.argv[1:]}), flush=True); time.sleep(3600)"


def _module(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "a_program.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return "a_program"
