"""Keys are for their owner only, files appear whole, and nothing is overwritten."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from certs import custody


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask for the time of the test: the rights of a key must not hang on it."""
    wanted: int = request.param
    before = os.umask(wanted)
    yield wanted
    os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_modes_do_not_hang_on_the_umask(tmp_path: Path) -> None:
    custody.write_key(tmp_path / "a.key", b"secret")
    custody.write_certificate(tmp_path / "a.pem", b"public")
    assert (_mode(tmp_path / "a.key"), _mode(tmp_path / "a.pem")) == (0o600, 0o644)


def test_the_whole_content_and_nothing_beside_it(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    custody.write_key(tmp_path / "a.key", content)
    assert (tmp_path / "a.key").read_bytes() == content
    assert [*tmp_path.iterdir()] == [tmp_path / "a.key"]
    assert (tmp_path / "a.key").stat().st_nlink == 1


@pytest.mark.parametrize("write", [custody.write_key, custody.write_certificate])
def test_nothing_is_overwritten_and_nothing_left_behind(tmp_path: Path, write: object) -> None:
    assert callable(write)
    target = tmp_path / "a"
    write(target, b"first")
    with pytest.raises(FileExistsError):
        write(target, b"second")
    assert target.read_bytes() == b"first"
    assert [*tmp_path.iterdir()] == [target]


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        custody.write_key(tmp_path / "a.key", b"secret")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "keys"
    custody.private_folder(folder)
    custody.private_folder(folder)
    assert _mode(folder) == 0o700


def test_a_folder_that_is_open_to_others_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(0o750)
    with pytest.raises(PermissionError, match="mode 750"):
        custody.private_folder(folder)
    assert _mode(folder) == 0o750
