"""What is told of each batch: how many, how many the log failed to keep, and how large it is now."""

from pathlib import Path

import pytest

from gateway.clock import SystemClock, entropy
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Refusal
from tests.gateway.ledger.keyring import signers

LOG = "log.gateway.test/watched"


def entry(exchange_id: str, replay_key: str) -> Entry:
    return Entry(EntryKind.INTENT, exchange_id, SystemClock().now(), {}, replay_key)


async def test_a_replayed_question_is_no_fault_of_the_log_and_a_lost_file_is(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "ledger.db", log=LOG, signers=signers(LOG), entropy=entropy)
    told: list[tuple[int, int, int]] = []
    ledger.watch(lambda entries, failed, size, _: told.append((entries, failed, size)))
    await ledger.append(entry("x-1", "k-1"))
    with pytest.raises(Refusal):
        await ledger.append(entry("x-2", "k-1"))
    (tmp_path / "ledger.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(Refusal):
        await ledger.append(entry("x-3", "k-3"))
    await ledger.close()
    assert told == [(1, 0, 1), (1, 0, 0), (1, 1, 0)]
