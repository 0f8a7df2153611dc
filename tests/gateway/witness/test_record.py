"""The record: one step forward at a time, durable, never back, and never made anew where it was lost."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.ledger.note import Signer
from gateway.witness.record import Record, RecordUnusable
from gateway.witness.submission import Forked, Refused, Submission
from tests.gateway.witness.growing import AT, GrowingLog, signer, witness


def submitted(log: GrowingLog, old: int, size: int | None = None) -> Submission:
    return Submission.parse(log.submission(old, size))


def test_a_new_record_holds_nothing(record: Record, log: GrowingLog) -> None:
    assert record.latest(log.origin) is None
    assert record.everything() == ()
    assert record.forks() == ()


def test_each_step_takes_the_place_of_the_last(record: Record, log: GrowingLog) -> None:
    for old, new in [(0, 0), (0, 3), (3, 3), (3, 20)]:
        assert record.advance(submitted(log, old, new), AT + new) == AT + new
        held = record.latest(log.origin)
        assert held is not None
        assert (held.checkpoint.size, held.note, held.moment) == (new, log.note(new), AT + new)


def test_a_refused_step_changes_nothing(record: Record, log: GrowingLog) -> None:
    record.advance(submitted(log, 0, 10), AT)
    before = record.everything()
    for wrong in [submitted(log, 5, 8), submitted(log.forked(4, 20), 10), submitted(log.forked(4, 10), 10)]:
        with pytest.raises(Refused):
            record.advance(wrong, AT + 1)
    assert record.everything() == before


def test_logs_are_kept_apart(record: Record, log: GrowingLog) -> None:
    other = GrowingLog(signer("log.test/2")).grow(5)
    record.advance(submitted(log, 0, 10), AT)
    record.advance(submitted(other, 0), AT)
    assert [(each.checkpoint.origin, each.checkpoint.size) for each in record.everything()] == [
        ("log.test/1", 10),
        ("log.test/2", 5),
    ]


def test_a_clock_that_goes_back_takes_no_moment_back(record: Record, log: GrowingLog) -> None:
    assert record.advance(submitted(log, 0, 3), AT) == AT
    assert record.advance(submitted(log, 3, 5), AT - 3600) == AT
    assert record.advance(submitted(log, 5, 7), AT + 1) == AT + 1


def test_both_notes_of_a_fork_are_kept_once(record: Record, log: GrowingLog) -> None:
    fork = log.forked(5, 10)
    record.advance(submitted(log, 0, 10), AT)
    for _ in range(3):
        with pytest.raises(Forked):
            record.advance(submitted(fork, 10), AT + 7)
    (found,) = record.forks()
    assert (found.origin, found.size, found.held, found.given, found.moment) == (
        log.origin,
        10,
        log.note(10),
        fork.note(),
        AT + 7,
    )


def test_a_hundred_proofs_of_a_fork_are_enough(record: Record, log: GrowingLog) -> None:
    record.advance(submitted(log, 0, 10), AT)
    for n in range(105):
        with pytest.raises(Forked):
            record.advance(submitted(GrowingLog().grow(10, f"story {n} "), 10), AT)
    assert len(record.forks()) == 100


def test_an_empty_tree_with_a_root_of_its_own_is_no_reason_to_keep_anything(record: Record, log: GrowingLog) -> None:
    text = f"{log.origin}\n0\n{'A' * 43}=\n"
    with pytest.raises(Forked):
        record.advance(Submission.parse(f"old 0\n\n{text}\n{log.signer.line(text)}".encode()), AT)
    assert record.forks() == ()


def test_what_was_recorded_is_there_after_a_restart(path: Path, city: Signer, log: GrowingLog) -> None:
    with closing(Record.open(path, city.verifier)) as first:
        first.advance(submitted(log, 0, 10), AT)
    with closing(Record.open(path, city.verifier)) as second:
        with pytest.raises(Refused):
            second.advance(submitted(log, 0, 12), AT)
        assert second.advance(submitted(log, 10, 12), AT) == AT


KILLED = """
import os, sys
from pathlib import Path
from gateway.witness.record import Record
from gateway.witness.submission import Submission
from tests.gateway.witness.growing import AT, GrowingLog, witness
log, record = GrowingLog().grow(200), Record.open(Path(sys.argv[1]), witness().verifier)
for size in range(1, 200):
    record.advance(Submission.parse(log.submission(size - 1, size)), AT)
    os.write(1, b"%d\\n" % size)
"""


def test_what_was_answered_before_a_kill_is_there_after_it(path: Path, city: Signer, log: GrowingLog) -> None:
    log.grow(180)
    root = str(Path(__file__).parents[3])
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=root) as child:
        assert child.stdout is not None
        for _ in range(20):
            answered = int(child.stdout.readline())
        child.kill()
        answered = int((child.stdout.read().split() or [answered])[-1])
    with closing(Record.open(path, city.verifier)) as record:
        held = record.latest(log.origin)
        assert held is not None
        assert held.checkpoint.size in {answered, answered + 1}
        assert record.advance(submitted(log, held.checkpoint.size, 200), AT) == AT


def test_two_programs_on_one_file_never_both_take_the_same_step(path: Path, city: Signer, log: GrowingLog) -> None:
    with closing(Record.open(path, city.verifier)) as first, closing(Record.open(path, city.verifier)) as second:
        first.advance(submitted(log, 0, 10), AT)
        with pytest.raises(Refused):
            second.advance(submitted(log, 0, 12), AT)
        second.advance(submitted(log, 10, 12), AT)
        with pytest.raises(Refused):
            first.advance(submitted(log, 10, 11), AT)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE latest SET size = 9", f"UPDATE latest SET moment = {AT - 1}", "DELETE FROM latest"],
)
def test_the_file_itself_refuses_to_go_back(path: Path, record: Record, log: GrowingLog, statement: str) -> None:
    record.advance(submitted(log, 0, 10), AT)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_a_full_disk_takes_the_step_back(path: Path, city: Signer, log: GrowingLog) -> None:
    with closing(Record.open(path, city.verifier)) as record:
        record.advance(submitted(log, 0, 10), AT)
        (pages,) = record._connection.execute("PRAGMA page_count").fetchone()
        record._connection.execute(f"PRAGMA max_page_count = {pages}")
        long = Submission(10, log.proof(10), submitted(log, 10).checkpoint, submitted(log, 10).note, log.note() + "." * 100_000)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            record.advance(long, AT)
        held = record.latest(log.origin)
        assert held is not None
        assert held.checkpoint.size == 10
        assert record.advance(submitted(log, 10, 11), AT) == AT


def test_a_lost_record_is_never_made_anew(tmp_path: Path, city: Signer) -> None:
    with pytest.raises(RecordUnusable, match="retire this key"):
        Record.open(tmp_path / "witness.db", city.verifier)
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_never_overwritten(path: Path, city: Signer) -> None:
    with pytest.raises(FileExistsError):
        Record.create(path, city.verifier)


def test_the_record_of_another_key_is_refused(path: Path) -> None:
    with pytest.raises(RecordUnusable, match="put the key back"):
        Record.open(path, witness("witness.test/2").verifier)


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be looked at" * 100])
def test_a_file_of_another_kind_is_refused(path: Path, city: Signer, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RecordUnusable):
        Record.open(path, city.verifier)


def test_a_file_that_is_open_to_others_is_refused(path: Path, city: Signer) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(RecordUnusable, match="chmod 600"):
        Record.open(path, city.verifier)
