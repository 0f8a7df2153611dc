"""The file by which gateways are told: who is beside it follows, once each time, and not for what was asked before it started."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import reauthenticating
from gateway.reauthenticating import Asked

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PATIENCE = 60.0


async def test_it_is_followed_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reauthenticating, "EVERY_SECONDS", 0.01)
    log, acted = tmp_path / "ledger.db", asyncio.Semaphore(0)

    async def act() -> None:
        acted.release()
        raise OSError("the port is gone")  # it goes on all the same

    reauthenticating.ask(log, NOW - timedelta(days=1))
    watching = asyncio.create_task(Asked(log, act).watch())
    await _looks(monkeypatch, 2)
    assert acted.locked(), "what was asked before the start concerns nobody"
    for hours in (1, 2):
        reauthenticating.ask(log, NOW + timedelta(hours=hours))
        await asyncio.wait_for(acted.acquire(), PATIENCE)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert acted.locked()


async def test_what_was_asked_while_the_file_could_not_be_read_is_done_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reauthenticating, "EVERY_SECONDS", 0.01)
    log, acted = tmp_path / "ledger.db", asyncio.Event()

    async def act() -> None:
        acted.set()

    asked = Asked(log, act, known="")
    file = reauthenticating.beside(log)
    for fault in (b"\xff", b"2026-\xe5"):
        file.write_bytes(fault)
        with pytest.raises(UnicodeDecodeError):
            await asked.watch()
    reauthenticating.ask(log, NOW)
    watching = asyncio.create_task(asked.watch())
    await asyncio.wait_for(acted.wait(), PATIENCE)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def _looks(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Waits until the file has been looked at so often, and what was found there acted upon."""
    looked, said = asyncio.Semaphore(0), reauthenticating._said
    loop = asyncio.get_running_loop()

    def look(path: Path) -> str:
        loop.call_soon_threadsafe(looked.release)
        return said(path)

    monkeypatch.setattr(reauthenticating, "_said", look)
    for _ in range(times + 1):  # whoever looks once more has done with the last time
        await asyncio.wait_for(looked.acquire(), PATIENCE)
