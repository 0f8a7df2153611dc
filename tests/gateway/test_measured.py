"""Where a gateway's metrics are served, alone and as one of several workers."""

import asyncio
import io
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from http.client import HTTPException

import pytest

from gateway import measured
from gateway.clock import SystemClock
from gateway.config import load
from gateway.development.layout import Layout
from gateway.ground import Ground, Seat
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from tests.ports import free_port


@pytest.fixture
def busy() -> Iterator[socket.socket]:
    """A port that somebody has."""
    with socket.create_server(("127.0.0.1", free_port())) as held:
        yield held


def ground(living: Layout, stack: AsyncExitStack, port: int, seat: Seat | None) -> Ground:
    loaded = load(living.config, {})
    metrics = loaded.settings.metrics
    assert metrics is not None
    wanted = metrics.model_copy(update={"address": replace(metrics.address, port=port)})
    loaded = replace(loaded, settings=loaded.settings.model_copy(update={"metrics": wanted}))
    return Ground(loaded, SystemClock(), Metrics(AccessLog(io.StringIO())), stack, seat)


def scraped(address: str) -> bytes:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
        content: bytes = answer.read()
        return content


async def test_alone_they_are_served_at_once_and_the_real_port_is_told(living: Layout) -> None:
    async with AsyncExitStack() as stack:
        assert b"kuacheng_" in await asyncio.to_thread(scraped, measured.serve(ground(living, stack, 0, None)))


async def test_alone_a_port_that_somebody_has_is_an_error(living: Layout, busy: socket.socket) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(OSError, match="in use"):
            measured.serve(ground(living, stack, busy.getsockname()[1], None))


async def test_in_a_seat_they_are_served_as_soon_as_whoever_had_it_is_gone_and_who_stays_is_told_of_once(
    living: Layout, busy: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(measured, "_ENDED_SECONDS", 0.0)
    monkeypatch.setattr(measured, "_SEAT_SECONDS", 0.001)
    port = busy.getsockname()[1]
    async with AsyncExitStack() as stack:
        where = measured.serve(ground(living, stack, port - 3, Seat(3, 1)))
        assert where == f"127.0.0.1:{port}"
        async with asyncio.timeout(60):
            while not caplog.records:  # noqa: ASYNC110  a line of the log wakes nobody
                await asyncio.sleep(0.02)
        busy.close()
        while True:
            try:
                told = await asyncio.to_thread(scraped, where)
                break
            except (OSError, HTTPException):
                await asyncio.sleep(0.02)
        assert b"kuacheng_" in told
    assert [(each.name, each.__dict__["where"]) for each in caplog.records] == [("kuacheng.app", where)]
