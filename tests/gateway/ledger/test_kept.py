"""What is kept between two runs: whole, or what was there before."""

from pathlib import Path

import pytest

from gateway.ledger.kept import keep, kept


def test_nothing_is_kept_at_first(tmp_path: Path) -> None:
    assert kept(tmp_path / "cosigned") is None


def test_the_last_note_is_kept_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "cosigned"
    for note in ("a first note\n\n\u2014 a b\n", "a second one\n\n\u2014 c d\n"):
        keep(path, note)
        assert kept(path) == note
    assert [each.name for each in tmp_path.iterdir()] == ["cosigned"]


def test_what_cannot_be_put_there_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "cosigned").mkdir()
    with pytest.raises(OSError, match="cosigned"):
        keep(tmp_path / "cosigned", "a note")
    assert [each.name for each in tmp_path.iterdir()] == ["cosigned"]


def test_what_is_no_text_counts_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "cosigned").write_bytes(b"\xff\xfe")
    assert kept(tmp_path / "cosigned") is None
