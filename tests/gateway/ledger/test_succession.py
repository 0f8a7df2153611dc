"""One log after another: what the entries say, and that no question passes twice in between."""

import asyncio
from functools import partial

import pytest

from gateway.ledger import sqlite
from gateway.ledger.appending import Notary
from gateway.ledger.filed import FiledRecords
from gateway.ledger.filed_finishing import finish
from gateway.ledger.filed_purging import purge
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import Begun, begun, finished, predecessor, successor
from gateway.ledger.verdict import Flaw
from gateway.model.act import Act
from gateway.model.refusal import Reason, Refusal
from gateway.stages.seal import act
from tests.gateway.ledger.conftest import AT, BY, LOG
from tests.gateway.ledger.keyring import signers

NEW = "kuacheng.test/2026b"
NOTARY = Notary.of(LOG, signers(LOG))
VERIFIERS = [each.verifier for each in NOTARY.signers]


def test_the_entries_say_which_log_follows_which() -> None:
    end = act(Act.LOG_FINISHED, BY, "1", AT, finished(NEW))
    start = act(Act.LOG_BEGUN, BY, "2", AT, begun(Begun(LOG, "a note\n")))
    assert (successor(end), predecessor(end)) == (NEW, None)
    assert (successor(start), predecessor(start)) == (None, Begun(LOG, "a note\n"))


@pytest.fixture
async def old(path, ledger_at, book):
    """A log that is finished: three exchanges, and the entry that ends it."""
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(3)))
    finish(path, NOTARY)
    finish(path, NOTARY)
    async with ledger_at(path) as ledger:
        await ledger.append(act(Act.LOG_FINISHED, BY, "end", AT, finished(NEW)))
    return path


async def test_a_finished_log_takes_no_exchange_from_anybody(old, ledger_at, book) -> None:
    async with ledger_at(old) as ledger:
        for entry in (book.intent(7), book.refused(8)):
            with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE") as caught:
                await ledger.append(entry)
            assert "the log is finished: name its successor in the configuration" in caught.value.detail
    with Log.open(old) as log:
        assert (log.successor(), log.size(), log.verify(VERIFIERS).sound) == (NEW, 7, True)


async def test_nor_an_operators_act_nor_a_second_end(old, ledger_at, book) -> None:
    async with ledger_at(old) as ledger:
        for entry in (act(Act.LOG_SEARCHED, BY, "search", AT, {}), act(Act.LOG_FINISHED, BY, "end-2", AT, finished("another"))):
            with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE") as caught:
                await ledger.append(entry)
            assert "the log is finished: name its successor in the configuration" in caught.value.detail
    with Log.open(old) as log:
        assert (log.successor(), log.size(), log.verify(VERIFIERS).sound) == (NEW, 7, True)


async def test_an_act_is_taken_until_the_entry_that_ends_it_stands(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(1)))
    finish(path, NOTARY)
    async with ledger_at(path) as ledger:
        for number in range(20):
            await ledger.append(book.act(number))
        await ledger.append(act(Act.LOG_FINISHED, BY, "end", AT, finished(NEW)))
    with Log.open(path) as log:
        assert (log.successor(), log.size(), log.verify(VERIFIERS).sound) == (NEW, 23, True)


async def test_a_log_that_took_acts_behind_its_end_is_finished_and_its_flaw_is_named(old, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "check_after_end", lambda *_: None)
    async with ledger_at(old) as ledger:
        for number in range(20):
            await ledger.append(book.act(number))
    with Log.open(old) as log:
        verdict = log.verify(VERIFIERS)
        assert (log.successor(), verdict.flaw, verdict.first_bad) == (NEW, Flaw.AFTER_FINISH, 7)


async def test_it_still_takes_its_own_purges(old, ledger_at, book) -> None:
    async with ledger_at(old) as ledger:
        for _ in range(20):
            await ledger.append(book.purge(0, 5, entry_id=f"purge-{_}"))
    assert sum(purge(old, NOTARY, [range(6)], lambda: 0.0)) == 6
    with Log.open(old) as log:
        assert log.successor() == NEW
        verdict = log.verify(VERIFIERS)
        assert (verdict.sound, verdict.purged, verdict.entries) == (True, 6, 27)


async def test_what_else_stands_behind_the_end_is_named(old, ledger_at, book, tamper) -> None:
    tamper(old, "DROP TRIGGER entries_finished")
    async with ledger_at(old) as ledger:
        await ledger.append(book.refused(9))
    with Log.open(old) as log:
        verdict = log.verify(VERIFIERS)
    assert (verdict.flaw, verdict.first_bad) == (Flaw.AFTER_FINISH, 7)


async def test_a_log_that_somebody_writes_is_not_ended(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        with pytest.raises(LogUnusable, match="stop every gateway of it"):
            finish(path, NOTARY)
        await ledger.append(book.intent(1))
    with pytest.raises(LogUnusable, match=r"2 exchanges of the log .* have not ended"):
        finish(path, NOTARY)
    async with ledger_at(path) as ledger:
        await asyncio.gather(ledger.append(book.outcome(0)), ledger.append(book.outcome(1)))
    finish(path, NOTARY)


async def test_a_question_of_the_log_before_is_a_replay_and_the_others_pass(old, tmp_path, ledger_at, book) -> None:
    new = tmp_path / "new.db"
    async with ledger_at(new, log=NEW, predecessor=partial(FiledRecords.open, old)) as ledger:
        entries = [book.intent(7), book.intent(1), book.refused(8), book.intent(9)]
        first, replay, *rest = await asyncio.gather(*map(ledger.append, entries), return_exceptions=True)
        assert isinstance(replay, Refusal)
        assert replay.reason is Reason.REPLAYED_REQUEST
        assert [each.index for each in (first, *rest)] == [0, 1, 2]
        again = await asyncio.gather(ledger.append(book.intent(20, "caller#7")), return_exceptions=True)
        assert [each.reason for each in again] == [Reason.REPLAYED_REQUEST]


async def test_a_question_is_a_replay_though_its_body_was_purged(old, tmp_path, ledger_at, book) -> None:
    list(purge(old, NOTARY, [range(6)], lambda: 0.0))
    async with ledger_at(tmp_path / "new.db", log=NEW, predecessor=partial(FiledRecords.open, old)) as ledger:
        with pytest.raises(Refusal, match="REPLAYED_REQUEST"):
            await ledger.append(book.intent(2))


async def test_without_the_log_before_no_question_passes_until_it_is_back(old, tmp_path, ledger_at, book) -> None:
    aside = old.rename(tmp_path / "aside.db")
    async with ledger_at(tmp_path / "new.db", log=NEW, predecessor=partial(FiledRecords.open, old)) as ledger:
        with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE") as caught:
            await ledger.append(book.intent(7))
        assert "the log before this one cannot be read" in caught.value.detail
        assert (await ledger.append(book.refused(8))).index == 0
        aside.rename(old)
        assert (await ledger.append(book.intent(7))).index == 1
