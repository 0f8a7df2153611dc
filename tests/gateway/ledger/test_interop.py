"""What we write is read by tools that we did not write: Go's golang.org/x/mod/sumdb, note and tlog, from the Debian packages.

Laws: each of our proofs is accepted, each changed one refused; both programs make the same proofs of the same leaves.
"""

import base64
import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoint import Checkpoint, encoded
from gateway.ledger.note import Algorithm, Note, Signer, Verifier, signed
from gateway.ledger.tree import Frontier, Nodes, consistency, grow, inclusion, leaf_hash

pytestmark = [pytest.mark.needs("go"), pytest.mark.timeout(600)]  # the fixture may compile Go's whole standard library
PROGRAM = Path(__file__).parent / "interop" / "main.go"
PACKAGES = Path("/usr/share/gocode")
AT = 1_779_000_000
SIZES = (1, 2, 3, 7, 8, 65, 255, 256, 257, 1000)

Answers = list[dict[str, Any]]
Judge = Callable[[list[dict[str, Any]]], Answers]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Asks the Go program, built once."""
    binary = tmp_path_factory.mktemp("interop") / "judge"
    # The cache is shared by the workers of one run, who build one after the other, so that the standard library is compiled once.
    cache = tmp_path_factory.getbasetemp().parent / "go-cache"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOFLAGS": "", "GOCACHE": str(cache)}
    with cache.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        subprocess.run(["go", "build", "-o", str(binary), str(PROGRAM)], env=environment, check=True, timeout=500)

    def ask(requests: list[dict[str, Any]]) -> Answers:
        done = subprocess.run([str(binary)], input=json.dumps(requests), capture_output=True, text=True, check=True, timeout=60)
        answers: Answers = json.loads(done.stdout)
        assert len(answers) == len(requests)
        return answers

    return ask


def signer(name: str, algorithm: Algorithm) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    return Signer(Verifier(name, algorithm, key.public_key().public_bytes_raw()), key.sign)


def leaves(count: int) -> list[bytes]:
    return [f"entry {n}".encode() for n in range(count)]


def tree(count: int) -> tuple[bytes, Nodes]:
    frontier, made = grow(Frontier(), [leaf_hash(each) for each in leaves(count)])
    return frontier.root, lambda level, place: made[level, place]


LOG = signer("log.test/1", Algorithm.ED25519)
CITIES = [signer(f"witness.test/{n}", Algorithm.COSIGNATURE_V1) for n in range(2)]
TEXT = str(Checkpoint("log.test/1", 1000, tree(1000)[0]))
NOTE = signed(TEXT, [LOG.line(TEXT), *(each.line(TEXT, AT) for each in CITIES)])
VKEYS = [str(each.verifier) for each in (LOG, *CITIES)]


def test_our_checkpoint_is_opened_with_every_signature(judge: Judge) -> None:
    (found,) = judge([{"Do": "open", "Note": NOTE, "Vkeys": VKEYS}])
    assert found["Error"] == ""
    assert found["Text"] == TEXT
    assert found["Signers"] == ["log.test/1", "witness.test/0", "witness.test/1"]


def test_a_flipped_bit_of_our_checkpoint_is_refused_or_costs_a_signature(judge: Judge) -> None:
    wrong = []
    for place in range(len(TEXT.encode()) * 8):
        raw = bytearray(NOTE.encode())
        raw[place // 8] ^= 1 << place % 8
        wrong.append(bytes(raw).decode("utf-8", "replace"))
    answers = judge([{"Do": "open", "Note": each, "Vkeys": VKEYS} for each in wrong])
    assert all(each["Error"] for each in answers)


def test_another_key_of_the_same_name_opens_nothing(judge: Judge) -> None:
    impostor = signer("log.test/2", Algorithm.ED25519).verifier
    vkey = str(Verifier("log.test/1", Algorithm.ED25519, impostor.key))
    (found,) = judge([{"Do": "open", "Note": NOTE, "Vkeys": [vkey]}])
    assert "no verifiable signatures" in found["Error"]


def test_a_note_that_go_signed_is_verified_here(judge: Judge) -> None:
    (found,) = judge([{"Do": "sign", "Seed": "a log of others", "Name": "sum.test/1", "Text": TEXT}])
    verifier = Verifier.parse(found["Vkey"])
    assert str(verifier) == found["Vkey"]
    assert Note.parse(found["Text"]).verified([verifier]) == {verifier: 0}


def test_both_sign_alike(judge: Judge) -> None:
    (found,) = judge([{"Do": "sign", "Seed": "log.test/1", "Name": "log.test/1", "Text": TEXT}])
    assert found["Text"] == signed(TEXT, [LOG.line(TEXT)])


@pytest.mark.parametrize("size", SIZES)
def test_our_inclusion_proofs_are_accepted(judge: Judge, size: int) -> None:
    root, nodes = tree(size)
    requests = [record(index, size, root, nodes) for index in range(0, size, 1 + size // 50)]
    assert [each["Error"] for each in judge(requests)] == [""] * len(requests)


@pytest.mark.parametrize("size", SIZES)
def test_our_consistency_proofs_are_accepted(judge: Judge, size: int) -> None:
    requests = [growth(old, size) for old in range(1, size + 1, 1 + size // 25)]
    assert [each["Error"] for each in judge(requests)] == [""] * len(requests)


@pytest.mark.parametrize("what", ["Leaf", "Root", "Proof", "Index"])
def test_a_changed_inclusion_proof_is_refused(judge: Judge, what: str) -> None:
    root, nodes = tree(257)
    (found,) = judge([{**(right := record(100, 257, root, nodes)), what: changed(right[what])}])
    assert found["Error"] != ""


@pytest.mark.parametrize("what", ["OldRoot", "Root", "Proof"])
def test_a_changed_consistency_proof_is_refused(judge: Judge, what: str) -> None:
    (found,) = judge([{**(right := growth(100, 257)), what: changed(right[what])}])
    assert found["Error"] != ""


@pytest.mark.parametrize("size", SIZES)
def test_both_make_the_same_proofs(judge: Judge, size: int) -> None:
    root, nodes = tree(size)
    index, old = size * 2 // 3, 1 + size // 2
    given = {"Leaves": [base64.b64encode(each).decode() for each in leaves(size)], "Size": size}
    path, growing = judge([{"Do": "prove record", "Index": index, **given}, {"Do": "prove tree", "Old": old, **given}])
    assert path["Root"] == growing["Root"] == encoded(root)
    assert tuple(path["Proof"] or ()) == tuple(encoded(each) for each in inclusion(index, size, nodes))
    assert tuple(growing["Proof"] or ()) == tuple(encoded(each) for each in consistency(old, size, nodes))


def record(index: int, size: int, root: bytes, nodes: Nodes) -> dict[str, Any]:
    path = [encoded(each) for each in inclusion(index, size, nodes)]
    leaf = encoded(leaf_hash(leaves(size)[index]))
    return {"Do": "check record", "Index": index, "Size": size, "Root": encoded(root), "Leaf": leaf, "Proof": path}


def growth(old: int, size: int) -> dict[str, Any]:
    root, nodes = tree(size)
    proof = [encoded(each) for each in consistency(old, size, nodes)]
    return {"Do": "check tree", "Old": old, "Size": size, "OldRoot": encoded(tree(old)[0]), "Root": encoded(root), "Proof": proof}


def changed(right: Any) -> Any:
    """Another number, or the same hashes with one bit of the first flipped."""
    if isinstance(right, int):
        return right + 1
    first, *rest = [right] if isinstance(right, str) else right
    raw = bytearray(base64.b64decode(first))
    raw[0] ^= 1
    wrong = base64.b64encode(raw).decode()
    return wrong if isinstance(right, str) else [wrong, *rest]
