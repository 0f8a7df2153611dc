"""`kuacheng demo` tells its story and ends; `kuacheng dev` stands, says where everything is, and leaves nothing behind."""

import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.client import Client, QueryRefused
from gateway.ledger.cosigning import Standing
from gateway.ledger.note import Note, Verifier
from gateway.ledger.policy import Policy
from tests.journeys.canonical import KINDS
from tests.journeys.conftest import Up, question

KUACHENG = (sys.executable, "-m", "gateway.cli")
KEYS = {"gateway", "server_name", "ca", "clients", "cities", "config", "ledger", "samples"}
SAMPLE_KEYS = {"type", "region", "holder", "purpose", "client", "outcome"}
SCENES = 5
PROGRAMS = 5
STARTED = 2
"""Entries of a gateway that has started: that it did, and by which configuration."""
EXCHANGES = 5
"""Those of the demo's story."""
PATIENCE = 100.0
_TICK = 0.01
_STALE = {"gateway": "stale"}
_OF = {"gateway": "gateway.cli\0serve", "foshan": "adapters.foshan.simulator"}
"""What stands in the command line of a program."""


def run(*arguments: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run([*KUACHENG, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def programs(folder: Path) -> set[int]:
    """Processes that were told this folder. Numbers and ports of those that ended may be anybody's at once."""
    return {int(each.name) for each in Path("/proc").glob("[0-9]*") if str(folder) in _told(each)}


def _told(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def listens(address: str) -> bool:
    """Whether somebody accepts connections at host:port."""
    host, _, port = address.removeprefix("https://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def addresses(said: dict[str, Any]) -> list[str]:
    """Where everything of dev.json listens."""
    return [said["gateway"], *(url for urls in said["cities"].values() for url in urls)]


@contextmanager
def dev(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`kuacheng dev` in a process group of its own, as a terminal would start it; ended at the latest when left."""
    command = [*KUACHENG, "dev", "--folder", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(PATIENCE)


def heard(process: subprocess.Popen[str]) -> str:
    """All that it says on standard error, until it ends."""
    assert process.stderr is not None
    return process.stderr.read()


def waits_for(process: subprocess.Popen[str]) -> bool:
    """A moment, or less where the process has something to say; whether it still runs."""
    assert process.stdout is not None
    select.select([process.stdout], [], [], _TICK)
    return process.poll() is None


def test_the_demo_tells_five_scenes_ends_well_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    ended = run("demo", "--folder", str(folder))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "✘" not in ended.stdout
    assert ended.stdout.count("✔") > SCENES
    assert [int(each) for each in re.findall(r"^([1-9])  .*─$", ended.stdout, re.MULTILINE)] == list(range(1, SCENES + 1))
    assert len(set(re.findall(r"process (\d+)", ended.stdout))) == PROGRAMS
    assert len(set(re.findall(r"…[0-9a-f]{12}", ended.stdout))) == STARTED + EXCHANGES, "each is told from the others"
    assert not programs(folder)
    assert not (folder / "dev.json").exists()
    secrets = [each.read_text() for each in (folder / "secrets").iterdir()]
    assert not [each for each in secrets if len(each) > 20 and each in ended.stdout]


def test_the_demo_without_a_folder_keeps_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [*KUACHENG, "demo"], capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment, cwd=tmp_path
    )
    assert (ended.returncode, "✘" in ended.stdout) == (0, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(400)
def test_dev_stands_until_it_is_ended_and_begins_anew_in_the_same_folder(tmp_path: Path) -> None:
    writes_its_file_once_all_serves_and_removes_it_at_sigterm(tmp_path)
    prints_commands_that_work_and_ends_at_ctrl_c(tmp_path)


def writes_its_file_once_all_serves_and_removes_it_at_sigterm(folder: Path) -> None:
    file = folder / "dev.json"
    file.write_text(json.dumps(_STALE))
    with dev(folder, "-o", "json") as process:
        while not (folder / "foshan.log").exists():
            assert waits_for(process)
        # The cities are being started: what an earlier run left behind would mislead whoever reads it now.
        assert not file.exists() or json.loads(file.read_text()) != _STALE
        while not file.exists():
            assert waits_for(process)
        said = json.loads(file.read_text())
        assert all(map(listens, addresses(said)))
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == said
        judge(said)
        judge_witnesses(folder, said, process)
        assert len(programs(folder)) == PROGRAMS + 1, "and itself"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not file.exists()
    assert not programs(folder)


def judge(said: dict[str, Any]) -> None:
    """All that the issue promises of dev.json."""
    assert said.keys() >= KEYS
    paths = [
        said["ca"],
        said["config"],
        said["ledger"],
        *(pair[part] for pair in said["clients"].values() for part in ("cert", "key")),
    ]
    assert all(Path(each).is_absolute() and Path(each).is_file() for each in paths)
    assert {pair["region"] for pair in said["clients"].values()} == {"440100", "440600"} == said["cities"].keys()
    for sample in said["samples"]:
        assert sample.keys() >= SAMPLE_KEYS
        assert sample["client"] in said["clients"]
    asked = {(each["type"], each["region"]) for each in said["samples"] if each["outcome"] == "ISSUED"}
    assert len(asked) == len(KINDS) * 2
    assert {each["outcome"] for each in said["samples"]} > {"ISSUED", "NO_RECORD"}


def judge_witnesses(folder: Path, said: dict[str, Any], process: subprocess.Popen[str]) -> None:
    """The log of this start, and of no earlier one, is witnessed by both cities; a gateway serves before one that is late."""
    keys, note = [Verifier.parse(each) for each in said["witnesses"].values()], folder / "witnessed.note"
    until = time.monotonic() + PATIENCE
    while not note.exists() or Note.parse(note.read_text()).verified(keys).keys() != set(keys):
        assert waits_for(process)
        assert time.monotonic() < until, "a city has not signed"
    assert Standing.parse(note.read_text(), Policy.parse((folder / "witnesses.policy").read_text())).checkpoint.size == STARTED


def prints_commands_that_work_and_ends_at_ctrl_c(folder: Path) -> None:
    with dev(folder) as process:
        assert process.stdout is not None
        printed: list[str] = []
        while not any("grpcurl" in line for line in printed):
            line = process.stdout.readline()
            assert line, "kuacheng dev ended"
            printed.append(line.strip())
        said = json.loads((folder / "dev.json").read_text())
        judge_witnesses(folder, said, process)
        assert all(any(address in line for line in printed) for address in addresses(said))
        commands = [shlex.split(line)[1:] for line in printed if line.startswith("kuacheng query")]
        ended = [run(*each) for each in commands]
        # To the whole group, as a terminal does.
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert [each.returncode for each in ended] == [0] * len(ended)
    assert any("ISSUED" in each.stdout for each in ended)
    assert any(
        json.loads(each.stdout)["outcome"] == "ISSUED" for each, command in zip(ended, commands, strict=True) if "json" in command
    )
    assert not (folder / "dev.json").exists()
    assert not programs(folder)


@pytest.mark.parametrize("program", ["gateway", "foshan"])
def test_dev_says_which_program_ended_by_itself(tmp_path: Path, program: str) -> None:
    with dev(tmp_path, "-o", "json") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        (killed,) = (each for each in programs(tmp_path) if _OF[program] in _told(Path(f"/proc/{each}")))
        os.kill(killed, signal.SIGKILL)
        told = heard(process)
        assert process.wait(PATIENCE) == 1
    log = tmp_path / f"{program}.log"
    assert told == f"{program} (process {killed}) ended by itself, by signal 9 (Killed); its log: {log}\n"
    assert not (tmp_path / "dev.json").exists()
    assert not programs(tmp_path)


def test_ctrl_c_while_dev_starts_ends_it_without_a_complaint(tmp_path: Path) -> None:
    with dev(tmp_path) as process:
        while not (tmp_path / "guangzhou.log").exists():
            assert waits_for(process)
        os.killpg(process.pid, signal.SIGINT)
        assert (heard(process), process.wait(PATIENCE)) == ("stopped\n", 0)
    assert not programs(tmp_path)


def test_an_address_that_another_program_has_is_told_in_its_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run("dev", "--folder", str(tmp_path), "--listen", address)
    said = ["gateway did not start, it ended with status 1:", f"its log: {tmp_path / 'gateway.log'}"]
    assert (ended.returncode, ended.stderr.splitlines()[::2]) == (1, said)
    assert f"cannot listen on {address}: is it taken by another program?" in ended.stderr


def test_an_address_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    ended = run("dev", "--folder", str(tmp_path / "dev"), "--listen", "127.0.0.1")
    assert (ended.returncode, "--listen 127.0.0.1: write HOST:PORT" in ended.stderr) == (2, True)
    assert not (tmp_path / "dev").exists()


async def test_every_sample_ends_as_it_says(up: Up) -> None:
    for name in up.said["clients"]:
        async with Client(up.said["gateway"], up.identity(name), server_name=up.said["server_name"]) as client:
            for sample in (each for each in up.said["samples"] if each["client"] == name):
                assert await _outcome(client, sample) == sample["outcome"]


async def _outcome(client: Client, sample: dict[str, Any]) -> str:
    try:
        return (await client.query(**question(sample))).outcome.value
    except QueryRefused as refusal:
        return refusal.reason


@pytest.fixture
def beside(up: Up) -> Path:
    """dev.json of what runs."""
    file = Path(up.said["config"]).parent / "dev.json"
    assert json.loads(file.read_text()) == up.said
    return file


@pytest.mark.parametrize("outcome", ["ISSUED", "NO_RECORD", "NO_AGREEMENT"])
def test_the_command_asks_a_sample(up: Up, beside: Path, outcome: str) -> None:
    number = next(number for number, each in enumerate(up.said["samples"]) if each["outcome"] == outcome)
    ended = run("query", "--dev", str(beside), "--sample", str(number), "-o", "json")
    said = json.loads(ended.stdout)
    if outcome == "NO_AGREEMENT":
        assert (ended.returncode, said["refused"]["reason"], said["refused"]["blame"]) == (1, outcome, "POLICY")
    else:
        assert (ended.returncode, said["outcome"], bool(said["evidence"])) == (0, outcome, outcome == "ISSUED")


def asked(file: Path, command: str, *options: str) -> tuple[int, Any, str]:
    """Status, JSON and standard error of a command that asks, in this process: a new one takes a second."""
    ended = CliRunner().invoke(main, [command, "--dev", str(file), "-o", "json", *options])
    return ended.exit_code, json.loads(ended.stdout or "null"), ended.stderr


def test_the_command_asks_every_sample_and_each_ends_as_it_says(up: Up, beside: Path) -> None:
    ended = [asked(beside, "query", "--sample", str(number)) for number in range(len(up.said["samples"]))]
    told = [said.get("outcome") or said["refused"]["reason"] for _, said, _ in ended]
    assert told == [each["outcome"] for each in up.said["samples"]]
    assert [status for status, _, _ in ended] == [int(each["outcome"] == "NO_AGREEMENT") for each in up.said["samples"]]


def test_what_else_is_asked_can_be_typed_and_is_of_the_kind_that_the_directory_names(up: Up, beside: Path) -> None:
    number, sample = next((at, each) for at, each in enumerate(up.said["samples"]) if each["type"] == "invoice-check")
    typed = [each for name, value in sample["parameters"].items() for each in ("--parameter", f"{name}={value}")]
    by_sample = ("--sample", str(number))
    assert asked(beside, "query", *by_sample, *typed)[1]["outcome"] == "ISSUED"
    other_day = ("--parameter", "invoiced_on=2001-01-01")
    assert asked(beside, "query", *by_sample, *other_day)[1]["outcome"] == "NO_RECORD"
    claim = ("--claim", f"invoice_number={sample['parameters']['invoice_number']}")
    for day, verdict in ((), "MATCH"), (other_day, "NO_RECORD"):
        _, said, _ = asked(beside, "verify", *by_sample, *claim, *day)
        assert [each["verdict"] for each in said["verdicts"]] == [verdict]
    assert asked(beside, "query", "--sample", "0", "--parameter", "months=2024-01..2024-02")[1]["outcome"] == "ISSUED"


def test_a_parameter_that_the_type_does_not_have_is_told_with_those_that_it_has(up: Up, beside: Path, tmp_path: Path) -> None:
    number = next(str(at) for at, each in enumerate(up.said["samples"]) if each["type"] == "invoice-check")
    wrong = ("--sample", number, "--parameter", "invoice_numbr=1")
    further = {
        "query": (),
        "verify": ("--claim", "invoice_status=NORMAL"),
        "watch": ("--request-id", "0192f3a4-5b6c-7d8e-9f00-112233445566"),
        "download": ("--to", str(tmp_path / "file.ofd")),
    }
    for command, options in further.items():
        status, _, told = asked(beside, command, *wrong, *options)
        assert (status, "did you mean 'invoice_number'? Known: invoice_number, invoiced_on" in told) == (2, True)
