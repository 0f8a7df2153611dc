"""What needs a program that is not there fails and says what to install, or is left out and that is said; both seen from outside."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import PEERS

ROOT = Path(__file__).parents[1]
PLANTED = """
import pytest

@pytest.mark.needs("moon")
def test_planted():
    pass

def test_beside():
    pass
"""
CONFTEST = """
from types import MappingProxyType
from tests import peers
peers.PEERS = MappingProxyType({"moon": peers.Peer("The moon", "moon-dev", lambda: False)})
from tests.conftest import *
from tests.conftest import _missing
"""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_planted.py").write_text(PLANTED)
    return tmp_path


def run(folder: Path, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", "/dev/null"]
    done = subprocess.run([*command, *options, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_it_fails_and_says_what_to_install(planted: Path) -> None:
    status, said = run(planted)
    assert status == 1
    assert "The moon is not installed: apt-get install -y moon-dev" in said
    assert "1 passed, 1 error" in said


def test_or_it_is_left_out_and_that_is_said(planted: Path) -> None:
    status, said = run(planted, "--leave-out-missing")
    assert status == 0
    assert "1 passed, 1 deselected" in said
    assert "NOT RUN: what needs it. The moon is not installed: apt-get install -y moon-dev" in said


def test_ci_installs_every_package_that_a_test_may_need() -> None:
    listed = re.search(r"packages=\(([^)]*)\)", (ROOT / ".ci" / "run").read_text())
    assert listed is not None
    assert set(listed[1].split()) == {name for peer in PEERS.values() if not peer.apart for name in peer.packages.split()}
