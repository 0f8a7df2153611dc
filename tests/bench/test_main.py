"""`make bench` comes up, asks all four the same questions and accounts for every one of them; its figures are not judged here."""

import subprocess
import sys
from pathlib import Path

import pytest

_SHORT = ("--rounds", "1", "--seconds", "0.1", "--kinds", "housing-record", "--rates")


@pytest.mark.timeout(300)
def test_the_short_form_asks_all_four_and_accounts_for_every_question(tmp_path: Path) -> None:
    arguments = (sys.executable, "-m", "bench", *_SHORT, "--folder", str(tmp_path))
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    for name in (["pass-through"], ["floor"], ["gateway"], ["null", "ledger"]):
        assert name in [line[: len(name)] for line in lines], done.stdout
    assert "questions and 3 acts, verified" in done.stdout
