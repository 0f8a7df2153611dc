"""`kuacheng certs renew` as an operator types it, with the CA of the development PKI and its evidence log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs import generations
from gateway.cli import main
from gateway.client import Client
from gateway.clock import SystemClock
from gateway.development.layout import Layout
from tests.certs.pebble import EXTERNAL, pebble
from tests.gateway.cli.conftest import acts
from tests.gateway.living import caller, rotate, running
from tests.gateway.test_vouching import scraped

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


ACME = """renewal:
  acme:
    directory: {directory}
    names: [gateway.foshan.test]
    account_key: secrets/acme-account.key
    terms: agreed
    authorities: {{file: "{authorities}"}}
    external_account: {{id: {id}, key: {{file: secrets/acme-binding}}}}
    http: "{http}"
"""


@pytest.mark.needs("pebble")
async def test_an_acme_ca_renews_what_callers_are_shown(layout: Layout, tmp_path: Path) -> None:
    """The rest is its own issuer's; whoever believes that CA and knows the name gets in; metrics tell of both renewals."""
    now = SystemClock().now()
    with pebble(tmp_path, now) as ca:
        text = ACME.format(
            directory=ca.directory, authorities=ca.authorities, id=EXTERNAL[0], http=f"{ca.http_host}:{ca.http_port}"
        )
        policy(layout, text)
        (layout.folder / "secrets/acme-binding").write_text(EXTERNAL[1])
        (layout.folder / "secrets/acme-binding").chmod(0o600)
        unpublished = await asyncio.to_thread(renew, layout, "--force")
        assert (unpublished.exit_code, "[chain-refused]" in unpublished.output) == (1, True), unpublished.output
        key = (layout.folder / "secrets/acme-account.key").read_bytes()
        published = (layout.material / "current/ca.pem").read_bytes() + ca.root
        rotate(layout, {"ca.pem": published})
        alone = await asyncio.to_thread(renew, layout, "--force")
        assert (alone.exit_code, "server" in alone.output) == (0, True), alone.output
        policy(layout, BUILT_IN.replace("renewal: {", "  ").replace("%s}", ""))
        assert (await asyncio.to_thread(renew, layout)).exit_code == 0
    assert (layout.folder / "secrets/acme-account.key").read_bytes() == key
    assert (layout.folder / "secrets/acme-account.key").stat().st_mode & 0o777 == 0o600
    async with running(layout) as (serving, _):
        identity = caller(layout, trusting=published)
        async with Client(serving.address, identity, server_name="gateway.foshan.test") as asking:
            await asking.evidence_types()
        told = await scraped(serving)
    assert {'kuacheng_renewal_attempts_total{result="failed"} 1.0', "kuacheng_generations_staged 0.0"} <= told
    assert 'kuacheng_renewal_attempts_total{result="in-force"} 1.0' in told


WRONG = (
    ("", "has no `renewal`"),
    (BUILT_IN % ", command: [ask]", "must name exactly one of authority and command"),
    ("renewal: {command: [ask], passphrase: {file: p}}\n", "passphrase is that of authority's key"),
    ("renewal: {authority: pki/none.pem}\n", "none.pem"),
    (ACME.format(directory="http://ca.test", authorities="x", id="x", http="127.0.0.1:80"), "must be an https URL"),
)


def test_a_policy_that_cannot_serve_is_told(layout: Layout) -> None:
    sound = layout.config.read_text(encoding="utf-8")
    for text, told in WRONG:
        layout.config.write_text(sound + text, encoding="utf-8")
        done = renew(layout)
        assert (done.exit_code != 0, told in done.output) == (True, True), done.output


def test_the_daemon_ends_when_it_is_told_to(layout: Layout) -> None:
    policy(layout, BUILT_IN % "")
    command = [sys.executable, "-m", "gateway.cli", "certs", "renew", "--watch", "-c", str(layout.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as running:
        assert running.stdout is not None
        assert "nothing is due" in running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
