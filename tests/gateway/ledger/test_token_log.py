"""A log whose key lies in a token: the same log as with a file, and none without the token."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from gateway.ledger.keys import new_key, signer
from gateway.ledger.note import Note
from gateway.ledger.reading import Log
from gateway.model.refusal import Reason, Refusal
from gateway.token import signing_key
from tests.gateway.ledger.conftest import LOG, Bookkeeping
from tests.gateway.softhsm import PIN, SoftHsm, hsm

__all__ = ["hsm"]
pytestmark = pytest.mark.needs("softhsm")


async def test_token_and_file_write_the_same_log(
    hsm: SoftHsm, book: Bookkeeping, ledger_at: Callable[..., Any], tmp_path: Any
) -> None:
    hsm.signs("log", 5)
    kept = {"token": signer(LOG, signing_key(hsm.place("log"))), "file": signer(LOG, new_key(bytes([5]).__mul__))}
    notes = []
    for name, each in kept.items():
        async with ledger_at(tmp_path / name, signers=(each,), entropy=random.Random(3).randbytes) as ledger:  # noqa: S311
            for entry in book.exchanges(5):
                await ledger.append(entry)
        with Log.open(tmp_path / name) as log:
            assert log.verify([each.verifier]).sound
            notes.append(log.checkpoint())
    assert notes[0] == notes[1]
    assert Note.parse(notes[0]).verified([kept["file"].verifier])


async def test_while_the_token_is_away_nothing_is_recorded_and_then_it_goes_on(
    hsm: SoftHsm, book: Bookkeeping, ledger_at: Callable[..., Any], path: Any
) -> None:
    hsm.signs("away", 6)
    who = signer(LOG, signing_key(hsm.place("away")))
    async with ledger_at(path, signers=(who,)) as ledger:
        await ledger.append(book.refused(0))
        hsm.unplug()
        try:
            for _ in range(3):
                with pytest.raises(Refusal) as caught:
                    await ledger.append(book.refused(1))
                assert caught.value.reason is Reason.LEDGER_UNAVAILABLE
                assert "the log's key could not sign the checkpoint: there is no token 'kuacheng'" in caught.value.detail
                assert PIN not in caught.value.detail
        finally:
            hsm.plug()
        assert (await ledger.append(book.refused(1))).index == 1
    with Log.open(path) as log:
        assert log.verify([who.verifier]).entries == 2
