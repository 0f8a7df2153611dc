"""Whose turn it is: gRPC's own threads wait for one, ours and the one that tells our event loop do not."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.rpc import yielding
from tests.gateway.rpc.house import PATIENCE, house, request


def policies() -> Mapping[str, set[int]]:
    """The scheduling policies of this process's threads, by how the threads are named."""
    found = dict[str, set[int]]()
    for task in Path("/proc/self/task").iterdir():
        found.setdefault((task / "comm").read_text().strip(), set()).add(os.sched_getscheduler(int(task.name)))
    return found


async def test_the_threads_of_grpc_wait_for_a_turn_and_no_other() -> None:
    async with house() as gateway, gateway.stub() as stub:
        await stub.Query(request(), timeout=PATIENCE)
        found = policies()
        assert found.pop("event_engine") == {os.SCHED_BATCH}
        assert found.pop("lifeguard") == {os.SCHED_BATCH}, "who makes more of them hands on how it is scheduled"
        assert set().union(*found.values()) == {os.SCHED_OTHER}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


async def test_where_the_system_does_not_allow_it_the_gateway_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    async with house() as gateway, gateway.stub() as stub:
        await stub.Query(request(), timeout=PATIENCE)


async def test_where_there_are_no_such_threads_to_be_found_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(yielding, "_TASKS", tmp_path / "no proc here")
    yielding.yield_to_ours()
    monkeypatch.setattr(yielding, "_TASKS", tmp_path)
    (tmp_path / "123").mkdir()  # a thread that ended before its name was read
    yielding.yield_to_ours()
