"""docs/certificates.md: its commands work as they stand, and its numbers are those of the code."""

import json
import os
import re
import shlex
import shutil
import ssl
import time
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from certs import seen
from certs.issuing import TERMS
from gateway.cli import main
from tests.terminal import ROOT, SERVING, Terminal, blocks, split

PAGE = "docs/certificates.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
SAYS = {
    "kuacheng certs list": "used as     served gateway",
    "kuacheng certs inspect": "终端证书",
    "kuacheng certs needs-renewal": "nothing is due",
    "kuacheng certs check": "fine",
    "kuacheng certs csr": "stays here",
    "kuacheng certs issue": "SHA-256",
    "kuacheng certs import": "generation 000002 is staged",
    "kuacheng certs activate": "generation 000002 is in force",
    ".kuacheng/handed/housing-desk/test.sh": "{\n  \n}",
}
INSPECT = "kuacheng certs inspect .kuacheng/material/current/server.pem -o json"
PATIENCE = 60.0


def expected(command: str) -> str:
    (said,) = (said for begin, said in SAYS.items() if command.startswith(begin))
    return said


def typed(terminal: Terminal, command: str) -> str:
    """What a command prints; ours are run in this process, which costs a fifth."""
    program, *arguments = shlex.split(command.replace("\\\n", ""))
    if program != "kuacheng":
        return terminal.run(command)
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 0, f"{command}\n{found.output}"
    return found.output


def shows(terminal: Terminal, fingerprint: str) -> None:
    """Waits until the running gateway shows the certificate with this fingerprint."""
    until = time.monotonic() + PATIENCE
    while sha256(ssl.PEM_cert_to_DER_cert(_shown(terminal))).hexdigest() != fingerprint:
        assert time.monotonic() < until, "the gateway has not taken up the new generation"


def _shown(terminal: Terminal) -> str:
    return ssl.get_server_certificate(("127.0.0.1", int(terminal.ports["8443"])), timeout=PATIENCE)


def test_the_commands_work_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with Terminal(tmp_path) as terminal:
        for command in (command for block in blocks(PAGE) if block.language == "sh" for command in split(block.text)):
            if SERVING.match(command):
                terminal.start(command)
            else:
                assert expected(command) in typed(terminal, command), command
        (imported,) = json.loads(typed(terminal, INSPECT))["certificates"]
        assert imported["generation"] == "000002"
        shows(terminal, imported["sha256"])
        packed_bundle_serves_elsewhere(terminal)
    an_hour_between_us_and_the_witnesses_is_found(tmp_path / ".kuacheng")


def an_hour_between_us_and_the_witnesses_is_found(folder: Path) -> None:
    """The kept checkpoint states the witnesses' moment; when it was written, our own clock told."""
    kept = folder / "witnessed.note"
    os.utime(kept, (kept.stat().st_atime, kept.stat().st_mtime + 3600))
    found = CliRunner().invoke(main, ["certs", "check", "-c", str(folder / "gateway.yaml"), "-o", "json"])
    assert [each["code"] for each in json.loads(found.output)["findings"]] == ["clock-differs"]


def packed_bundle_serves_elsewhere(terminal: Terminal) -> None:
    """The zip, unpacked by another tool, with the `kuacheng query` of its README: refused only for want of an agreement."""
    elsewhere = terminal.folder / "department"
    shutil.unpack_archive(terminal.folder / ".kuacheng/handed/housing-desk.zip", elsewhere)
    readme = (elsewhere / "housing-desk" / "README.md").read_text(encoding="utf-8")
    query = next(split(readme.partition("```sh\nkuacheng")[2].partition("```")[0].join(("kuacheng", ""))))
    for placeholder, value in {"YOUR.key": "../../.kuacheng/desk/housing-desk.key", "EVIDENCE_TYPE": "business-licence"}.items():
        query = query.replace(placeholder, value)
    query = query.replace(
        "--region REGION", "--region 440100 --holder-id-type 001 --holder-number 11440100M00000019P --holder-name 某公司"
    )
    assert "refused: NO_AGREEMENT" in terminal.run(f"cd department/housing-desk && {query}", status=1)


def test_the_profiles_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| (\d+ days, \d+) \|$", TEXT, flags=re.MULTILINE))
    assert rows == {kind.value: f"{terms.life.days} days, {terms.longest.days}" for kind, terms in TERMS.items()}
    assert f"at most {seen.MOST}" in TEXT
