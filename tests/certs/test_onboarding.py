"""What a department is handed: whole or not at all, and a key only where it was made here."""

import os
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from certs import onboarding
from certs.onboarding import Onboarding
from tests.certs.faulty import SOUND_URI, Authorities, sound


@pytest.fixture
def theirs(authorities: Authorities, now: datetime) -> Onboarding:
    return Onboarding(
        uri=SOUND_URI,
        certificate=sound(authorities, now).certificate,
        key=None,
        not_after=now,
        gateway_ca=authorities.other.certificate_pem,
        endpoint="gateway.test:8443",
        server_name="gateway.test",
        protos={"kuacheng/v1/one.proto": b"syntax"},
    )


def test_the_key_stays_away_unless_it_was_made_here(theirs: Onboarding) -> None:
    without, with_key = onboarding.files(theirs), onboarding.files(replace(theirs, key=b"-----BEGIN PRIVATE KEY-----"))
    assert with_key.keys() - without.keys() == {"key.pem"}
    assert not any(b"PRIVATE KEY" in each for each in without.values())
    assert b"that key is not here" in without["README.md"]
    assert b"has travelled" in with_key["README.md"]
    assert "私钥由我方代为生成" in with_key["README.zh-CN.md"].decode()
    assert "PRIVATE" not in repr(replace(theirs, key=b"-----BEGIN PRIVATE KEY-----"))


def test_the_folder_is_its_owners_and_nothing_is_overwritten(theirs: Onboarding, tmp_path: Path) -> None:
    made = onboarding.files(replace(theirs, key=b"secret"))
    folder = tmp_path / "handed" / "window"
    onboarding.lay_out(folder, made)
    modes = {each.name: each.stat().st_mode & 0o777 for each in folder.rglob("*")}
    assert (folder.stat().st_mode & 0o777, modes["key.pem"], modes["test.sh"], modes["certificate.pem"]) == (
        0o700,
        0o600,
        0o755,
        0o644,
    )
    assert {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()} == made.keys()
    with pytest.raises(FileExistsError, match="nothing was overwritten"):
        onboarding.lay_out(folder, made)


def test_a_folder_that_cannot_be_finished_does_not_appear(theirs: Onboarding, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="x" * 300):
        onboarding.lay_out(tmp_path / "window", {"certificate.pem": b"", "x" * 300: b""})
    assert list(tmp_path.iterdir()) == []


def test_the_zip_holds_the_same_and_is_its_owners(theirs: Onboarding, tmp_path: Path) -> None:
    made, path = onboarding.files(theirs), tmp_path / "window.zip"
    onboarding.pack(path, made)
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as packed:
        assert {name.removeprefix("window/"): packed.read(name) for name in packed.namelist()} == made
        assert packed.getinfo("window/test.sh").external_attr >> 16 == 0o755
    with pytest.raises(FileExistsError):
        onboarding.pack(path, made)


def test_the_test_says_which_key_is_missing(theirs: Onboarding, tmp_path: Path) -> None:
    onboarding.lay_out(tmp_path / "window", onboarding.files(theirs))
    done = subprocess.run([tmp_path / "window/test.sh", "no.key"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert f"no key at {tmp_path}/no.key" in done.stderr
    assert os.access(tmp_path / "window/test.sh", os.X_OK)
