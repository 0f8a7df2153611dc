"""Files from a folder."""

from pathlib import Path

import pytest

from gateway.ledger.fetching import Folder, Wanted
from gateway.ledger.records import LogUnusable


def test_a_folder_gives_what_it_holds_within_limits(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"12345")
    (tmp_path / "tile").mkdir()
    folder = Folder(tmp_path)
    assert folder([Wanted("checkpoint", 5), Wanted("tile/0/000", 5), Wanted("checkpoint/0", 5)]) == [b"12345", None, None]
    with pytest.raises(LogUnusable, match="more than 4 bytes"):
        folder([Wanted("checkpoint", 4)])
    with pytest.raises(LogUnusable, match="cannot be read"):
        folder([Wanted("tile", 5)])
