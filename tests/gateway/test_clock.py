"""Ids, and the moments in them; and what a thread's time goes to."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.clock import ThreadClock, new_id


def test_ids_are_uuids_of_version_7_that_follow_one_another() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid.UUID(new_id()) for _ in range(200)]
    after = time.time_ns() // 1_000_000
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    moments = [each.int >> 80 for each in made]
    assert moments == sorted(moments)
    assert before <= moments[0] <= moments[-1] <= after
    assert len({each.int & (1 << 62) - 1 for each in made}) == len(made)


@contextmanager
def contended() -> Iterator[None]:
    """This thread has a processor together with somebody who wants all of it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as other:
            try:
                yield
            finally:
                other.kill()
    finally:
        os.sched_setaffinity(0, before)


def busy(clock: ThreadClock) -> float:
    """The part of a while in which this thread, which never rests, ran or waited by its clock; a machine that stands still does neither."""
    began, ran, waited = time.monotonic(), clock.running(), clock.waiting()
    while clock.waiting() - waited < 0.02:
        pass
    assert clock.running() > ran
    return (clock.running() - ran + clock.waiting() - waited) / (time.monotonic() - began)


def test_a_thread_that_never_rests_runs_or_waits_all_the_time() -> None:
    clock = ThreadClock()
    with contended():
        assert any(0.8 < busy(clock) < 1.2 for _ in range(20))


def test_it_is_of_the_thread_that_made_it_whoever_reads_it() -> None:
    with ThreadPoolExecutor(1) as other:
        clock = other.submit(ThreadClock).result()
        before = clock.running()
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        assert clock.running() - before < 0.01
        own = other.submit(time.thread_time).result()
        assert before <= own <= clock.running()


def test_where_no_thread_is_told_of_another_the_whole_process_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "pthread_getcpuclockid")
    before = time.process_time()
    ran = ThreadClock().running()
    assert before <= ran <= time.process_time()


def test_where_the_kernel_keeps_no_account_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ThreadClock()
    monkeypatch.setattr(clock, "_told", tmp_path / "schedstat")
    assert clock.waiting() == 0.0
