"""Faults made for real, in short. `python -m bench.faults` does the same with as much load as one likes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.faults import FAULTS, KEY, LOG, Broken, Told, check

ROOT = Path(__file__).parents[3]
SEEN = re.compile(
    r"(.+): ([\d,]+) entries acknowledged, none lost; ([\d,]+) exchanges refused; ([\d,]+) entries, the log verifies"
)


def befall(folder: Path, *options: str) -> dict[str, tuple[int, str]]:
    """Exchanges refused, and the reasons, by fault; in a process of its own, because limits are of a process."""
    command = [sys.executable, "-m", "bench.faults", "--entries", "48", "--folder", str(folder), *options]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[int, str]] = {}
    for line in done.stdout.splitlines():
        if seen := SEEN.match(line):
            name = seen[1]
            found[name] = int(seen[3]), ""
        else:
            found[name] = found[name][0], found[name][1] + line
    return found


def test_after_each_fault_nothing_is_lost_the_reason_was_told_and_it_goes_on(tmp_path: Path) -> None:
    found = befall(tmp_path)
    assert set(found) == set(FAULTS)
    assert {name for name, (refused, _) in found.items() if refused} == {"disk full", "file replaced"}
    said = {name: reasons for name, (_, reasons) in found.items()}
    assert re.search("LEDGER_UNAVAILABLE: .*SQLITE_(FULL|IOERR)", said["disk full"])
    assert "cannot be opened" in said["disk read-only"]
    assert "was replaced while it was open" in said["file replaced"]
    assert "an older state of it was put back; put the newest state of the log back" in said["backup put back"]


def test_a_limit_on_files_is_met_like_a_full_disk(tmp_path: Path) -> None:
    (found,) = befall(tmp_path, "--limits", "--only", "disk full").values()
    assert found[0] > 0
    assert "LEDGER_UNAVAILABLE: the evidence log could not be written: SQLITE_" in found[1]


async def test_what_is_lost_is_noticed(path: Path, ledger_at, book) -> None:
    async with ledger_at(path, log=LOG, signers=KEY) as ledger:
        recorded = await ledger.append(book.refused(1))
    assert check(path, Told({0: recorded.leaf})) == 1
    for told in ({0: b"other"}, {1: recorded.leaf}):
        with pytest.raises(Broken, match="acknowledged and is not there"):
            check(path, Told(told))


async def test_a_log_that_does_not_verify_is_noticed(path: Path, ledger_at, book) -> None:
    async with ledger_at(path, log=LOG) as ledger:
        await ledger.append(book.refused(1))
    with pytest.raises(Broken, match="does not verify: NOT_SIGNED"):
        check(path, Told())
