"""docs/integration.md: its commands and its program run as they stand, and its numbers are those of the code."""

from pathlib import Path

import pytest

from gateway.model.world import Limits
from gateway.rpc import decoding, server
from gateway.rpc.status import WORDINGS, Retry
from tests.terminal import ROOT, Terminal, blocks, commands

PAGE = "docs/integration.md"
TEXT = (ROOT / PAGE).read_text()
DEV = "kuacheng dev --listen 127.0.0.1:8443"


def test_the_commands_and_the_program_work_as_they_stand(tmp_path: Path) -> None:
    (program,) = (each.text for each in blocks(PAGE) if each.language == "python")
    offered, kept, verified, asked = commands(PAGE)
    with Terminal(tmp_path) as terminal:
        terminal.start(DEV)
        assert '"alias": "social-insurance-proof"' in terminal.run(offered)
        assert '"outcome": "OUTCOME_ISSUED"' in terminal.run(asked)
        assert terminal.run(kept) == ""
        assert "answer: holds" in terminal.run(verified)
        issued = terminal.python(program)
        stranger = terminal.python(program.replace("foshan-window", "foshan-stranger"))
        mistyped = terminal.python(program.replace('"440106188609011248"', '"440106188609011249"'))
    unreachable = terminal.python(program)
    assert issued.startswith("社会保险参保证明 GZSB")
    assert "months paid; recorded at" in issued
    assert stranger.startswith("not allowed (NO_AGREEMENT): 没有生效的数据共享协议")
    assert mistyped.startswith("holder.id_number: ")
    assert unreachable.startswith("no answer, which says nothing about the holder: UNAVAILABLE")


def seconds(value: float) -> str:
    return f"{value:g} s"


def row(name: str) -> str:
    (found,) = (line for line in TEXT.splitlines() if line.startswith(f"| {name} |"))
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no deadline from you", seconds(Limits().default_deadline)),
        ("longer than", seconds(Limits().maximum_deadline)),
        ("shorter than", seconds(Limits().minimum_deadline)),
        ("kept back from the city", seconds(Limits().answer_margin)),
        ("request", f"{decoding.LARGEST // 1024} KiB"),
        ("exchanges at a time in the gateway", f"{Limits().in_flight} by default"),
    ],
)
def test_a_number_is_that_of_the_gateway(name: str, value: str) -> None:
    assert value in row(name)


@pytest.mark.parametrize(
    ("name", "option", "unit", "word"),
    [
        ("response", "grpc.max_send_message_length", 1024 * 1024, "MiB"),
        ("metadata", "grpc.max_metadata_size", 1024, "KiB"),
        ("calls at a time on one connection", "grpc.max_concurrent_streams", 1, ";"),
    ],
)
def test_a_number_is_that_of_the_listener(name: str, option: str, unit: int, word: str) -> None:
    value = dict(server._OPTIONS)[option] // unit
    assert f"| {value}{'' if word == ';' else ' '}{word}" in row(name)


def test_the_reasons_that_keep_the_request_id_are_named() -> None:
    # A quota is a reason of the contract that no agreement can set yet.
    kept = {reason.name for reason, said in WORDINGS.items() if said.retry is Retry.SAME_ID} - {"QUOTA_EXCEEDED"}
    assert kept
    assert all(f"`{name}`" in row("same request_id") for name in kept)
