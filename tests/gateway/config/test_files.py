import os
from pathlib import Path

import pytest

from gateway.config.files import Unreadable, read_file, yaml_files


def written(path: Path, content: bytes = b"content", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_file_is_read(tmp_path: Path):
    assert read_file(written(tmp_path / "f", mode=0o644), most=7) == b"content"
    assert read_file(written(tmp_path / "g"), most=7, private=True) == b"content"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o611, 0o777])
def test_a_secret_that_others_may_open_is_refused(tmp_path: Path, mode: int):
    path = written(tmp_path / "a secret", mode=mode)
    with pytest.raises(Unreadable) as caught:
        read_file(path, most=100, private=True)
    assert caught.value.message == f"{path} holds a secret and is open to others than its owner (mode {mode:03o})"
    assert caught.value.hint == f"chmod 600 '{path}'"


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for name, told in (
        ("pipe", "not a regular file"),
        (".", "is a folder"),
        ("none", "does not exist"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(Unreadable, match=told):
            read_file(tmp_path / name, most=100)


def test_a_file_too_large_is_refused(tmp_path: Path):
    with pytest.raises(Unreadable, match="larger than 6 bytes"):
        read_file(written(tmp_path / "f"), most=6)


def test_the_yaml_files_of_a_folder_by_name(tmp_path: Path):
    for name in ("b.yaml", "a.yml", "c.txt", ".hidden.yaml"):
        written(tmp_path / name)
    assert [each.name for each in yaml_files(tmp_path)] == ["a.yml", "b.yaml"]
    assert yaml_files(tmp_path / "b.yaml") == (tmp_path / "b.yaml",)


def test_a_folder_without_any_is_refused(tmp_path: Path):
    with pytest.raises(Unreadable, match="holds no YAML file"):
        yaml_files(tmp_path)
