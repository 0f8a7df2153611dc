"""`kuacheng receipt`: what a person sees of a receipt that holds, of one that does not, and of wrong use."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from certs.custody import write_key
from gateway.cli import main
from gateway.client.answer import read
from gateway.model.binding import plain
from gateway.model.evidence import Evidence
from gateway.rpc import writing
from tests.gateway.client import notary
from tests.gateway.client.notary import LOG, LOG_KEY, VKEY, WITNESS, WITNESS_VKEY, Notary
from tests.gateway.rpc.house import House, asked, house, papers
from tests.gateway.stages import builders


def whole(book: Notary | None = None) -> dict[str, Any]:
    sealed = notary.sealed(Evidence(builders.KIND, {"number": "粤17"}), notary=book)
    made: dict[str, Any] = json.loads(json.dumps(plain(read(writing.answer(sealed), builders.query()))))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(whole()))
    return path


def receipt(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, ["receipt", *arguments], input=given)
    assert not isinstance(found.exception, Exception), found.exception
    return found.exit_code, found.stdout, found.stderr


def test_a_sound_answer_is_verified_without_any_network(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", no_network)
    status, said, _ = receipt("verify", str(file), "--key", VKEY)
    assert status == 0
    assert f"verified: {LOG} holds exchange exchange-1 at 4 of 7 entries" in said
    assert VKEY in said
    assert "question: holds" in said
    assert "answer: holds" in said
    assert "intent: not in the file, not checked" in said
    assert "provenance: in the file, and no receipt proves it" in said


def test_programs_get_json(file: Path) -> None:
    status, said, _ = receipt("verify", str(file), "--key", VKEY, "-o", "json")
    told = json.loads(said)
    assert status == 0
    assert (told["verified"], told["question"], told["answer"], told["intent"]) == (True, True, True, False)
    assert told["unproven"] == ["provenance"]
    assert (told["log"], told["index"], told["tree_size"], told["signed_by"]) == (LOG, 4, 7, [VKEY])
    assert (told["entry"]["kind"], told["entry"]["result"]) == ("OUTCOME", "ISSUED")


def test_a_changed_answer_is_a_finding(file: Path) -> None:
    changed = whole()
    changed["evidence"][0]["number"] = "粤18"
    file.write_text(json.dumps(changed))
    status, said, told = receipt("verify", str(file), "--key", VKEY)
    assert (status, said) == (1, "")
    assert told == "not verified: the answer is not the one that the entry binds\n"
    status, said, _ = receipt("verify", str(file), "--key", VKEY, "-o", "json")
    assert (status, json.loads(said)["verified"]) == (1, False)


def test_a_forged_answer_beside_the_true_one_is_not_verified(file: Path) -> None:
    forged = whole()
    forged["verdicts"], forged["evidence"] = forged["evidence"], [{**forged["evidence"][0], "number": "粤18"}]
    file.write_text(json.dumps(forged))
    status, said, told = receipt("verify", str(file), "--key", VKEY)
    assert (status, said) == (2, "")
    assert "several of evidence, verdicts, files" in told


def test_the_file_may_come_by_standard_input_and_be_the_receipt_alone() -> None:
    status, said, _ = receipt("verify", "-", "--key", VKEY, given=json.dumps(whole()["receipt"]))
    assert status == 0
    assert "answer: not in the file, not checked" in said


def test_keys_may_stand_in_a_file_and_witnesses_must_have_cosigned(file: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"# the log and its witness\n{VKEY}\n\n  {WITNESS_VKEY}  \n")
    status, _, told = receipt("verify", str(file), "--key", str(keys))
    assert status == 1
    assert "witness.foshan.test has not cosigned" in told
    file.write_text(json.dumps(whole(Notary(signers=(LOG_KEY, WITNESS)))))
    status, said, _ = receipt("verify", str(file), "--key", str(keys))
    assert status == 0
    assert "cosigned by witness.foshan.test at 2030-03-17T17:46:40+00:00" in said


@pytest.mark.parametrize("content", ["", "# nothing\n", "nonsense\n", f"{VKEY}\nnonsense\n"])
def test_a_file_without_sound_keys_is_wrong_use(file: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").write_text(content)
    assert receipt("verify", str(file), "--key", str(tmp_path / "keys"))[0] == 2


def test_wrong_use_says_what_is_wanted(file: Path, tmp_path: Path) -> None:
    assert "give --key" in receipt("verify", str(file))[2]
    status, _, told = receipt("verify", str(file), "--key", "nonsense")
    assert (status, "neither a verifier key" in told) == (2, True)
    assert receipt("verify", str(tmp_path / "nowhere.json"), "--key", VKEY)[0] == 2
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    for broken in (tmp_path / "latin.json", Path(__file__)):
        status, _, told = receipt("verify", str(broken), "--key", VKEY)
        assert (status, broken.name in told) == (2, True)


def test_show_tells_what_is_in_it_and_that_nothing_was_verified(file: Path) -> None:
    status, said, _ = receipt("show", str(file))
    assert status == 0
    assert "not verified" in said
    for each in (LOG, "exchange-1", "ISSUED", "tree_size"):
        assert each in said
    told = json.loads(receipt("show", str(file), "-o", "json")[1])
    assert (told["outcome_index"], told["tree_size"], told["entry"]["exchange_id"]) == (4, 7, "exchange-1")
    assert builders.BINDING_KEY.hex() not in said


def test_show_gives_a_terminal_nothing_to_obey(file: Path) -> None:
    changed = whole()
    changed["receipt"]["log"] = "log.test\x1b[2K\x9b1Gverified\u202e　甲"
    file.write_text(json.dumps(changed))
    status, said, _ = receipt("show", str(file))
    assert status == 0
    assert "log.test\\x1b[2K\\x9b1Gverified\\u202e　甲" in said
    assert not {"\x1b", "\x9b", "\u202e"} & set(said)


def test_show_of_what_cannot_be_read_is_a_finding(file: Path) -> None:
    for part, value in (("leaf", "00"), ("proof", "nothing")):
        changed = whole()
        changed["receipt"][part] = value
        file.write_text(json.dumps(changed))
        assert receipt("show", str(file))[0] == 1


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.cli",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100"},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def way(gateway: House, folder: Path) -> tuple[str, ...]:
    identity = papers().identity()
    for name, content in (("cert", identity.certificate), ("key", identity.key), ("ca", identity.authorities)):
        write_key(folder / name, content)
    files = (part for name in ("cert", "key", "ca") for part in (f"--{name}", str(folder / name)))
    return ("--gateway", gateway.address, *files)


async def test_a_fetched_receipt_verifies_with_its_intent(tmp_path: Path) -> None:
    async with house() as gateway, gateway.client() as client:
        known = (await client.query(**asked())).exchange_id
        options = way(gateway, tmp_path)
        status, said, told = await run("receipt", "fetch", known, *options)
        assert (status, told) == (0, "")
        missing, _, why = await run("receipt", "fetch", "no-such-exchange", *options)
        assert missing == 1
        assert "your department asked" in why
    status, said, _ = receipt("verify", "-", "--key", VKEY, given=said)
    assert status == 0
    assert "intent: holds" in said
    assert "answer: not in the file" in said


def test_a_policy_file_names_the_keys_and_the_quorum(file: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"log {VKEY}\nwitness foshan {WITNESS_VKEY}\nquorum foshan\n")
    status, _, told = receipt("verify", str(file), "--policy", str(policy))
    assert (status, "lacks cosignatures" in told) == (1, True)
    file.write_text(json.dumps(whole(Notary(signers=(LOG_KEY, WITNESS)))))
    status, said, _ = receipt("verify", str(file), "--policy", str(policy))
    assert (status, "cosigned by witness.foshan.test" in said) == (0, True)
    policy.write_text("")
    status, _, told = receipt("verify", str(file), "--key", VKEY, "--policy", str(policy))
    assert (status, "the policy has no quorum line" in told) == (1, True), "whoever names a policy has one"
    policy.write_bytes(b"\xff\xfe")
    assert receipt("verify", str(file), "--key", VKEY, "--policy", str(policy))[0] == 2
    status, _, told = receipt("verify", str(file))
    assert (status, "give --key" in told) == (2, True)


async def test_a_reference_is_completed_from_its_file(tmp_path: Path) -> None:
    short, file = tmp_path / "short.json", tmp_path / "whole.json"
    async with house() as gateway, gateway.client() as client:
        options = way(gateway, tmp_path)
        await asyncio.to_thread(short.write_text, json.dumps(plain(await client.query(**asked(), reference=True))))
        unverified, _, why = await run("receipt", "verify", str(short), "--key", VKEY)
        assert (unverified, "receipt fetch --complete" in why) == (1, True)
        status, said, told = await run("receipt", "fetch", "--complete", str(short), *options)
        assert (status, told) == (0, "")
        await asyncio.to_thread(file.write_text, said)
        assert (await run("receipt", "fetch", "x", "--complete", str(short), *options))[0] == 2
    status, said, _ = receipt("verify", str(file), "--key", VKEY)
    assert (status, "question: holds" in said, "answer: holds" in said) == (0, True, True)


def test_a_way_that_cannot_be_gone_is_wrong_use(tmp_path: Path) -> None:
    identity = papers().identity()
    for name, content in (("cert", identity.certificate), ("key", papers().server.key), ("ca", identity.authorities)):
        write_key(tmp_path / name, content)
    files = (part for name in ("cert", "key", "ca") for part in (f"--{name}", str(tmp_path / name)))
    status, _, told = receipt("fetch", "exchange-1", "--gateway", "gateway.test:1", *files)
    assert (status, "the key is not that of the certificate" in told) == (2, True)
