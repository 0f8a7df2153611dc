"""`kuacheng certs renew` as an operator types it, with the CA of the development PKI and its evidence log."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from certs import generations
from gateway.cli import main
from gateway.development.layout import Layout
from tests.gateway.cli.conftest import acts

BUILT_IN = "renewal: {authority: pki/authorities/gateway.pem%s}\n"


def renew(layout: Layout, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["certs", "renew", *arguments, "--config", str(layout.config)])


def policy(layout: Layout, text: str) -> None:
    layout.config.write_text(layout.config.read_text(encoding="utf-8") + text, encoding="utf-8")


def in_force(layout: Layout) -> str:
    found = generations.current(layout.material)
    return found.name if found else ""


def test_nothing_is_due_and_then_everything_is_renewed(layout: Layout) -> None:
    policy(layout, BUILT_IN % "")
    idle = renew(layout)
    assert (idle.exit_code, "nothing is due before" in idle.output) == (0, True)
    done = renew(layout, "--force", "--operator", "zhou.li", "-o", "json")
    assert (done.exit_code, json.loads(done.output)["result"], in_force(layout)) == (0, "in-force", "000002")
    recorded = acts(layout)
    assert [each["act"] for each in recorded] == ["CERTIFICATE_RENEWED", "CERTIFICATE_RENEWED", "CERTIFICATES_ACTIVATED"]
    assert {each["operator"] for each in recorded} == {"zhou.li"}
    assert recorded[0]["issuer"].startswith("CN=")


def test_a_person_activates(layout: Layout) -> None:
    policy(layout, BUILT_IN % ", activation: manual")
    waits = renew(layout, "--force")
    assert (waits.exit_code, in_force(layout)) == (1, "000001")
    command = waits.output.rpartition("`kuacheng ")[2].partition("`")[0].split()
    assert CliRunner().invoke(main, [*command, "--config", str(layout.config)]).exit_code == 0
    assert (in_force(layout), renew(layout).exit_code) == ("000002", 0)


WRONG = (
    ("", "has no `renewal`"),
    (BUILT_IN % ", command: [ask]", "must name exactly one of authority and command"),
    ("renewal: {command: [ask], passphrase: {file: p}}\n", "passphrase is that of authority's key"),
    ("renewal: {authority: pki/none.pem}\n", "none.pem"),
)


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_policy_that_cannot_serve_is_told(layout: Layout, text: str, told: str) -> None:
    policy(layout, text)
    done = renew(layout)
    assert (done.exit_code != 0, told in done.output) == (True, True), done.output


def test_the_daemon_ends_when_it_is_told_to(layout: Layout) -> None:
    policy(layout, BUILT_IN % "")
    command = [sys.executable, "-m", "gateway.cli", "certs", "renew", "--watch", "-c", str(layout.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as running:
        assert running.stdout is not None
        assert "nothing is due" in running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
