"""docs/receipts.md is enough: a checker written from the page alone, with nothing of ours, agrees about the golden file."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GOLDEN = Path(__file__).parent / "golden"


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def keyed(key: bytes, use: str, whole: object) -> str:
    body = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, use.encode() + b"\0" + body.encode(), "sha256").hexdigest()


def climbed(node: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 2.1.3.2, by recursion over the tree's halves instead of by bits."""
    if size == 1:
        assert not path
        return node
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha(b"\x01", climbed(node, index, half, path[:-1]), path[-1])
    return sha(b"\x01", path[-1], climbed(node, index - half, size - half, path[:-1]))


def check(file: dict[str, Any], vkey: str) -> None:
    receipt = file["receipt"]
    leaf = bytes.fromhex(receipt["leaf"])
    assert sha(b"\x00", leaf).hex() == receipt["leaf_hash"]
    head, _, checkpoint = receipt["proof"].partition("\n\n")
    version, index, *path = head.split("\n")
    text, _, signatures = checkpoint.rpartition("\n\n")
    origin, size, root = text.split("\n")
    assert (version, index) == ("c2sp.org/tlog-proof@v1", f"index {receipt['outcome_index']}")
    assert origin == receipt["log"] == vkey.partition("+")[0]
    material = base64.b64decode(vkey.split("+", 2)[2])
    key_id = sha(origin.encode(), b"\n", material)[:4]
    (mine,) = [line.split(" ")[2] for line in signatures.splitlines() if line.split(" ")[1] == origin]
    assert base64.b64decode(mine)[:4] == key_id
    Ed25519PublicKey.from_public_bytes(material[1:]).verify(base64.b64decode(mine)[4:], f"{text}\n".encode())
    node = climbed(sha(b"\x00", leaf), receipt["outcome_index"], int(size), [base64.b64decode(each) for each in path])
    assert base64.b64encode(node).decode() == root
    body = json.loads(leaf[16:])
    assert (body["kind"], body["exchange_id"], body["facts"]["result"]) == ("OUTCOME", file["exchange_id"], file["outcome"])
    key = bytes.fromhex(receipt["binding_key"])
    assert body["facts"]["request_digest"] == keyed(key, "question", {"question": file["question"], "v": 1})
    answer = {"evidence": file["evidence"], "outcome": file["outcome"], "v": 1}
    assert body["facts"]["answer_digest"] == keyed(key, "answer", answer)


def golden() -> tuple[dict[str, Any], str]:
    keys = (GOLDEN / "keys").read_text().splitlines()
    return json.loads((GOLDEN / "answer.json").read_text(encoding="utf-8")), keys[1]


def test_another_implementation_verifies_the_golden_receipt() -> None:
    check(*golden())


def test_and_refuses_what_was_changed() -> None:
    file, vkey = golden()
    for change in ("evidence", "question"):
        with pytest.raises(AssertionError):
            check({**file, change: []}, vkey)
    size = file["receipt"]["proof"].replace("\n7\n", "\n6\n")
    with pytest.raises(InvalidSignature):
        check({**file, "receipt": {**file["receipt"], "proof": size}}, vkey)
