"""Generations: whole or not there, judged before they count, switched by one rename, safe from a kill at any moment."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from certs import custody
from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from certs.findings import Code
from certs.generations import (
    GenerationRefused,
    activate,
    current,
    discard,
    generations,
    judged,
    previous,
    prune,
    stage,
    undone,
)
from tests.certs.faulty import Authorities

LIFE = timedelta(days=7)


def leaf(authority: Authority, now: datetime, life: timedelta = LIFE) -> Leaf:
    profile = Profile(
        uri="spiffe://gateway.test/gateway/one",
        usages=frozenset({Usage.SERVER, Usage.CLIENT}),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )
    return authority.issue(profile, now, life)


def pair(made: Leaf, name: str = "server") -> Mapping[str, bytes]:
    return {f"{name}.pem": made.certificate, f"{name}.key": made.key}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pki"


@pytest.fixture
def whole(authorities: Authorities, now: datetime) -> Mapping[str, bytes]:
    bundles = {"ca.pem": authorities.own.certificate_pem, "authorities/440600.pem": authorities.other.certificate_pem}
    return {**pair(leaf(authorities.own, now)), **bundles}


def codes(refused: GenerationRefused) -> set[Code]:
    return {each.code for each in refused.findings}


def test_a_staged_generation_counts_only_once_it_is_put_in_force(
    folder: Path, whole: Mapping[str, bytes], authorities: Authorities, now: datetime
) -> None:
    judge = partial(judged, now=now)
    first = stage(folder, whole, judge)
    assert (first.name, first.state, current(folder)) == ("000001", "staged", None)
    activate(folder, first.name, judge)
    second = stage(folder, pair(leaf(authorities.own, now)), judge)
    assert current(folder) == activate(folder, first.name, judge)
    assert set(second.files()) == set(whole)
    assert activate(folder, second.name, judge).state == "current"
    assert [(each.name, each.state) for each in generations(folder)] == [("000001", "previous"), ("000002", "current")]
    back = previous(folder)
    assert back is not None
    activate(folder, back.name, judge, undoes=True)
    assert (folder / "current" / "server.pem").read_bytes() == whole["server.pem"]


def test_what_came_in_force_meanwhile_is_not_taken_back_unseen(
    folder: Path, whole: Mapping[str, bytes], authorities: Authorities, now: datetime
) -> None:
    judge = partial(judged, now=now)
    both = authorities.own.certificate_pem + authorities.other.certificate_pem
    activate(folder, stage(folder, {**whole, "authorities/440600.pem": both}, judge).name, judge)
    waiting = stage(folder, pair(leaf(authorities.own, now)), judge)
    assert (waiting.base, undone(folder, waiting.name)) == ("000001", ())
    retired = stage(folder, {"authorities/440600.pem": authorities.own.certificate_pem}, judge)
    activate(folder, retired.name, judge)
    (told,) = undone(folder, waiting.name)
    assert told == f"authorities/440600.pem: {authorities.other.certificate.subject.rfc4514_string()} would be believed again"
    with pytest.raises(GenerationRefused, match=r"(?s)would be believed again.*--force REASON"):
        activate(folder, waiting.name, judge)
    standing = current(folder)
    assert standing is not None
    assert standing.name == retired.name
    activate(folder, stage(folder, pair(leaf(authorities.own, now)), judge).name, judge)
    assert activate(folder, waiting.name, judge, undoes=True).name == waiting.name


def test_where_nothing_is_lost_what_waited_is_taken(folder: Path, whole: Mapping[str, bytes], now: datetime) -> None:
    judge = partial(judged, now=now)
    activate(folder, stage(folder, whole, judge).name, judge)
    made = [stage(folder, {"note.key": b"the same"}, judge) for _ in range(2)]
    for each in made:
        assert activate(folder, each.name, judge).name == each.name


def test_everything_is_its_owner_s_only(folder: Path, whole: Mapping[str, bytes], now: datetime) -> None:
    made = stage(folder, whole, partial(judged, now=now))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert (made.folder / "server.key").stat().st_mode & 0o777 == 0o600


def test_a_bad_generation_is_refused_with_its_reason_and_leaves_nothing(
    folder: Path, whole: Mapping[str, bytes], authorities: Authorities, now: datetime
) -> None:
    judge = partial(judged, now=now)
    activate(folder, stage(folder, whole, judge).name, judge)
    other = leaf(authorities.own, now)
    elsewhere = leaf(authorities.other, now)
    for changes, code in (
        ({"server.key": other.key}, Code.KEY_MISMATCH),
        ({"server.pem": whole["server.pem"][:300]}, Code.CERTIFICATE_UNREADABLE),
        ({"server.key": whole["server.key"][:60]}, Code.KEY_UNREADABLE),
        (pair(elsewhere), Code.CHAIN_REFUSED),
        (pair(leaf(authorities.own, now - LIFE - LIFE)), Code.EXPIRED),
        ({"authorities/440600.pem": other.certificate}, Code.NOT_AN_AUTHORITY),
    ):
        with pytest.raises(GenerationRefused) as refused:
            stage(folder, changes, judge)
        assert code in codes(refused.value)
    assert [each.name for each in generations(folder)] == ["000001"]
    assert sorted(each.name for each in folder.iterdir()) == ["000001", "current"]


def test_a_fault_that_stands_already_does_not_hold_up_a_successor(
    folder: Path, whole: Mapping[str, bytes], authorities: Authorities, now: datetime
) -> None:
    old = Authority.create("a neighbour's CA", now - timedelta(days=2), timedelta(days=1))
    before = partial(judged, now=now - timedelta(days=1, hours=2))
    made = {**whole, **pair(leaf(authorities.own, now - timedelta(days=2))), "authorities/440600.pem": old.certificate_pem}
    activate(folder, stage(folder, made, before).name, before)
    judge = partial(judged, now=now)
    assert {each.code for each in judge(folder / "current")} == {Code.AUTHORITY_EXPIRED}
    assert activate(folder, stage(folder, pair(leaf(authorities.own, now)), judge).name, judge).name == "000002"


def test_one_that_has_expired_since_it_was_staged_is_not_put_in_force(
    folder: Path, whole: Mapping[str, bytes], now: datetime
) -> None:
    made = stage(folder, whole, partial(judged, now=now))
    with pytest.raises(GenerationRefused, match="expired on"):
        activate(folder, made.name, partial(judged, now=now + 2 * LIFE))
    assert current(folder) is None


def test_what_cannot_be_is_refused(folder: Path, whole: Mapping[str, bytes], now: datetime) -> None:
    judge = partial(judged, now=now)
    for name in ("../out.pem", "/out.pem", "a//b.pem", ".hidden.pem", ""):
        with pytest.raises(GenerationRefused, match="no name for a file"):
            stage(folder, {name: b""}, judge)
    activate(folder, stage(folder, whole, judge).name, judge)
    with pytest.raises(GenerationRefused, match="nothing would change"):
        stage(folder, {"server.pem": whole["server.pem"]}, judge)
    with pytest.raises(GenerationRefused, match="there are: 000001"):
        activate(folder, "000009", judge)
    with pytest.raises(GenerationRefused, match="in force"):
        discard(folder, "000001")


def test_a_full_disk_leaves_the_old_one_alone(
    folder: Path, whole: Mapping[str, bytes], authorities: Authorities, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = partial(judged, now=now)
    activate(folder, stage(folder, whole, judge).name, judge)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(custody.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        stage(folder, pair(leaf(authorities.own, now)), judge)
    assert sorted(each.name for each in folder.iterdir()) == ["000001", "current"]


def test_old_ones_are_pruned_and_never_what_is_in_force_or_before_it(folder: Path) -> None:
    def judge(_: Path) -> tuple[()]:
        return ()

    for number in range(6):
        activate(folder, stage(folder, {"a.key": b"%d" % number}, judge).name, judge)
    staged = stage(folder, {"a.key": b"next"}, judge)
    assert prune(folder, keep=1) == ("000001", "000002", "000003")
    assert [each.name for each in generations(folder)] == ["000004", "000005", "000006", staged.name]
    discard(folder, staged.name)
    assert stage(folder, {"a.key": b"again"}, judge).name == "000007"


_ROTATES = """
import sys
from pathlib import Path
from certs.generations import stage, activate
folder, judge, number = Path(sys.argv[1]), lambda _: (), 0
while True:
    number += 1
    activate(folder, stage(folder, {f"{each}.key": b"%d" % number * 1000 for each in range(3)}, judge).name, judge)
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_generation_in_force(folder: Path) -> None:
    for rounds in range(1, 6):
        with subprocess.Popen([sys.executable, "-c", _ROTATES, str(folder)], stdout=subprocess.PIPE) as rotating:
            assert rotating.stdout is not None
            for _ in range(rounds):
                rotating.stdout.readline()
            rotating.send_signal(signal.SIGKILL)
        target = Path(os.path.realpath(folder / "current"))
        assert len({(target / f"{each}.key").read_bytes() for each in range(3)}) == 1
        assert len(list(target.iterdir())) == 3
    stage(folder, {"0.key": b"after"}, lambda _: ())
    assert not list(folder.glob(".staging-*"))
