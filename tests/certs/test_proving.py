"""What proves a name is there while the CA looks, alone, and not afterwards; a program sets its record and takes it away."""

import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from certs.acme import Proof
from certs.issuing import IssueRefused
from certs.proving import Page, Record
from tests.ports import free_port

NOTE = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n')"
PROOF = Proof("gateway.test", "/.well-known/acme-challenge/token", "token.thumbprint")


def got(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_a_page_is_there_while_the_ca_looks_and_nothing_else_is() -> None:
    port = free_port()
    with Page("127.0.0.1", port).proving([PROOF]):
        assert got(port, PROOF.place) == (200, PROOF.text.encode())
        assert got(port, "/.well-known/acme-challenge/") == (404, b"")
        with pytest.raises(IssueRefused, match="see that the address is free"), Page("127.0.0.1", port).proving([PROOF]):
            pass
    with pytest.raises(ConnectionRefusedError):
        got(port, PROOF.place)


def test_a_record_is_taken_away_whatever_comes(tmp_path: Path) -> None:
    said = tmp_path / "said"
    record = Record((sys.executable, "-c", NOTE, str(said)))
    with pytest.raises(ZeroDivisionError), record.proving([Proof("gateway.test", "_acme-challenge.gateway.test", "digest")]):
        raise ZeroDivisionError
    assert said.read_text().splitlines() == [f"{act} _acme-challenge.gateway.test digest" for act in ("present", "cleanup")]


def test_a_program_has_a_time_to_end_in() -> None:
    slow = Record((sys.executable, "-c", "import time; time.sleep(60)"), patience=0.2)
    with pytest.raises(IssueRefused, match="did not end within"), slow.proving([PROOF]):
        pass
