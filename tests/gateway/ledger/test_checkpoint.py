"""Checkpoints and proofs as text: read as written, to the byte; nothing that is merely alike is read."""

from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint, Proof, decoded, encoded, hashes
from gateway.ledger.note import Algorithm, Note, NoteRefused, Signer, Verifier, signed
from gateway.ledger.tree import EMPTY_ROOT, Frontier, ProofRefused, grow, inclusion, leaf_hash

# The example of C2SP tlog-checkpoint.
THEIRS = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
GOLDEN = (Path(__file__).parent / "golden.tlog-proof").read_text(encoding="utf-8")
LOG = "log.test/1"
SIZE, INDEX = 7, 4

roots = st.binary(min_size=32, max_size=32)
origins = st.text(st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@cache
def key() -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(b"the key of a log in the tests".ljust(32))
    return Signer(Verifier(LOG, Algorithm.ED25519, private.public_key().public_bytes_raw()), private.sign)


def leaf(index: int) -> bytes:
    return leaf_hash(f"leaf {index}".encode())


def proof(index: int = INDEX, size: int = SIZE, extra: bytes = b"") -> Proof:
    frontier, made = grow(Frontier(), [leaf(n) for n in range(size)])
    text = str(Checkpoint(LOG, size, frontier.root))
    path = inclusion(index, size, lambda level, place: made[level, place])
    return Proof(index, path, signed(text, [key().line(text)]), extra)


def test_a_checkpoint_of_others_is_read_and_written_alike() -> None:
    found = Checkpoint.parse(THEIRS)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert str(found) == THEIRS


@given(origins, st.integers(0, 2**63 - 1), roots)
def test_a_checkpoint_reads_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert Checkpoint.parse(str(checkpoint)) == checkpoint


def test_extension_lines_are_passed_over() -> None:
    assert Checkpoint.parse(f"{THEIRS}further\nand further\n") == Checkpoint.parse(THEIRS)


ROOT = encoded(EMPTY_ROOT)
BROKEN = {
    "nothing": "",
    "two lines": f"{LOG}\n0\n",
    "no last newline": f"{LOG}\n0\n{ROOT}",
    "an extension without its newline": f"{LOG}\n0\n{ROOT}\nfurther",
    "an empty extension": f"{LOG}\n0\n{ROOT}\n\nfurther\n",
    "no origin": f"\n0\n{ROOT}\n",
    "a size with a leading zero": f"{LOG}\n01\n{ROOT}\n",
    "a size below zero": f"{LOG}\n-1\n{ROOT}\n",
    "a size with a plus": f"{LOG}\n+1\n{ROOT}\n",
    "a size with a space": f"{LOG}\n 1\n{ROOT}\n",
    "a size in other digits": f"{LOG}\n１２\n{ROOT}\n",
    "a size that no log reaches": f"{LOG}\n{2**63}\n{ROOT}\n",
    "a size of a thousand digits": f"{LOG}\n{'9' * 1000}\n{ROOT}\n",
    "a root in hexadecimal": f"{LOG}\n0\n{EMPTY_ROOT.hex()}\n",
    "a short root": f"{LOG}\n0\n{encoded(EMPTY_ROOT[:31])}\n",
    "a long root": f"{LOG}\n0\n{encoded(EMPTY_ROOT + b'.')}\n",
    "a root that is no base64": f"{LOG}\n0\n{'*' * 44}\n",
    "a root that is no ASCII": f"{LOG}\n0\n{'根' * 44}\n",
    "carriage returns": f"{LOG}\r\n0\r\n{ROOT}\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_checkpoint_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(BROKEN[name])


def test_the_golden_proof() -> None:
    assert str(proof()) == GOLDEN
    found = Proof.parse(GOLDEN)
    assert found == proof()
    found.includes(leaf(INDEX))
    assert Note.parse(found.checkpoint).verified([key().verifier])


@given(st.integers(1, 200), st.data())
def test_a_proof_reads_as_it_was_written(size: int, data: st.DataObject) -> None:
    written = proof(data.draw(st.integers(0, size - 1)), size, data.draw(st.binary(max_size=64)))
    read = Proof.parse(str(written))
    assert read == written
    assert read.stated().size == size
    read.includes(leaf(read.index))


def test_a_flipped_bit_is_found_wherever_it_stands() -> None:
    for place in range(len(GOLDEN.encode()) * 8):
        raw = bytearray(GOLDEN.encode())
        raw[place // 8] ^= 1 << place % 8
        assert not holds(bytes(raw)), place


def holds(raw: bytes) -> bool:
    """All that a court would check: the text, the path, the index, and the log's signature."""
    try:
        found = Proof.parse(raw.decode())
        found.includes(leaf(INDEX))
        return found.index == INDEX and key().verifier in Note.parse(found.checkpoint).verified([key().verifier])
    except ValueError:
        return False


def test_the_golden_proof_holds_and_a_stranger_s_leaf_does_not() -> None:
    assert holds(GOLDEN.encode())
    with pytest.raises(ProofRefused):
        Proof.parse(GOLDEN).includes(leaf(INDEX + 1))


TEXT = str(proof())
BROKEN_PROOFS = {
    "nothing": "",
    "another version": TEXT.replace("@v1", "@v2"),
    "no index": TEXT.replace("index 4\n", ""),
    "an index with a leading zero": TEXT.replace("index 4", "index 04"),
    "an index below zero": TEXT.replace("index 4", "index -4"),
    "an index in other digits": TEXT.replace("index 4", "index ４"),
    "a word for the index": TEXT.replace("index 4", "index four"),
    "no checkpoint": TEXT.partition("\n\n")[0] + "\n",
    "extra in the wrong place": TEXT.replace("index 4\n", "index 4\nextra AAAA\n"),
    "extra that is no base64": TEXT.replace("index 4\n", "extra ****\nindex 4\n"),
    "extra that is no ASCII": TEXT.replace("index 4\n", "extra 额外额外\nindex 4\n"),
    "extra that is empty": TEXT.replace("index 4\n", "extra \nindex 4\n"),
    "a hash that is too short": TEXT.replace("index 4\n", f"index 4\n{encoded(bytes(31))}\n"),
    "a hash in another spelling": TEXT.replace("index 4\n", f"index 4\n{encoded(bytes(32)).replace('A=', 'B=')}\n"),
    "sixty-four hashes": TEXT.replace("index 4\n", "index 4\n" + f"{encoded(bytes(32))}\n" * 64),
}


@pytest.mark.parametrize("name", BROKEN_PROOFS)
def test_what_is_no_proof_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused):
        Proof.parse(BROKEN_PROOFS[name])


@pytest.mark.parametrize("checkpoint", ["", "no note", TEXT.partition("\n\n")[2].replace("\n7\n", "\nseven\n")])
def test_a_proof_under_what_is_no_checkpoint_states_none(checkpoint: str) -> None:
    with pytest.raises(NoteRefused):
        Proof(INDEX, proof().path, checkpoint).stated()


def test_hashes_are_read_line_by_line() -> None:
    assert hashes([encoded(leaf(0)), encoded(leaf(1))]) == (leaf(0), leaf(1))
    with pytest.raises(NoteRefused):
        hashes([encoded(leaf(0)), ""])


@given(st.binary(max_size=40))
def test_only_a_whole_hash_is_a_hash(raw: bytes) -> None:
    if len(raw) == 32:
        assert decoded(encoded(raw)) == raw
    else:
        with pytest.raises(NoteRefused):
            decoded(encoded(raw))
