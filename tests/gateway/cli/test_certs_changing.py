"""A change of CA by the command line, as an operator does it: stage, activate, taint, retire; each recorded, each undone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs import bundle, seen
from certs import generations as generations_module
from certs.authority import Authority
from certs.extensions import Profile, Usage
from certs.generations import current, generations
from gateway.cli import main
from gateway.clock import SystemClock
from gateway.development.layout import SERVER_NAME, WINDOW, Layout
from tests.gateway.cli.conftest import REGION, acts
from tests.gateway.living import renewed

NOW = SystemClock().now()
BUNDLE = f"authorities/{REGION}.pem"
Run = Callable[..., Result]


@pytest.fixture
def certs(layout: Layout) -> Run:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["certs", *arguments, "--config", str(layout.config)])

    return run


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new-ca.pem"
    path.write_bytes(Authority.create("foshan CA 2", NOW, timedelta(days=365)).certificate_pem)
    return path


def believed(layout: Layout) -> list[tuple[str, bool]]:
    return [(each.name, each.tainted is not None) for each in bundle.members((layout.material / "current" / BUNDLE).read_bytes())]


def old(layout: Layout) -> str:
    return bundle.members((layout.material / "000001" / BUNDLE).read_bytes())[0].fingerprint[:12]


def shown(layout: Layout, ago: timedelta) -> None:
    """The window's certificate came in, so long ago."""
    leaf = layout.pki.clients[WINDOW.client].read()
    row = seen.seen(leaf.certificate, b"", NOW - ago)
    assert row is not None
    seen.write(seen.beside(layout.ledger), [row])


def test_a_whole_change_and_its_way_back(certs: Run, layout: Layout, new: Path) -> None:
    first, second = "CN=440600 development CA", "CN=foshan CA 2"
    assert certs("status").exit_code == 0
    assert certs("stage", str(new), "--region", REGION, "--operator", "zhou.li").exit_code == 0
    assert believed(layout) == [(first, False), (second, False)]
    shown(layout, timedelta(minutes=5))
    tainted = certs("taint", old(layout), "--region", REGION, "-o", "json")
    told = json.loads(tainted.output)
    assert [each["uri"].rpartition("/")[2] for each in told["stragglers"]] == ["window"]
    assert believed(layout) == [(first, True), (second, False)]
    status = certs("status")
    assert (status.exit_code, "/system/window, last seen" in status.output) == (1, True)
    refused = certs("retire", old(layout), "--region", REGION)
    assert refused.exit_code == 1
    assert "have their owners renew them" in refused.output
    assert "system/window" in refused.output
    assert certs("retire", old(layout), "--region", REGION, "--force", "its key is lost").exit_code == 0
    assert believed(layout) == [(second, False)]
    assert certs("rollback").exit_code == 0
    assert believed(layout) == [(first, True), (second, False)]
    names = ["CA_STAGED", "CA_TAINTED", "CA_RETIRED", "CERTIFICATES_ROLLED_BACK"]
    recorded = acts(layout)
    assert [each["act"] for each in recorded] == names
    assert recorded[0]["operator"] == "zhou.li"
    assert (recorded[2]["forced"], recorded[2]["stragglers"]) == ("its key is lost", "1")


def test_who_was_not_seen_for_long_holds_up_nobody(certs: Run, layout: Layout, new: Path) -> None:
    certs("stage", str(new), "--region", REGION)
    certs("taint", old(layout), "--region", REGION)
    shown(layout, timedelta(hours=3))
    assert certs("retire", old(layout), "--region", REGION, "--quiet-for", "4h").exit_code == 1
    assert certs("retire", old(layout), "--region", REGION, "--quiet-for", "2h").exit_code == 0


def test_a_rehearsal_does_nothing(certs: Run, layout: Layout, new: Path) -> None:
    done = certs("stage", str(new), "--region", REGION, "--dry-run")
    assert (done.exit_code, "CN=foshan CA 2 is believed besides" in done.output) == (0, True)
    assert [each.name for each in generations(layout.material)] == ["000001"]
    assert acts(layout) == []


def test_new_certificates_are_shown(certs: Run, layout: Layout, tmp_path: Path) -> None:
    profile = Profile(uri="spiffe://gateway.test/gateway/development", usages=frozenset({Usage.SERVER}), dns_names=(SERVER_NAME,))
    leaf = layout.pki.authority("gateway").issue(profile, NOW, timedelta(days=9))
    other = layout.pki.authority(REGION).issue(profile, NOW, timedelta(days=9))
    for name, each in (("good", leaf), ("bad", replace(leaf, key=other.key))):
        (tmp_path / f"{name}.pem").write_bytes(each.certificate)
        (tmp_path / f"{name}.key").write_bytes(each.key)
    bad = certs("activate", "--server", str(tmp_path / "bad.pem"), str(tmp_path / "bad.key"))
    assert (bad.exit_code, "[key-mismatch]" in bad.output) == (1, True)
    assert certs("activate", "--server", str(tmp_path / "good.pem"), str(tmp_path / "good.key")).exit_code == 0
    assert (layout.material / "current/server.pem").read_bytes() == leaf.certificate
    assert [each["act"] for each in acts(layout)] == ["CERTIFICATES_ACTIVATED"]


def test_what_waited_does_not_bring_a_retired_ca_back_unless_it_is_said_why(certs: Run, layout: Layout, new: Path) -> None:
    assert certs("stage", str(new), "--region", REGION).exit_code == 0
    waiting = generations_module.stage(layout.material, renewed(layout), lambda _: ()).name
    for step in ("taint", "retire"):
        assert certs(step, old(layout), "--region", REGION).exit_code == 0
    for more in ((), ("--dry-run",)):
        done = certs("activate", waiting, *more)
        assert (done.exit_code, f"{BUNDLE}: CN=440600 development CA would be believed again" in done.output) == (1, True)
    assert believed(layout) == [("CN=foshan CA 2", False)]
    assert acts(layout)[-1]["act"] == "CA_RETIRED"
    assert "without a person's number" in certs("activate", waiting, "--force", "440106189001011234").output
    done = certs("activate", waiting, "--force", "the new CA is broken")
    assert (done.exit_code, "would be believed again" in done.output) == (0, True)
    last = acts(layout)[-1]
    assert (last["act"], last["forced"], last["generation"]) == ("CERTIFICATES_ACTIVATED", "the new CA is broken", waiting)
    assert len(believed(layout)) == 2


REFUSED = (
    (("stage", "{new}", "--region", "440700"), "there is no region 440700"),
    (("taint", "00000000", "--region", REGION), "names no single CA of the bundle"),
    (("taint", "{old}", "--region", REGION), "no other CA would be left in good standing"),
    (("retire", "{old}", "--region", REGION), "is in good standing; taint it first"),
    (("stage", "{leaf}", "--region", REGION), "is no CA"),
    (("stage", "{other}", "--region", REGION), "already speaks for the region 440100"),
    (("activate",), "no generation is staged"),
    (("activate", "000009"), "there is no generation 000009"),
    (("rollback",), "no generation to go back to"),
)


def test_what_cannot_be_is_refused_and_leaves_everything(certs: Run, layout: Layout, new: Path) -> None:
    files = {"new": new, "old": old(layout), "leaf": layout.pki.gateway_server.certificate}
    files["other"] = layout.pki.authorities["440100"].certificate
    for arguments, told in REFUSED:
        done = certs(*(each.format(**files) for each in arguments))
        assert done.exit_code in {1, 2}
        assert told in done.output
    standing = current(layout.material)
    assert standing is not None
    assert [each.name for each in generations(layout.material)] == [standing.name] == ["000001"]
    assert acts(layout) == []
