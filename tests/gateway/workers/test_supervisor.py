"""What a supervisor does with workers that do not come up or end: small programs stand for them."""

import asyncio
import socket
from pathlib import Path

import pytest

from gateway.workers import patience
from gateway.workers.process import NotStarted
from gateway.workers.supervisor import Supervisor, reserved
from tests.gateway.rpc.house import PATIENCE

_SERVES = 'print(\'{"event": "serving", "metrics": ""}\', flush=True)\n'
STAYS = _SERVES + "import sys; sys.stdin.read()"
SAYS_WHY = 'print(\'{"problems": [{"file": "g.yaml", "line": 3, "message": "no"}]}\')'


async def test_one_that_does_not_come_up_keeps_the_gateway_from_starting() -> None:
    supervisor = Supervisor(2, lambda number: ("-c", STAYS if number == 0 else SAYS_WHY))
    with pytest.raises(NotStarted, match=r"g\.yaml:3: no"):
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
    assert "did not start anew: g.yaml:3: no" in answer["problems"][0]
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
