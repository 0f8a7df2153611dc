"""A witness's folder is made whole, for its owner only, and never over another."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.note import NoteRefused
from gateway.witness.folder import KEY, NAME, RECORD, make
from gateway.witness.record import Record

SECRET = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_a_witness_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    verifier = make(folder, "witness.test/1", SECRET)
    assert {each.name for each in folder.iterdir()} == {KEY, NAME, RECORD}
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / KEY).stat().st_mode & 0o077 == 0
    Record.open(folder / RECORD, verifier).close()
    before = (folder / KEY).read_bytes()
    with pytest.raises(FileExistsError):
        make(folder, "witness.test/1", SECRET)
    assert (folder / KEY).read_bytes() == before


def test_a_name_that_notes_cannot_hold_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoteRefused):
        make(tmp_path / "w", "with+plus", SECRET)
    assert not (tmp_path / "w").exists()
