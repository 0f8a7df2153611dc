"""`witness`: made once, served, shown; what is lost or open to others is not used."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.witness import command
from gateway.ledger.note import Note, Verifier
from tests.gateway.witness.growing import GrowingLog

START = (sys.executable, "-c", "from gateway.cli.witness import command; command()")


def witness(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(command, arguments)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    status, _, said = witness("init", "--folder", str(tmp_path / "w"), "--name", "witness.test/1")
    assert status == 0, said
    return tmp_path / "w"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    file = tmp_path / "logs"
    file.write_text(f"# the other city's\n{GrowingLog().signer.verifier}\n", encoding="utf-8")
    return file


def test_init_makes_an_owner_only_key_and_prints_how_it_is_verified(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    status, said, _ = witness("init", "--folder", str(folder), "--name", "witness.test/1")
    assert status == 0
    assert Verifier.parse(said).name == "witness.test/1"
    assert witness("key", "--folder", str(folder)) == (0, said, "")
    assert json.loads(witness("key", "--folder", str(folder), "-o", "json")[1]) == {"key": said.strip()}
    assert {each.name: each.stat().st_mode & 0o077 for each in (folder / "witness.key", folder / "witness.db", folder)} == {
        "witness.key": 0,
        "witness.db": 0,
        "w": 0,
    }


def test_init_overwrites_nothing(folder: Path) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    status, _, said = witness("init", "--folder", str(folder), "--name", "witness.test/2")
    assert status == 2
    assert "nothing was overwritten" in said
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["", "two words", "with+plus"])
def test_init_refuses_a_name_that_notes_cannot_hold(tmp_path: Path, name: str) -> None:
    status, _, said = witness("init", "--folder", str(tmp_path / "w"), "--name", name)
    assert status == 2
    assert "no name for a witness" in said
    assert not (tmp_path / "w").exists()


def test_serve_cosigns_and_remembers(folder: Path, logs: Path) -> None:
    log = GrowingLog().grow(12)
    key = Verifier.parse(witness("key", "--folder", str(folder))[1])
    for old, size in ((0, 5), (5, 12)):
        command = [*START, "serve", "--folder", str(folder), "--listen", "127.0.0.1:0", "--logs", str(logs), "-o", "json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = json.loads(child.stdout.readline())
            assert said["key"] == str(key)
            line = posted(said["witness"], log.submission(old, size))
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0
        assert Note.parse(log.note(size) + line).verified([key]).keys() == {key}
    status, shown, _ = witness("show", "--folder", str(folder), "-o", "json")
    assert status == 0
    assert [(each["origin"], each["size"]) for each in json.loads(shown)["logs"]] == [("log.test/1", 12)]
    assert re.search(r"log\.test/1 +12 ", witness("show", "--folder", str(folder))[1])


def posted(address: str, body: bytes) -> str:
    import http.client

    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", "/add-checkpoint", body)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_show_tells_of_a_fork_with_status_one(folder: Path) -> None:
    from gateway.cli.witness import _record, _signer
    from gateway.witness.submission import Forked, Submission

    log, record = GrowingLog().grow(9), _record(folder, _signer(folder))
    record.advance(Submission.parse(log.submission(0)), 0)
    with pytest.raises(Forked):
        record.advance(Submission.parse(log.forked(3, 9).submission(9)), 1)
    record.close()
    status, _, told = witness("show", "--folder", str(folder))
    assert status == 1
    assert "log.test/1 has signed two trees of 9 entries" in told
    found = json.loads(witness("show", "--folder", str(folder), "-o", "json")[1])["forks"]
    assert (found[0]["held"], found[0]["given"]) == (log.note(), log.forked(3, 9).note())


def test_a_witness_whose_record_is_lost_does_not_start(folder: Path, logs: Path) -> None:
    (folder / "witness.db").unlink()
    status, _, said = witness("serve", "--folder", str(folder), "--listen", "127.0.0.1:0", "--logs", str(logs))
    assert status == 1
    assert "retire this key" in said


def test_a_key_that_is_open_to_others_is_not_used(folder: Path) -> None:
    (folder / "witness.key").chmod(0o644)
    status, _, said = witness("key", "--folder", str(folder))
    assert status == 2
    assert "chmod 600" in said


def test_a_key_that_is_none_is_not_repeated(folder: Path) -> None:
    (folder / "witness.key").write_text("open sesame", encoding="ascii")
    status, _, said = witness("key", "--folder", str(folder))
    assert status == 2
    assert "no private key that can be read" in said
    assert "sesame" not in said


def test_what_is_not_there_is_said_with_what_to_do(tmp_path: Path, folder: Path) -> None:
    assert "kuacheng witness init" in witness("key", "--folder", str(tmp_path / "nowhere"))[2]
    assert "does not exist" in witness("serve", "--folder", str(folder), "--logs", str(tmp_path / "nowhere"))[2]


@pytest.mark.parametrize("listen", ["8710", "127.0.0.1:", "127.0.0.1:port"])
def test_an_address_that_is_none_is_wrong_use(folder: Path, logs: Path, listen: str) -> None:
    assert witness("serve", "--folder", str(folder), "--listen", listen, "--logs", str(logs))[0] == 2


def test_a_list_of_logs_that_is_none_is_wrong_use_with_its_line(folder: Path, logs: Path) -> None:
    logs.write_text("# nobody\nlog.test/1\n", encoding="utf-8")
    status, _, said = witness("serve", "--folder", str(folder), "--listen", "127.0.0.1:0", "--logs", str(logs))
    assert status == 2
    assert f"{logs}: line 2" in said


def test_a_port_that_is_taken_is_told(folder: Path, logs: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [*START, "serve", "--folder", str(folder), "--listen", listen, "--logs", str(logs)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ,
        )
    assert done.returncode == 1
    assert "the witness does not start" in done.stderr
