"""docs/certificates-rotation.md: its runbook does what it says, as it stands, beside a gateway that runs all the time."""

import shlex
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from certs import generations, subject
from certs.authority import Authority
from certs.extensions import Profile, Usage
from gateway.cli import main
from gateway.clock import SystemClock
from tests.terminal import ROOT, SERVING, Terminal, blocks, split

PAGE: Final = "docs/certificates-rotation.md"
FAILS: Final = "# status 1:"
AFTER: Final = "## Everything has expired"
PATIENCE: Final = 60.0
"""A gateway takes a change up within a second; this machine may be busy."""

SAYS: Final = {
    "kuacheng certs activate": "in force",
    "kuacheng certs rollback": "in force",
    "kuacheng certs stage": "is believed besides",
    "kuacheng certs taint": "counts as to be retired",
    "kuacheng certs revoked": "its key is lost",
    "kuacheng query": "by agreement foshan-window-asks",
}
FOLLOWS: Final = ("kuacheng query", "kuacheng certs status")
"""What shows what the gateway has taken up, or whom it has seen, and so may be a moment late."""


def typed(terminal: Terminal, line: str) -> None:
    """One command, until it ends and says as it should: what the gateway takes up, it takes up soon."""
    command, fails, told = line.partition(FAILS)
    says = next((text for begin, text in SAYS.items() if command.startswith(begin) and "--dry-run" not in command), "")
    wanted = told.strip() if fails else says
    until = time.monotonic() + (PATIENCE if command.startswith(FOLLOWS) else 0)
    while True:
        status, output = _run(terminal, command)
        if (status == bool(fails)) and wanted in output:
            return
        assert time.monotonic() < until, f"{command}\nstatus {status}\n{output}"


def _run(terminal: Terminal, command: str) -> tuple[int, str]:
    """Ours in this process, which costs a fifth."""
    program, *arguments = shlex.split(command.replace("\\\n", ""))
    if program != "kuacheng":
        return 0, terminal.run(command)
    found = CliRunner().invoke(main, arguments)
    return found.exit_code, found.output


def expire(folder: Path) -> None:
    """Our certificates and the CA of the callers' region ended yesterday; nobody looked, and so they are in force."""
    now = SystemClock().now()
    then, life = now - timedelta(days=9), timedelta(days=8)
    place = folder / "pki/authorities"
    signer = Authority.load((place / "gateway.pem").read_bytes(), (place / "gateway.key").read_bytes())
    names = ("gateway.test", "localhost")
    profile = Profile(uri=subject.gateway("gateway.test", "development"), usages=frozenset(Usage), dns_names=names)
    ours, old = signer.issue(profile, then, life), Authority.create("440600 development CA", then, life)
    changes = {
        f"{name}{end}": pem for name in ("server", "client") for end, pem in ((".pem", ours.certificate), (".key", ours.key))
    }
    material = folder / "material"
    made = generations.stage(material, {**changes, "authorities/440600.pem": old.certificate_pem}, lambda _: ())
    generations.activate(material, made.name, lambda _: ())


def test_the_runbook_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    before, _, _ = (ROOT / PAGE).read_text(encoding="utf-8").partition(AFTER)
    with Terminal(tmp_path) as terminal:
        for block in (each for each in blocks(PAGE) if each.language == "sh"):
            if block.text not in before:
                expire(tmp_path / ".kuacheng")
            for command in split(block.text):
                if SERVING.match(command):
                    terminal.start(command)
                elif command.startswith("export "):
                    monkeypatch.setenv(*command.removeprefix("export ").split("=", 1))
                else:
                    typed(terminal, command)
