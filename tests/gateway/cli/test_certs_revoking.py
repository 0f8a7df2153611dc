"""Revoking by the command line: recorded, shown, taken back, and refused where it is unclear."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs import denying
from gateway.cli import main
from gateway.development.layout import Layout
from tests.gateway.cli.conftest import acts

URI = "spiffe://foshan.test/department/11440600M00000027C/system/window"


def certs(layout: Layout, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["certs", *arguments, "--config", str(layout.config)])


def test_it_is_recorded_shown_and_taken_back(layout: Layout) -> None:
    why = ("--reason", "its key is lost")
    assert certs(layout, "revoke", "--uri", URI, *why, "--operator", "zhou.li").exit_code == 0
    upper = ("--serial", "2A:FF", "--issuer", "CN=foshan CA")
    done = certs(layout, "revoke", *upper, *why, "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["revoked"]) == (1, "2aff of CN=foshan CA")
    shown = certs(layout, "revoked")
    assert f"{URI}\n  its key is lost; by zhou.li, " in shown.output
    assert certs(layout, "revoke", "--uri", URI, *why).exit_code == 1
    assert certs(layout, "unrevoke", URI, "--reason", "found again").exit_code == 0
    assert certs(layout, "unrevoke", URI, "--reason", "found again").exit_code == 1
    assert [(each["act"], each["reason"]) for each in acts(layout)] == [
        ("CERTIFICATE_REVOKED", "its key is lost"),
        ("CERTIFICATE_REVOKED", "its key is lost"),
        ("CERTIFICATE_UNREVOKED", "found again"),
    ]


def test_what_nobody_bears_is_told_and_recorded_and_refused_all_the_same(layout: Layout) -> None:
    for named in (("--uri", URI + "s"), ("--fingerprint", "AB:" * 31 + "AB"), ("--serial", "2A", "--issuer", "CN=foshan CA")):
        done = certs(layout, "revoke", *named, "--reason", "its key is lost")
        assert (done.exit_code, "nothing that is known here bears that name" in done.stderr) == (1, True)
    assert len(acts(layout)) == len(denying.read(layout.folder / "revoked.json")) == 3


def test_a_serial_number_and_its_issuer_are_known_however_others_print_them(layout: Layout) -> None:
    ca = layout.pki.authority("440600").certificate
    issuer, serial = ca.issuer.rfc4514_string(), f"0{ca.serial_number:X}"
    as_openssl = issuer.replace("CN=", "CN = ")
    done = certs(layout, "revoke", "--serial", serial, "--issuer", as_openssl, "--reason", "its key is lost", "-o", "json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["known"], found["revoked"]) == (0, True, f"{ca.serial_number:x} of {issuer}")


@pytest.mark.parametrize(("named", "told"), [((), "name one of"), (("--uri", "window"), "is no SPIFFE ID")])
def test_what_is_unclear_is_refused(layout: Layout, named: tuple[str, ...], told: str) -> None:
    done = certs(layout, "revoke", *named, "--reason", "why")
    assert (done.exit_code, told in done.output) == (1, True)
    assert acts(layout) == []
    assert not Path(layout.folder / "revoked.json").exists()
