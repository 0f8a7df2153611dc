"""The file by which gateways are told: who is beside it follows, once each time, and not for what was asked before it started."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import reauthenticating

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PATIENCE = 10.0


async def test_it_is_followed_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reauthenticating, "EVERY_SECONDS", 0.01)
    log, acted = tmp_path / "ledger.db", asyncio.Semaphore(0)

    async def act() -> None:
        acted.release()
        raise OSError("the port is gone")  # it goes on all the same

    reauthenticating.ask(log, NOW - timedelta(days=1))
    watching = asyncio.create_task(reauthenticating.watch(log, act))
    await asyncio.sleep(0.05)
    assert acted.locked(), "what was asked before the start concerns nobody"
    for hours in (1, 2):
        reauthenticating.ask(log, NOW + timedelta(hours=hours))
        await asyncio.wait_for(acted.acquire(), PATIENCE)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert acted.locked()
