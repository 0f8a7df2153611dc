"""What a supervisor does with workers that do not come up or end: small programs stand for them."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.workers import patience
from gateway.workers.process import NotStarted
from gateway.workers.supervisor import Supervisor, reserved
from tests.gateway.rpc.house import PATIENCE

_SERVES = 'print(\'{"event": "serving", "metrics": ""}\', flush=True)\n'
STAYS = _SERVES + "import sys; sys.stdin.read()"
PROBLEM = {"file": "g.yaml", "line": 3, "column": 7, "path": "log", "message": "no", "hint": "yes"}
SAYS_WHY = f"import json; print(json.dumps({{'problems': [{PROBLEM}]}}))"


GATED = """
import json, os, pathlib, sys
folder, number = pathlib.Path(sys.argv[1]), sys.argv[2]
def gate(name):
    if (folder / f"{name}-{number}").exists():
        (folder / f"{name}-{number}").open("w").write("here")
        (folder / f"{name}-{number}-go").open().read()
said = (folder / "file").read_text()
gate("start")
(folder / f"pid-{os.getpid()}").touch()
print(json.dumps({"event": "serving", "metrics": said}), flush=True)
for line in sys.stdin:
    gate("answer")
    print(json.dumps({"problems": [], "changes": [1], "digest": ""}), flush=True)
"""
"""Says what it read at first. Where there is a FIFO of the name, it says there how far it is, and goes on when told."""


class Gates:
    """The FIFOs of GATED, and which of its processes are there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "file").write_text("old")

    def arguments(self, number: int) -> tuple[str, ...]:
        return ("-c", GATED, str(self._folder), str(number))

    async def reached(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread((self._folder / name).read_text)

    def close(self, name: str) -> None:
        os.mkfifo(self._folder / name)
        os.mkfifo(self._folder / f"{name}-go")

    async def open(self, name: str) -> None:
        """For the one who waits there; nobody after it waits."""
        (self._folder / name).unlink()
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread((self._folder / f"{name}-go").write_text, "go on")

    def alive(self) -> set[int]:
        return {pid for each in self._folder.glob("pid-*") if _is_there(pid := int(each.name.removeprefix("pid-")))}


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def holds(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if what():
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def gates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gates:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.001)
    return Gates(tmp_path)


async def test_a_restart_while_one_is_replaced_leaves_one_worker_a_seat(gates: Gates) -> None:
    supervisor = Supervisor(1, gates.arguments)
    (before,) = await supervisor.start()
    gates.close("start-0")
    os.kill(before.pid, signal.SIGKILL)
    await gates.reached("start-0")
    restarted = asyncio.create_task(supervisor.handle({"do": "restart"}))
    await gates.open("start-0")
    answer = await restarted
    assert answer["result"] == "restarted"
    assert gates.alive() == {each.pid for each in supervisor.workers} == {*answer["workers"]}
    await supervisor.stop()
    assert gates.alive() == set()


async def test_one_that_was_given_up_is_replaced_once_however_often_files_are_taken_up(gates: Gates, tmp_path: Path) -> None:
    supervisor = Supervisor(1, gates.arguments)
    (before,) = await supervisor.start()
    (tmp_path / "file").rename(tmp_path / "gone")
    os.kill(before.pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        await supervisor.given_up.wait()
    (tmp_path / "gone").rename(tmp_path / "file")
    gates.close("start-0")
    for _ in range(2):
        assert (await supervisor.handle({"do": "reload"}))["result"] == "unchanged"
    await gates.reached("start-0")
    await gates.open("start-0")
    await holds(lambda: bool(supervisor.workers))
    await supervisor.stop()
    assert gates.alive() == set()


@pytest.mark.parametrize("meanwhile", [False, True], ids=["comes up after it", "comes up while others take them up"])
async def test_one_that_starts_while_files_are_taken_up_does_not_serve_by_the_old_ones(
    gates: Gates, tmp_path: Path, *, meanwhile: bool
) -> None:
    supervisor = Supervisor(2, gates.arguments)
    _, before = await supervisor.start()
    gates.close("start-1")
    os.kill(before.pid, signal.SIGKILL)
    await gates.reached("start-1")
    (tmp_path / "file").write_text("new")
    if meanwhile:
        gates.close("answer-0")
        order = asyncio.create_task(supervisor.handle({"do": "reload"}))
        await gates.reached("answer-0")
        await gates.open("start-1")
        await holds(lambda: len(supervisor.workers) == 2)
        await gates.open("answer-0")
        assert (await order)["result"] == "applied"
    else:
        assert (await supervisor.handle({"do": "reload"}))["result"] == "applied"
        await gates.open("start-1")
    await holds(lambda: len(supervisor.workers) == 2)
    assert [each.said["metrics"] for each in supervisor.workers] == ["old", "new"]
    await supervisor.stop()
    assert gates.alive() == set()


async def test_one_that_does_not_come_up_keeps_the_gateway_from_starting() -> None:
    supervisor = Supervisor(2, lambda number: ("-c", STAYS if number == 0 else SAYS_WHY))
    with pytest.raises(NotStarted, match=r"g\.yaml:3:7: log: no; yes"):
        await supervisor.start()
    assert supervisor.workers == ()


async def test_one_that_ends_again_and_again_is_given_up_and_the_last_ends_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.001)
    supervisor = Supervisor(1, lambda _: ("-c", _SERVES))
    await supervisor.start()
    async with asyncio.timeout(PATIENCE):
        await supervisor.given_up.wait()
    assert supervisor.workers == ()
    assert "ends again and again and is given up" in caplog.text
    await supervisor.stop()


async def test_a_restart_that_fails_leaves_the_worker_that_was(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    supervisor = Supervisor(1, lambda _: ("-c", SAYS_WHY if broken.exists() else STAYS))
    (before,) = await supervisor.start()
    broken.touch()
    answer = await supervisor.handle({"do": "restart"})
    assert answer["result"] == "refused"
    assert "did not start anew: g.yaml:3:7: log: no; yes" in answer["problems"][0]
    assert (supervisor.workers, answer["workers"]) == ((before,), [before.pid])
    assert (await supervisor.handle({"do": "dance"}))["result"] == "refused"
    await supervisor.stop()


def test_an_address_that_another_program_has_is_not_shared_with_it() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other, pytest.raises(OSError, match="in use"):
        reserved("127.0.0.1", other.getsockname()[1])


def test_a_reserved_address_is_for_those_who_share_it() -> None:
    with reserved("127.0.0.1", 0) as kept:
        where = kept.getsockname()
        with socket.create_server(where, reuse_port=True) as worker, socket.create_connection(where) as near:
            far, address = worker.accept()
            far.close()
            assert address == near.getsockname()
