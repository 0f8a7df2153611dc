"""No bytes crash the process: the fuzz of fuzzing.py in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROUNDS = 25


def test_changed_bytes_are_refused_and_end_no_process() -> None:
    command = [sys.executable, "-m", "tests.adapters.guomi.fuzzing", str(ROUNDS)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    tried, taken = map(int, ended.stdout.split())
    assert tried == ROUNDS * 7
    assert taken < tried / 4
