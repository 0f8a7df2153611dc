"""The renewer: in time, judged, recorded, in force or waiting for a person; and it tries again."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import generations, renewing
from certs.authority import Authority
from certs.extensions import Profile, Usage
from certs.issuers import BuiltIn, Program
from certs.issuing import IssueRefused, Place, issued
from certs.renewing import Wanted
from gateway.changing import Place as Where
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import SERVER_NAME, Layout, lay_out, write_configuration
from gateway.model.act import Act
from gateway.renewing import LOOK, Renewer, Result, Round, shown, watch

NOW = SystemClock().now()
URI = "spiffe://gateway.test/gateway/development"
LIFE = timedelta(days=30)
DAY = timedelta(days=1)
_Acts = list[tuple[Act, Mapping[str, Any]]]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("renewing") / "dev", NOW - 21 * DAY, entropy)
    write_configuration(made, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return made


@pytest.fixture
def where(laid: Layout, tmp_path: Path) -> Where:
    """Its certificates were issued three weeks ago for thirty."""
    folder = tmp_path / "dev"
    shutil.copytree(laid.folder, folder, symlinks=True)
    config = folder / laid.config.name
    return Where.of(load(config, {}), lambda instead: load(config, {}, instead))


class Hours:
    """A clock that only waiting moves."""

    def __init__(self, now: datetime, until: datetime | None = None) -> None:
        self.moment, self.until, self.waited = now, until, list[float]()

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.moment += timedelta(seconds=seconds)
        return self.until is not None and self.moment >= self.until


def authority(where: Where) -> BuiltIn:
    at = Place(where.folder.parent / "pki/authorities/gateway.pem")
    return BuiltIn(at, Authority.load(at.certificate.read_bytes(), at.key.read_bytes()))


def renewer(where: Where, issuer: Any, acts: _Acts, *, clock: Any = None, automatic: bool = True) -> Renewer:
    return Renewer(where, (issuer,), lambda act, facts: acts.append((act, facts)), clock or Hours(NOW), automatic)


def test_it_renews_in_time_and_by_itself(where: Where) -> None:
    acts: _Acts = []
    clock, before = Hours(NOW - 5 * DAY), generations.current(where.folder)
    one = renewer(where, authority(where), acts, clock=clock)
    assert before is not None
    early = one.round()
    assert (early.result, acts) == (Result.NOTHING_DUE, [])
    clock.moment = NOW
    done = one.round()
    assert (done.result, done.names, done.generation) == (Result.IN_FORCE, ("client", "server"), "000002")
    after = generations.current(where.folder)
    assert after is not None
    old, new = shown(before), shown(after)
    for name, leaf in new.items():
        assert renewing.successor(leaf).profile == renewing.successor(old[name]).profile
        assert leaf.public_key() != old[name].public_key()
        assert leaf.not_valid_after_utc == (NOW + LIFE).replace(microsecond=0)
    assert [act for act, _ in acts] == [Act.CERTIFICATE_RENEWED, Act.CERTIFICATE_RENEWED, Act.CERTIFICATES_ACTIVATED]
    assert acts[0][1]["generation"] == "000002"
    assert len(issued(authority(where).place)) == 2
    assert one.round().result is Result.NOTHING_DUE


def test_a_person_activates_where_policy_wants_it(where: Where) -> None:
    acts: _Acts = []
    one = renewer(where, authority(where), acts, automatic=False)
    rounds = [one.round(), one.round()]
    assert [(each.result, each.generation) for each in rounds] == [(Result.WAITING, "000002")] * 2
    assert "kuacheng certs activate 000002" in rounds[0].says
    standing = generations.current(where.folder)
    assert standing is not None
    assert standing.name == "000001"
    assert [act for act, _ in acts] == [Act.CERTIFICATE_RENEWED] * 2
    generations.activate(where.folder, "000002", lambda _: ())
    assert one.round().result is Result.NOTHING_DUE


def test_what_waits_and_would_take_something_back_is_made_anew(where: Where) -> None:
    one = renewer(where, authority(where), [], automatic=False)
    assert one.round().generation == "000002"
    for content in (b"since", b"then"):
        generations.activate(
            where.folder, generations.stage(where.folder, {"note.key": content}, lambda _: ()).name, lambda _: ()
        )
    assert one.round().generation == "000005"
    generations.activate(where.folder, "000003", lambda _: (), undoes=True)
    assert one.round().generation == "000006"


class Wrong:
    """A CA that issues something else than was asked for."""

    name = "CN=wrong"

    def __init__(self, right: BuiltIn) -> None:
        self._right = right
        self.serves, self.wanted = right.serves, right.wanted

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:
        other = Profile(uri=f"{URI}-2", usages=frozenset(Usage), dns_names=(SERVER_NAME,))
        key = x509.load_pem_x509_csr(request).public_key()
        return self._right.authority.certify(other, key, now, LIFE).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


class Foreign(Wrong):
    """A CA that gives a certificate for a key of its own."""

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:
        return self._right.authority.issue(wanted.profile, now, LIFE).certificate


@pytest.mark.parametrize(("kind", "told"), [(Wrong, "other names or uses"), (Foreign, "[key-mismatch]")])
def test_what_is_not_as_asked_for_is_refused(where: Where, kind: type[Wrong], told: str) -> None:
    acts: _Acts = []
    done = renewer(where, kind(authority(where)), acts).round()
    assert (done.result, told in done.says, acts) == (Result.FAILED, True, [])
    assert [each.name for each in generations.generations(where.folder)] == ["000001"]


def test_what_cannot_be_recorded_is_not_staged(where: Where) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    done = Renewer(where, (authority(where),), full, Hours(NOW), automatic=True).round()
    assert (done.result, done.says) == (Result.FAILED, "no space left")
    assert [each.name for each in generations.generations(where.folder)] == ["000001"]


class Late:
    """A CA that is out of service until a moment."""

    def __init__(self, right: BuiltIn, clock: Hours, since: datetime) -> None:
        self.name, self._right, self._clock, self._since = right.name, right, clock, since
        self.serves, self.wanted = right.serves, right.wanted

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:
        if self._clock.now() < self._since:
            raise IssueRefused("out of service")
        return self._right.issue(wanted, request, now)


def test_the_daemon_waits_tries_again_and_goes_on(where: Where) -> None:
    clock = Hours(NOW - 4 * DAY, NOW - DAY / 4)
    told: list[Round] = []
    noted: list[Round] = []
    late = Late(authority(where), clock, NOW - DAY / 2)
    # Handshakes go by the machine's clock and this daemon by ours; what reads certificates still judges the generation.
    daemon = replace(renewer(where, late, [], clock=clock), judge=lambda *_: ())
    watch(daemon, lambda: 0.5, clock.wait, noted.append, told.append)
    assert len(noted) == len(clock.waited)
    results = [each.result for each in told]
    assert results[0] is Result.NOTHING_DUE
    assert results.count(Result.IN_FORCE) == 1, [each.says for each in told[-4:]]
    begun = next(place for place, each in enumerate(clock.waited) if each == 0.9 * renewing.SOONEST)
    assert clock.waited[begun : begun + 7] == [0.9 * min(3600, 60 * 2**n) for n in range(7)]
    assert set(clock.waited[: begun - 1]) == {LOOK}
    assert max(clock.waited) == 0.9 * renewing.LATEST
    assert all(now < leaf.not_valid_after_utc for leaf in shown(_standing(where)).values() for now in (clock.moment,))


def _standing(where: Where) -> generations.Generation:
    found = generations.current(where.folder)
    assert found is not None
    return found


@pytest.mark.needs("openssl")
def test_an_outside_ca_is_asked_by_a_program(where: Where, tmp_path: Path) -> None:
    """The program is openssl, as a CA that signs what it is sent, names and uses as requested."""
    pki = where.folder.parent / "pki/authorities/gateway"
    script = tmp_path / "ask"
    script.write_text(
        "#!/bin/sh\nset -e\ncat > request.csr\n"
        f"exec openssl x509 -req -in request.csr -CA {pki}.pem -CAkey {pki}.key -days 30 -copy_extensions copy\n"
    )
    script.chmod(0o700)
    done = renewer(where, Program(("sh", "-c", f"cd {tmp_path} && exec ./ask")), [], clock=SystemClock()).round()
    assert (done.result, done.names) == (Result.IN_FORCE, ("client", "server")), done.says


PROGRAMS = (
    (("import sys; sys.exit('the CA says no')",), "ended with status 1: the CA says no"),
    (("print('soon')",), "holds no certificate"),
    (("import time; time.sleep(60)",), "did not end within"),
)


@pytest.mark.parametrize(("program", "told"), PROGRAMS)
def test_a_program_that_does_not_answer_well_changes_nothing(where: Where, program: tuple[str], told: str) -> None:
    issuer = Program((sys.executable, "-c", *program), patience=0.5 if "sleep" in program[0] else 30.0)
    done = renewer(where, issuer, []).round()
    assert (done.result, told in done.says) == (Result.FAILED, True), done.says
    assert _standing(where).name == "000001"
