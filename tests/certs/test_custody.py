"""Keys are for their owner only, files appear whole, and nothing is overwritten."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from certs import custody, denying, generations
from certs.denying import Denied

OTHER = 65534 if os.geteuid() == 0 else os.geteuid()
"""Another user, where the tests are root's."""


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


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder of another user, below folders that they may look into."""
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, OTHER, -1)
    yield folder
    shutil.rmtree(folder)


def _owners(folder: Path) -> set[int]:
    return {each.lstat().st_uid for each in (folder, *folder.rglob("*"))}


def test_what_root_lays_down_in_another_s_folder_is_theirs(theirs: Path) -> None:
    custody.private_folder(theirs / "above" / "keys")
    custody.write_key(theirs / "above" / "keys" / "a.key", b"secret")
    denied = Denied("why", "me", "now", uri="spiffe://foshan.test/department/11440600M00000027C/system/window")
    denying.deny(theirs / "revoked.json", denied, lambda: None)
    denying.allow(theirs / "revoked.json", denied.what, lambda: None)
    staged = [generations.stage(theirs / "pki", {f"{name}.txt": b"x"}, lambda _: ()) for name in ("a", "b")]
    for each in staged:
        generations.activate(theirs / "pki", each.name, lambda _: (), undoes=True)
    assert (theirs / "pki/previous").readlink() == Path("000001")
    assert _owners(theirs) == {OTHER}
    assert os.geteuid() == os.getuid()


def test_in_root_s_own_folder_a_list_that_is_another_s_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "revoked.json"
    path.write_text('{"version": 1, "revoked": []}')
    os.chown(path, OTHER, -1)
    denying.deny(path, Denied("why", "me", "now", fingerprint="0" * 64), lambda: None)
    assert path.stat().st_uid == OTHER
