"""`top` against a real metrics port."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.development.layout import lay_out, write_configuration
from gateway.model.standing import Passage, Standing
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from tests.gateway.telemetry.test_scraped import ENDED, REFUSED


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics(AccessLog(io.StringIO()))
    made.stands("edition-1", "0.1")
    made.watch_systems(lambda: {"foshan.f1": Standing(Passage.OPEN, 5, 64, 1, 64, 12, 0)})
    return made


@pytest.fixture
def address(metrics: Metrics) -> Iterator[str]:
    server, port = metrics.serve("127.0.0.1", 0)
    with closing(server.socket):
        yield f"http://127.0.0.1:{port}/metrics"
        server.shutdown()


def top(*arguments: str) -> tuple[int, str]:
    found = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["top", "--once", "--interval", "0.2", *arguments])
    return found.exit_code, found.output


def test_one_look_fits_a_narrow_terminal(metrics: Metrics, address: str) -> None:
    metrics.watch(lambda: 7.0)
    status, said = top("--metrics", address)
    assert status == 0
    assert "0.0 exchanges a second, 7 in flight; edition edition-1" in said
    assert "nothing ended" in said
    assert [line.split() for line in said.splitlines() if "foshan.f1" in line] == [["foshan.f1", "open", "5/64", "1", "0.0"]]
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(("a_look", "told"), [(0.0, False), (60.0, True)])
def test_a_process_that_can_do_no_more_is_told_in_words(metrics: Metrics, address: str, a_look: float, *, told: bool) -> None:
    looks = count()
    metrics.busy(lambda: next(looks) * a_look, lambda: 0.0)
    status, said = top("--metrics", address)
    assert status == 0
    assert f"in flight, {told:.0%} busy; edition" in said
    assert ("It can do no more" in said) is told
    assert max(map(len, said.splitlines())) <= 80


def test_json_has_every_number(metrics: Metrics, address: str) -> None:
    looked = 0

    def look() -> float:
        """Something ends between the two looks: at the second of them the first is counted."""
        nonlocal looked
        looked += 1
        metrics.ended(ENDED)
        metrics.ended(REFUSED)
        return 1.0

    metrics.watch(look)
    metrics.busy(lambda: 1.0, lambda: 0.0)
    metrics.ended(ENDED)
    metrics.ended(REFUSED)
    status, said = top("--metrics", address, "-o", "json")
    told = json.loads(said)
    assert (status, looked) == (0, 2)
    assert {each["result"] for each in told["exchanges"]} == {"ISSUED", "REFUSED"}
    assert told["refusals"][0]["reason"] == "CITY_TIMEOUT"
    assert told["latencies"][0]["p99"] > told["latencies"][0]["p50"]
    assert told["systems"][0]["passage"] == "open"
    assert told["busy"] == 0.0


def test_a_running_dev_is_found_by_its_file(metrics: Metrics, address: str, tmp_path: Path) -> None:
    metrics.watch(lambda: 7.0)
    file = tmp_path / "dev.json"
    file.write_text(json.dumps({"metrics": address}))
    assert top("--dev", str(file))[0] == 0
    status, said = top("--dev", str(tmp_path / "nowhere.json"))
    assert status == 2
    assert "start `kuacheng dev`" in said


def test_a_port_that_is_chosen_at_the_start_has_to_be_named(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    status, said = top("-c", str(layout.config))
    assert status == 2
    assert "with --metrics" in said


@pytest.mark.parametrize(
    ("where", "status", "told"),
    [
        ("http://127.0.0.1:1/metrics", 1, "is the gateway up"),
        ("file:///etc/hostname", 2, "--metrics is an address"),
    ],
)
def test_a_wrong_address_is_told(where: str, status: int, told: str) -> None:
    assert top("--metrics", where)[0] == status
    assert told in top("--metrics", where)[1]
