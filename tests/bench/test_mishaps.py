"""What a bench brings about goes wrong as it says, and is over afterwards."""

from pathlib import Path

import pytest

from bench import mishaps, mounting


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    (folder / "000001").mkdir(parents=True)
    (folder / "000001" / "a.pem").write_bytes(b"first")
    (folder / "current").symlink_to("000001")
    return folder


@pytest.mark.parametrize("may", [True, False])
def test_a_disk_without_room_refuses_what_is_written_until_it_has_some(
    material: Path, monkeypatch: pytest.MonkeyPatch, *, may: bool
) -> None:
    if not may:
        monkeypatch.setattr(mounting, "mounted", lambda *_: False)
    content = b"x" * 8192
    with mishaps.disk(material) as disk:
        assert disk.name in ({mishaps.FULL, mishaps.LIMITED} if may else {mishaps.LIMITED})
        assert (material / "current" / "a.pem").read_bytes() == b"first"
        with disk.full(), pytest.raises(OSError, match=r"No space|too large") as refused:
            (material / "b.pem").write_bytes(content)
        assert refused.value.errno == disk.error
        (material / "b.pem").write_bytes(content)
        assert (material / "b.pem").read_bytes() == content
