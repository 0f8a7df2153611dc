"""What may be cosigned: each refusal has the status that the specification gives it, and only what extends is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint, encoded
from gateway.ledger.note import Note, NoteRefused, Signer
from gateway.ledger.tree import EMPTY_ROOT
from gateway.witness.submission import LARGEST, SIZE_TYPE, Forked, Logs, Refused, Submission, extend, logs_of, vouch
from tests.gateway.witness.growing import GrowingLog, signer


def at(log: GrowingLog, size: int) -> Checkpoint:
    return Checkpoint.parse(Note.parse(log.note(size)).text)


def judged(body: bytes, logs: Logs, latest: Checkpoint | None) -> int:
    """The status."""
    try:
        submission = Submission.parse(body)
        vouch(submission, logs)
        extend(submission, latest)
    except Refused as refused:
        return refused.status
    return 200


def test_a_submission_is_read_as_it_was_written(log: GrowingLog) -> None:
    found = Submission.parse(log.submission(8, 20))
    assert (found.old, found.proof) == (8, log.proof(8, 20))
    assert found.checkpoint == at(log, 20)
    assert found.text == log.note(20)


@pytest.mark.parametrize("new", [0, 1, 2, 7, 8, 20])
def test_whatever_extends_the_latest_is_let_through(log: GrowingLog, logs: Logs, new: int) -> None:
    for old in range(new + 1):
        assert judged(log.submission(old, new), logs, at(log, old)) == 200
    assert judged(log.submission(0, new), logs, None) == 200


def test_the_first_checkpoint_needs_no_proof(log: GrowingLog, logs: Logs) -> None:
    assert judged(log.submission(0, 13), logs, None) == 200


@pytest.mark.parametrize("held", [0, 5, 19, 20])
@pytest.mark.parametrize("old", [1, 6, 18])
def test_an_old_size_that_is_not_the_latest_is_a_conflict_that_names_it(log: GrowingLog, logs: Logs, held: int, old: int) -> None:
    with pytest.raises(Refused) as refused:
        extend(Submission.parse(log.submission(old, 20)), at(log, held) if held else None)
    assert (refused.value.status, refused.value.text, refused.value.content_type) == (409, f"{held}\n", SIZE_TYPE)
    assert not isinstance(refused.value, Forked)


def test_a_rollback_is_a_conflict_whatever_it_says_of_its_old_size(log: GrowingLog, logs: Logs) -> None:
    held = at(log, 15)
    assert judged(log.submission(5, 10), logs, held) == 409
    assert judged(log.submission(10, 10), logs, held) == 409
    assert judged(body(15, (), log.note(10)), logs, held) == 400


def test_another_tree_of_the_same_size_is_a_fork(log: GrowingLog, logs: Logs) -> None:
    fork = log.forked(10, 15)
    with pytest.raises(Forked) as refused:
        extend(Submission.parse(fork.submission(15)), at(log, 15))
    assert (refused.value.status, refused.value.text) == (409, "15\n")


@pytest.mark.parametrize("fork_at", [0, 7, 14])
def test_a_forked_log_that_grew_is_refused_with_its_own_proof_and_with_the_true_one(
    log: GrowingLog, logs: Logs, fork_at: int
) -> None:
    fork = log.forked(fork_at, 20)
    assert judged(fork.submission(15), logs, at(log, 15)) == 422
    assert judged(body(15, log.proof(15), fork.note()), logs, at(log, 15)) == 422


def test_a_fork_behind_the_latest_does_not_pass_either(log: GrowingLog, logs: Logs) -> None:
    assert judged(log.forked(15, 20).submission(15), logs, at(log, 15)) == 200
    assert judged(log.forked(15, 20).submission(16), logs, at(log, 16)) == 422


def test_a_proof_where_none_is_needed_does_not_verify(log: GrowingLog, logs: Logs) -> None:
    assert judged(body(0, log.proof(3), log.note()), logs, None) == 422
    assert judged(body(20, log.proof(3), log.note()), logs, at(log, 20)) == 422


def test_an_empty_log_has_the_empty_root(log: GrowingLog, logs: Logs) -> None:
    empty = GrowingLog()
    assert judged(empty.submission(0), logs, None) == 200
    text = str(Checkpoint(log.origin, 0, bytes(32)))
    assert judged(body(0, (), f"{text}\n{log.signer.line(text)}"), logs, None) == 409


def test_an_unknown_origin_is_not_found(logs: Logs) -> None:
    assert judged(GrowingLog(signer("log.test/2")).grow(3).submission(0), logs, None) == 404


def test_a_checkpoint_without_a_trusted_signature_is_forbidden(log: GrowingLog, logs: Logs) -> None:
    impostor = signer(log.origin, seed="another key")
    assert judged(body(0, (), log.note(by=(impostor,))), logs, None) == 403
    assert judged(body(0, (), log.note(by=(signer("log.test/2"),))), logs, None) == 403


def test_a_signature_that_does_not_verify_is_forbidden(log: GrowingLog, logs: Logs) -> None:
    assert judged(log.submission(0).replace(b"\n20\n", b"\n21\n"), logs, None) == 403


def test_unknown_signatures_beside_a_trusted_one_are_passed_over(log: GrowingLog, logs: Logs) -> None:
    others = tuple(signer(f"log.test/{n}") for n in range(15))
    assert judged(body(0, (), log.note(by=(*others, log.signer))), logs, None) == 200


def test_either_key_of_a_log_that_changes_its_key_will_do(log: GrowingLog) -> None:
    newer = signer(log.origin, seed="next year's key")
    logs = {log.origin: (log.signer.verifier, newer.verifier)}
    for by in ((log.signer,), (newer,), (log.signer, newer)):
        assert judged(body(0, (), log.note(by=by)), logs, None) == 200


def test_a_larger_old_size_than_the_checkpoint_is_malformed(log: GrowingLog, logs: Logs) -> None:
    assert judged(body(21, (), log.note()), logs, None) == 400


GARBAGE = {
    "nothing": b"",
    "no old line": b"\n",
    "another word": b"new 3\n\n",
    "a size with a leading zero": b"old 03\n\n@",
    "a size below zero": b"old -3\n\n@",
    "a size in other digits": "old ３\n\n@".encode(),
    "two spaces": b"old  3\n\n@",
    "no empty line": b"old 3\n@",
    "carriage returns": b"old 3\r\n\r\n@",
    "a line that is no hash": b"old 3\nhash\n\n@",
    "a hash in hexadecimal": b"old 3\n" + b"ab" * 32 + b"\n\n@",
    "sixty-four hashes": b"old 3\n" + (encoded(bytes(32)).encode() + b"\n") * 64 + b"\n@",
    "no checkpoint": b"old 3\n\n",
    "a checkpoint that is no note": b"old 3\n\nlog.test/1\n3\n",
    "bytes that are no UTF-8": b"old 3\n\n\xff\xfe",
    "zeros": bytes(1000),
    "half a megabyte": b"old 3\n\n" + b"a" * (LARGEST * 4),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_malformed(log: GrowingLog, logs: Logs, name: str) -> None:
    assert judged(GARBAGE[name].replace(b"@", log.note(3).encode()), logs, None) == 400


def test_a_note_that_is_no_checkpoint_is_malformed(log: GrowingLog, logs: Logs) -> None:
    text = f"{log.origin}\nthree\n{encoded(EMPTY_ROOT)}\n"
    assert judged(body(0, (), f"{text}\n{log.signer.line(text)}"), logs, None) == 400


@pytest.mark.parametrize("size", [2**63, 10**18 * 10])
def test_a_size_that_no_log_reaches_is_malformed(log: GrowingLog, logs: Logs, size: int) -> None:
    text = str(Checkpoint(log.origin, size, bytes(32)))
    assert judged(body(0, (), f"{text}\n{log.signer.line(text)}"), logs, None) == 400


@given(data=st.data())
def test_a_flipped_bit_never_passes(data: st.DataObject) -> None:
    log = GrowingLog().grow(20)
    raw = bytearray(log.submission(9, 20))
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[place // 8] ^= 1 << place % 8
    assert judged(bytes(raw), {log.origin: (log.signer.verifier,)}, at(log, 9)) in {400, 403, 404, 409, 422}


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_order(raw: bytes) -> None:
    assert judged(raw, {}, None) in {400, 404}


def test_what_is_refused_is_not_repeated(log: GrowingLog) -> None:
    with pytest.raises(Refused) as refused:
        Submission.parse(b"old 3\n\xe6\x9f\n\n")
    assert refused.value.text == "not a submission: it is not UTF-8\n"


def test_logs_are_named_a_line_each() -> None:
    first, again, other = signer("log.test/1"), signer("log.test/1", seed="next"), signer("log.test/2")
    text = f"# the other city's\n{first.verifier}\n\n  {other.verifier}  # theirs too\n{again.verifier}\n"
    found = logs_of(text)
    assert dict(found) == {"log.test/1": (first.verifier, again.verifier), "log.test/2": (other.verifier,)}


def test_a_wrong_list_of_logs_is_refused_with_its_line(city: Signer) -> None:
    for wrong, said in [("", "no log"), ("# none\n", "no log"), (f"{city.verifier}\n", "line 1"), ("\nlog.test/1\n", "line 2")]:
        with pytest.raises(NoteRefused, match=said):
            logs_of(wrong)


def body(old: int, proof: tuple[bytes, ...], note: str) -> bytes:
    return "\n".join([f"old {old}", *(encoded(each) for each in proof), "", note]).encode()
