"""The log's file as the collector reads it: the newest checkpoint, proofs that verify, and the file as it now is."""

from functools import partial
from pathlib import Path

import pytest

from gateway.clock import SystemClock, entropy
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.filed import FiledRecords
from gateway.ledger.keys import new_key, signers
from gateway.ledger.note import Note
from gateway.ledger.records import LogUnusable
from gateway.ledger.source import LogSource
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.tree import verify_consistency
from gateway.model.exchange import Entry, EntryKind

LOG = "log.test/1"


async def test_checkpoints_and_proofs_are_of_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    source = LogSource(partial(FiledRecords.open, path))
    with pytest.raises(LogUnusable):
        source.checkpoint()
    ledger = SqliteLedger.open(path, log=LOG, signers=signers(LOG, [new_key(entropy)]), entropy=entropy)
    try:
        seen = []
        for number in range(5):
            await ledger.append(Entry(EntryKind.INTENT, f"x{number}", SystemClock().now(), {}, f"key{number}"))
            seen.append(Checkpoint.parse(Note.parse(source.checkpoint()).text))
    finally:
        await ledger.close()
    assert [each.size for each in seen] == [1, 2, 3, 4, 5]
    for old in seen:
        verify_consistency(old.size, 5, old.root, seen[-1].root, source.consistency(old.size, 5))
