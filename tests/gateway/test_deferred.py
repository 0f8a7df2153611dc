"""The file of tickets: what is kept is found again after a crash, goes when it is due, and says nothing of the question."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.deferred import DeferredFile
from gateway.model.deferral import Deferral
from gateway.model.refusal import Refusal

NOW = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)
KEPT = Deferral("a#1", "exchange-1", "d" * 64, "hk-1", "foshan.f4", "insuredProof", "5e" * 16, NOW, NOW + timedelta(hours=72))


async def test_kept_found_and_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db.deferred"
    file = DeferredFile.open(path)
    await file.keep(KEPT)
    # Another process, while the first has not closed it: what was kept is durable.
    other = DeferredFile.open(path)
    assert await other.find("a#1") == KEPT
    assert await other.find("a#2") is None
    await other.close()
    await file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEPT.ticket not in repr(KEPT)


async def test_it_goes_when_its_limit_is_past_for_as_long_again(tmp_path: Path) -> None:
    file = DeferredFile.open(tmp_path / "deferred.db")
    await file.keep(KEPT)
    for hours, there in ((143, True), (145, False)):
        moment = NOW + timedelta(hours=hours)
        await file.keep(replace(KEPT, key=f"b#{hours}", asked_at=moment, until=moment))
        assert (await file.find("a#1") is not None) is there
    await file.close()


async def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "something.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match="cannot hold tickets"):
        DeferredFile.open(path)
    file = DeferredFile.open(tmp_path / "deferred.db")
    await file.keep(KEPT)
    with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE") as caught:
        await file.keep(KEPT)
    assert KEPT.ticket not in caught.value.detail
    await file.close()
