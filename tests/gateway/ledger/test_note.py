"""Signed notes: those of others verify, ours have the documented form to the byte, and whatever is changed is refused."""

import base64
from contextlib import suppress
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.note import LARGEST, Algorithm, Note, NoteRefused, Signer, Verifier, cosigned, signed

# The example in the documentation of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ANSWER = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
THEIRS = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

TEXT = "log.test/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
AT = 1_779_000_000


def signer(name: str, algorithm: Algorithm = Algorithm.ED25519, seed: str = "") -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(sha256((seed or name).encode()).digest())
    return Signer(Verifier(name, algorithm, key.public_key().public_bytes_raw()), key.sign)


LOG = signer("log.test/1")
CITY = signer("witness.test/1", Algorithm.COSIGNATURE_V1)
OTHER = signer("witness.test/2", Algorithm.COSIGNATURE_V1)
NOTE = signed(TEXT, [LOG.line(TEXT), CITY.line(TEXT, AT), OTHER.line(TEXT, AT + 1)])

GOLDEN = """\
log.test/1
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

— log.test/1 eJO9wd41irbpanvljgWeAsB1WiaiT0ODk/HR7kZuCNRsGaVPBhEBZI7SEXy5AgQar5kA7vyzzKivwy72b+IhHRJSVwY=
— witness.test/1 IHteGQAAAABqCWLABPIwUps8SKDrLv8YuRqzuGMgfzpXOwNcmV/D2LIxKyWVBnnzadSAUFfAdF/3s8ZIB66iDKL+QQbpGWCaHFvTAw==
"""


def test_a_note_that_others_wrote_verifies() -> None:
    theirs = Verifier.parse(NEUMANN)
    note = Note.parse(signed(ANSWER, [THEIRS]))
    assert note.text == ANSWER
    assert note.verified([theirs]) == {theirs: 0}
    assert str(theirs) == NEUMANN


def test_the_golden_note() -> None:
    assert signed(TEXT, [LOG.line(TEXT), CITY.line(TEXT, AT)]) == GOLDEN
    assert Note.parse(GOLDEN).verified([LOG.verifier, CITY.verifier]) == {LOG.verifier: 0, CITY.verifier: AT}


def test_a_line_is_put_together_as_written_down() -> None:
    verifier = CITY.verifier
    dash, name, encoded = CITY.line(TEXT, AT).removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    assert (dash, name) == ("\u2014", "witness.test/1")
    assert raw[:4] == sha256(b"witness.test/1\n\x04" + verifier.key).digest()[:4]
    assert raw[4:12] == AT.to_bytes(8)
    assert raw[12:] == CITY.sign(f"cosignature/v1\ntime {AT}\n{TEXT}".encode())
    assert cosigned(TEXT, AT) == f"cosignature/v1\ntime {AT}\n{TEXT}".encode()


def test_who_signed_and_when() -> None:
    note = Note.parse(NOTE)
    everybody = [LOG.verifier, CITY.verifier, OTHER.verifier]
    assert note.verified(everybody) == {LOG.verifier: 0, CITY.verifier: AT, OTHER.verifier: AT + 1}


def test_lines_of_nobody_we_know_are_passed_over() -> None:
    assert Note.parse(NOTE).verified([OTHER.verifier]) == {OTHER.verifier: AT + 1}
    assert Note.parse(NOTE).verified([signer("witness.test/3").verifier]) == {}


@pytest.mark.parametrize("seed", ["another key", "a third key"])
def test_the_name_alone_makes_no_signature(seed: str) -> None:
    impostor = signer("log.test/1", seed=seed)
    assert Note.parse(signed(TEXT, [impostor.line(TEXT)])).verified([LOG.verifier]) == {}


def test_one_key_for_two_ways_of_signing_is_two_keys() -> None:
    plain, timed = signer("one.test/1"), signer("one.test/1", Algorithm.COSIGNATURE_V1)
    note = Note.parse(signed(TEXT, [plain.line(TEXT), timed.line(TEXT, AT)]))
    assert note.verified([timed.verifier]) == {timed.verifier: AT}
    assert plain.verifier.id != timed.verifier.id


def test_a_known_line_that_does_not_verify_refuses_the_whole_note() -> None:
    wrong = Note.parse(signed(TEXT, [LOG.line(TEXT), CITY.line(TEXT.replace("0", "1", 1), AT)]))
    with pytest.raises(NoteRefused, match=r"witness\.test/1 does not verify"):
        wrong.verified([LOG.verifier, CITY.verifier])


def test_the_moment_is_signed_too() -> None:
    raw = base64.b64decode(CITY.line(TEXT, AT).split(" ")[2])
    later = base64.b64encode(raw[:4] + (AT + 1).to_bytes(8) + raw[12:]).decode()
    with pytest.raises(NoteRefused):
        Note.parse(signed(TEXT, [f"\u2014 witness.test/1 {later}\n"])).verified([CITY.verifier])


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_is_refused_or_takes_its_signature_away(bit: int) -> None:
    everybody = [LOG.verifier, CITY.verifier, OTHER.verifier]
    for place in range(len(NOTE.encode())):
        raw = bytearray(NOTE.encode())
        raw[place] ^= 1 << bit
        try:
            found = Note.parse(raw.decode()).verified(everybody)
        except (NoteRefused, UnicodeDecodeError):
            continue
        assert len(found) < len(everybody), place


@given(st.integers(0, len(NOTE) - 1))
def test_a_note_cut_short_has_fewer_signatures(length: int) -> None:
    everybody = [LOG.verifier, CITY.verifier, OTHER.verifier]
    with suppress(NoteRefused):
        assert len(Note.parse(NOTE[:length]).verified(everybody)) < len(everybody)


@given(st.integers(0, 80))
def test_a_signature_of_any_other_length_is_refused(length: int) -> None:
    for each in (LOG.verifier, CITY.verifier):
        with pytest.raises(NoteRefused):
            each.verify(TEXT, b"\x01" * length)


def test_a_text_may_hold_empty_lines() -> None:
    text = "a first part\n\nand a second\n\n"
    note = Note.parse(signed(text, [LOG.line(text)]))
    assert note.text == text
    assert note.verified([LOG.verifier])


BROKEN = {
    "nothing": "",
    "no empty line": TEXT + LOG.line(TEXT),
    "no signature": f"{TEXT}\n",
    "an unfinished last line": signed(TEXT, [LOG.line(TEXT)]).removesuffix("\n"),
    "two dashes for one": signed(TEXT, [LOG.line(TEXT).replace("\u2014", "--")]),
    "no space after the dash": signed(TEXT, [LOG.line(TEXT).replace("\u2014 ", "\u2014")]),
    "no name": signed(TEXT, [LOG.line(TEXT).replace("log.test/1", "")]),
    "a plus in the name": signed(TEXT, [LOG.line(TEXT).replace("log.test", "log+test")]),
    "a no-break space in the name": signed(TEXT, [LOG.line(TEXT).replace("log.test", "log\u00a0test")]),
    "no base64": signed(TEXT, ["\u2014 log.test/1 ****\n"]),
    "no ASCII": signed(TEXT, ["\u2014 log.test/1 签名签名\n"]),
    "padding left out": signed(TEXT, [LOG.line(TEXT).replace("=", "")]),
    "a key id and nothing else": signed(TEXT, ["\u2014 log.test/1 AAAAAA==\n"]),
    "a third word": signed(TEXT, [LOG.line(TEXT).replace("\n", " AAAA\n")]),
    "a bell": signed(TEXT.replace("log", "lo\ag"), [LOG.line(TEXT)]),
    "carriage returns": NOTE.replace("\n", "\r\n"),
    "a tab": signed(TEXT.replace("log", "lo\tg"), [LOG.line(TEXT)]),
    "half of a character": signed("\ud800\n", [LOG.line(TEXT)]),
    "a hundred and one signatures": signed(TEXT, [LOG.line(TEXT)] * 101),
    "a megabyte": signed("a" * LARGEST + "\n", [LOG.line(TEXT)]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_note_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused):
        Note.parse(BROKEN[name])


def test_sixteen_signatures_are_not_too_many() -> None:
    witnesses = [signer(f"witness.test/{n}", Algorithm.COSIGNATURE_V1) for n in range(16)]
    note = Note.parse(signed(TEXT, [each.line(TEXT, AT) for each in witnesses]))
    assert note.verified([each.verifier for each in witnesses]) == {each.verifier: AT for each in witnesses}


def test_a_moment_beyond_what_the_format_holds_is_refused() -> None:
    with pytest.raises(NoteRefused):
        Note.parse(signed(TEXT, [CITY.line(TEXT, 1 << 63)])).verified([CITY.verifier])


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_verifier_key_reads_as_it_was_written(algorithm: Algorithm) -> None:
    verifier = signer("log.test/2026b", algorithm).verifier
    assert Verifier.parse(str(verifier)) == verifier
    assert Verifier.parse(f"  {verifier}\n") == verifier


WRONG_KEYS = {
    "nothing": "",
    "a name": "log.test/1",
    "another name": NEUMANN.replace("PeterNeumann", "NeumannPeter"),
    "another id": NEUMANN.replace("c74f20a3", "c74f20a4"),
    "another key": NEUMANN.replace("ARpc", "ARpd"),
    "an id in capitals": NEUMANN.replace("c74f20a3", "C74F20A3"),
    "an unknown algorithm": NEUMANN.replace("ARpc", "AhpC"),
    "a short key": NEUMANN[:-4],
    "no base64": "log.test/1+00000000+****",
    "no ASCII": "log.test/1+00000000+密钥密钥",
    "no name": "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
}


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_a_wrong_verifier_key_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused):
        Verifier.parse(WRONG_KEYS[name])


def test_a_signer_does_not_show_how_it_signs() -> None:
    assert "sign=" not in repr(LOG)
