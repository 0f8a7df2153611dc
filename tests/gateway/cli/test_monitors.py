"""`ledger serve`: a process of its own over the log's file, and what it refuses to begin with."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.ledger import command
from gateway.clock import entropy
from gateway.ledger.sqlite import SqliteLedger
from tests.gateway.ledger.keyring import signers

LOG = "log.gateway.test/monitors"
START = (sys.executable, "-c", "from gateway.cli.ledger import command; command()", "serve")


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    ledger = SqliteLedger.open(tmp_path / "ledger.db", log=LOG, signers=signers(LOG), entropy=entropy)
    await ledger.close()
    return tmp_path / "ledger.db"


def test_the_log_is_served_until_it_is_told_to_end(file: Path) -> None:
    options = ("--file", str(file), "--cosigned", str(file), "--listen", "127.0.0.1:0", "-o", "json")
    with subprocess.Popen((*START, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout
        told = json.loads(program.stdout.readline())
        assert told["entries"] is False
        with closing(HTTPConnection(told["ledger"].removeprefix("http://"), timeout=60)) as connection:
            connection.request("GET", "/checkpoint")
            assert connection.getresponse().read().decode().startswith(f"{LOG}\n0\n")
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--listen", "0.0.0.0:8720"), "loopback address only"),
        (("--listen", "log.example:8720"), "loopback address only"),
        (("--listen", "8720"), "write HOST:PORT"),
        (("--listen", "127.0.0.1:99999"), "write HOST:PORT"),
        (("--monitor", "spiffe://a/b"), "needs all of"),
        (("--crl", "FILE"), "needs all of"),
        (("--cert", "FILE", "--key", "FILE", "--ca", "FILE"), "needs all of"),
        (("--cert", "FILE", "--key", "FILE", "--ca", "FILE", "--auditor", "spiffe://a/b"), "--cert, --key, --ca or --crl"),
        (("--cert", "nowhere"), "does not exist"),
    ],
)
def test_what_would_not_be_safe_does_not_begin(file: Path, options: tuple[str, ...], said: str) -> None:
    given = [str(file) if each == "FILE" else each for each in options]
    found = CliRunner().invoke(command, ["serve", "--file", str(file), *given])
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_file_that_is_no_log_is_told_at_once(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"no database at all, but more than a hundred bytes of something else".ljust(200))
    found = CliRunner().invoke(command, ["serve", "--file", str(other)])
    assert (found.exit_code, "cannot be read" in found.stderr) == (2, True)
