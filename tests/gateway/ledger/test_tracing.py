"""A checkpoint that was kept of one log, held against the log after it, and against the one after that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.examining import Flaw
from gateway.ledger.filed import FiledRecords
from gateway.ledger.note import Note, Verifier
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import Begun, begun
from gateway.ledger.tracing import Before, traced
from gateway.ledger.verdict import Verdict
from gateway.model.act import Act
from gateway.stages.seal import act
from tests.gateway.ledger.conftest import AT, BY, LOG, Bookkeeping
from tests.gateway.ledger.keyring import signers

SECOND, THIRD = "kuacheng.test/2026b", "kuacheng.test/2027a"


def verifiers(log: str) -> tuple[Verifier, ...]:
    return tuple(each.verifier for each in signers(log))


@dataclass(frozen=True)
class Chain:
    """Three logs, one after the other; `notes` are checkpoints of the first at each size."""

    paths: Mapping[str, Path]
    notes: tuple[Checkpoint, ...]

    def known(self, *at_hand: str) -> dict[str, Before]:
        return {
            log: Before(verifiers(log), partial(FiledRecords.open, path) if log in at_hand else None)
            for log, path in self.paths.items()
        }

    def judged(self, log: str, kept: Checkpoint, known: Mapping[str, Before]) -> Verdict:
        with Log.open(self.paths[log]) as opened:
            verdict = opened.verify(verifiers(log))
            assert verdict.sound
            return traced(opened, verdict, kept, known)


@pytest.fixture
async def chain(tmp_path: Path, ledger_at: Callable[..., Any], book: Bookkeeping) -> Chain:
    """The first log ended with four entries, and has a fifth since, of a purge; the others have two each."""
    paths = {log: tmp_path / f"{number}.db" for number, log in enumerate((LOG, SECOND, THIRD))}
    notes: list[str] = []
    before: Begun | None = None
    for log, path in paths.items():
        async with ledger_at(path, log=log) as ledger:
            if before:
                await ledger.append(act(Act.LOG_BEGUN, BY, "begun", AT, begun(before)))
            for entry in book.exchanges(2) if not before else [book.refused(7)]:
                await ledger.append(entry)
                with Log.open(path) as opened:
                    notes.append(opened.checkpoint())
        before = Begun(log, notes[-1])
    async with ledger_at(paths[LOG]) as ledger:
        await ledger.append(book.purge(0, 1))
    with Log.open(paths[LOG]) as opened:
        notes.insert(4, opened.checkpoint())
    return Chain(paths, tuple(Checkpoint.parse(Note.parse(note).text) for note in notes[:5]))


@pytest.mark.parametrize("log", [SECOND, THIRD])
def test_a_checkpoint_of_a_log_before_holds_whatever_its_size(chain: Chain, log: str) -> None:
    for kept in chain.notes:
        assert chain.judged(log, kept, chain.known(*chain.paths)) == Verdict(
            log, 2, (), signed_by=tuple(map(str, verifiers(log)))
        )


def test_the_last_one_holds_though_the_log_before_is_not_at_hand_and_no_other_can_be_told(chain: Chain) -> None:
    assert chain.judged(SECOND, chain.notes[3], chain.known()).sound
    with pytest.raises(LogUnusable, match=r"of 3 entries .* which ended with 4: .* only that log can tell"):
        chain.judged(SECOND, chain.notes[2], chain.known())
    with pytest.raises(LogUnusable, match=f"what came before the log {SECOND} only it can tell"):
        chain.judged(THIRD, chain.notes[3], chain.known(LOG))


def test_another_tree_or_more_than_there_is_is_a_flaw_of_the_log_before(chain: Chain) -> None:
    for size in (2, 4, 5):
        other = Checkpoint(LOG, size, bytes(32))
        assert chain.judged(SECOND, other, chain.known(LOG)) == Verdict(LOG, 0, (), Flaw.FORKED)
    assert chain.judged(SECOND, Checkpoint(LOG, 9, bytes(32)), chain.known(LOG)) == Verdict(LOG, 5, (), Flaw.ROLLED_BACK, 8)


def test_another_file_in_the_place_of_a_log_before_proves_nothing(chain: Chain) -> None:
    known = chain.known(*chain.paths)
    swapped = known | {SECOND: replace(known[SECOND], opening=known[LOG].opening)}
    with pytest.raises(LogUnusable, match=f"the first entry of the log {SECOND} is not the one that was signed"):
        chain.judged(THIRD, chain.notes[0], swapped)
    assert chain.judged(SECOND, chain.notes[1], known | {LOG: replace(known[LOG], opening=known[THIRD].opening)}).flaw is not None


def test_what_no_known_key_has_signed_is_not_believed(chain: Chain) -> None:
    for known in ({}, {LOG: Before((signers(LOG, 66)[0].verifier,))}):
        with pytest.raises(LogUnusable, match=f"no key that is known here has signed the last checkpoint of the log {LOG}"):
            chain.judged(SECOND, chain.notes[3], known)


def test_a_log_that_did_not_begin_after_it_is_no_successor(chain: Chain) -> None:
    with pytest.raises(LogUnusable, match=f"that {SECOND} began after it cannot be seen here"):
        chain.judged(SECOND, Checkpoint(THIRD, 2, bytes(32)), chain.known(*chain.paths))
    with pytest.raises(LogUnusable, match="the log another, and"):
        chain.judged(LOG, Checkpoint("another", 2, bytes(32)), chain.known())
