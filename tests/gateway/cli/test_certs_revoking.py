"""Revoking by the command line: recorded, shown, taken back, and refused where it is unclear."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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
    assert json.loads(certs(layout, "revoke", *upper, *why, "-o", "json").output)["revoked"] == "2aff of CN=foshan CA"
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


@pytest.mark.parametrize(("named", "told"), [((), "name one of"), (("--uri", "window"), "is no SPIFFE ID")])
def test_what_is_unclear_is_refused(layout: Layout, named: tuple[str, ...], told: str) -> None:
    done = certs(layout, "revoke", *named, "--reason", "why")
    assert (done.exit_code, told in done.output) == (1, True)
    assert acts(layout) == []
    assert not Path(layout.folder / "revoked.json").exists()
