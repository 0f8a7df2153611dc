"""`check` beside a gateway that runs: cities are greeted and never asked, what fails there is told by its name, and --wait waits."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.checking.cities import cities
from gateway.checking.line import State
from gateway.clock import SystemClock
from gateway.config import load
from tests.journeys.conftest import Up

REGIONS = ("440100", "440600")


class Ahead(SystemClock):
    """A machine's clock that is wrong."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=10)  # noqa: TID251


def check(up: Up, *further: str) -> tuple[int, dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "gateway.cli",
        "check",
        "-c",
        up.said["config"],
        "--metrics",
        up.said["metrics"],
        "-o",
        "json",
    ]
    done = subprocess.run([*command, *further], capture_output=True, check=False, text=True, timeout=100)
    return done.returncode, json.loads(done.stdout)


async def test_all_is_well_and_no_city_was_asked_about_anybody(up: Up) -> None:
    last = {region: await up.city(region).last() for region in REGIONS}
    # What other tests have left of a system that failed passes; what is told is one look, the last.
    status, told = check(up, "--wait", "60")
    assert (status, told["fine"]) == (0, True)
    states = {each["category"]: set() for each in told["lines"]}
    for each in told["lines"]:
        states[each["category"]].add(each["state"])
    assert states.pop("ledger") <= {"fine", "warning"}
    assert set().union(*states.values()) == {"fine"}
    operations = {each["operation"] for region in REGIONS for each in await up.city(region).tape(last[region])}
    assert operations == {"login", "refresh"}


@pytest.mark.timeout(300)
async def test_a_log_in_that_fails_is_told_and_waiting_ends_when_it_works_again(up: Up) -> None:
    city = up.city("440100")
    await city.break_("g1", "status_500", -1, operation="login")
    try:
        status, told = check(up)
    finally:
        await city.mend()
    failed = [each for each in told["lines"] if each["state"] == "failed"]
    assert (status, [(each["what"], each["code"]) for each in failed]) == (1, [("440100 guangzhou.g1", "city-unreachable")])
    await city.break_("g1", "status_500", 1, operation="login")
    assert check(up, "--wait", "60")[0] == 0


async def test_a_clock_that_is_wrong_is_found_by_each_city(up: Up) -> None:
    loaded = load(Path(up.said["config"]), {})
    lines = await cities(loaded, Ahead())
    assert sum(each.code == "clock-differs-from-city" for each in lines) >= 4
    assert all(each.state is State.FAILED for each in lines if each.code)
