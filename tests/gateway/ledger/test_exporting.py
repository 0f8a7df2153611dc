"""A finished log in a folder: whole, the same each time, its owner's alone, and read by somebody else's rules."""

import asyncio
import base64
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.ledger import exporting, sqlite
from gateway.ledger.appending import Notary
from gateway.ledger.examining import Flaw
from gateway.ledger.exporting import Unsound, export
from gateway.ledger.fetching import Folder
from gateway.ledger.filed import FiledRecords
from gateway.ledger.filed_finishing import finish
from gateway.ledger.filed_purging import purge
from gateway.ledger.note import Algorithm, Note
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import finished
from gateway.ledger.tiled import TiledRecords
from gateway.ledger.verifying import wary
from gateway.model.act import Act
from gateway.stages.seal import act
from tests.gateway.ledger.conftest import AT, BY, LOG
from tests.gateway.ledger.golden.__main__ import MOMENT, key_of
from tests.gateway.ledger.keyring import signers

NOTARY = Notary.of(LOG, signers(LOG))
VERIFIERS = [each.verifier for each in NOTARY.signers]
WITNESS = key_of("witness.test/1", Algorithm.COSIGNATURE_V1)
CANARY = b"gz-fs-014"


@pytest.fixture
async def old(path, ledger_at, book) -> Path:
    """A finished log of 262 entries, of which the first 20 are purged."""
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(130)))
        await ledger.append(book.purge(0, 19))
    list(purge(path, NOTARY, [range(20)], lambda: 0.0))
    finish(path, NOTARY)
    async with ledger_at(path) as ledger:
        await ledger.append(act(Act.LOG_FINISHED, BY, "end", AT, finished("kuacheng.test/2026b")))
    return path


def exported(path: Path, folder: Path, cosigned: str | None = None) -> exporting.Exported:
    with Log(records := FiledRecords.open(path)):
        return export(records, folder, VERIFIERS, cosigned)


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_the_same_log_gives_the_same_files_and_its_owner_alone_reads_them(old: Path, tmp_path: Path) -> None:
    done = exported(old, tmp_path / "sealed" / "one")
    assert exported(old, tmp_path / "two") == done
    files = content(tmp_path / "two")
    assert content(tmp_path / "sealed" / "one") == files
    assert (done.entries, done.purged, done.files) == (262, 20, len(files))
    assert done.digest == sha256(files["SHA256SUMS"]).hexdigest()
    assert {path for path in files if path.startswith("tile")} == {
        "tile/0/000",
        "tile/0/001.p/6",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/6",
    }
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "two").rglob("*")} == {0o600, 0o700}
    assert (tmp_path / "two").stat().st_mode & 0o777 == 0o700
    assert sum(each.count(CANARY) for each in files.values()) == 120, "one for each intent that was not purged"


def test_it_is_verified_by_our_reader_of_files_and_by_sha256sum(old: Path, tmp_path: Path) -> None:
    exported(old, tmp_path / "sealed")
    verdict = wary(TiledRecords(Folder(tmp_path / "sealed")), VERIFIERS)
    assert (verdict.sound, verdict.entries, verdict.purged) == (True, 262, 20)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "sealed", check=True)
    vkeys = (tmp_path / "sealed" / "keys").read_text().split()
    assert vkeys == [str(each) for each in VERIFIERS]
    assert f"kuacheng ledger verify --file . --key {vkeys[0]}" in (tmp_path / "sealed" / "README.md").read_text()


def test_it_is_verified_by_a_reading_of_the_standard_alone(old: Path, tmp_path: Path) -> None:
    """RFC 6962 2.1 and C2SP tlog-tiles, written down here without a line of ours."""
    exported(old, tmp_path / "sealed")
    files = content(tmp_path / "sealed")
    hashes = files["tile/0/000"] + files["tile/0/001.p/6"]
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    bundles, gone = iter(files["tile/entries/000"] + files["tile/entries/001.p/6"]), 0
    for leaf in leaves:
        length = next(bundles) * 256 + next(bundles)
        entry = bytes(next(bundles) for _ in range(length))
        gone += not entry
        assert not entry or sha256(b"\0" + entry).digest() == leaf
    assert (next(bundles, None), gone) == (None, 20)

    def root(of: list[bytes]) -> bytes:
        if len(of) == 1:
            return of[0]
        left = 1 << (len(of) - 1).bit_length() - 1
        return sha256(b"\1" + root(of[:left]) + root(of[left:])).digest()

    assert files["tile/1/000.p/1"] == root(leaves[:256])
    name, size, said, *_ = files["checkpoint"].decode().split("\n")
    assert (name, size, base64.b64decode(said)) == (LOG, "262", root(leaves))


def test_witnesses_lines_stand_in_the_checkpoint_that_they_signed_or_beside_it(old: Path, tmp_path: Path) -> None:
    with Log.open(old) as log:
        newest = log.checkpoint()
    earlier = f"{LOG}\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    exported(old, tmp_path / "newest", newest + WITNESS.line(Note.parse(newest).text, MOMENT))
    exported(old, tmp_path / "earlier", f"{earlier}\n{WITNESS.line(earlier, MOMENT)}")
    exported(old, tmp_path / "none", "no note")
    assert Note.parse((tmp_path / "newest" / "checkpoint").read_text()).verified([WITNESS.verifier, *VERIFIERS]).keys() == {
        WITNESS.verifier,
        *VERIFIERS,
    }
    assert not (tmp_path / "newest" / "checkpoint.cosigned").exists()
    assert (tmp_path / "earlier" / "checkpoint").read_text() == newest
    assert Note.parse((tmp_path / "earlier" / "checkpoint.cosigned").read_text()).verified([WITNESS.verifier])
    assert not (tmp_path / "none" / "checkpoint.cosigned").exists()


def test_what_is_not_sound_is_not_exported_and_leaves_nothing(old: Path, tmp_path: Path, tamper) -> None:
    tamper(old, "UPDATE entries SET body = CAST(replace(body, 'ISSUED', 'ISSUEE') AS BLOB) WHERE idx = 41")
    with pytest.raises(Unsound, match=r"not sound \(BODY_CHANGED\): verify it"):
        exported(old, tmp_path / "sealed" / "folder")
    tamper(old, "UPDATE entries SET body = 'text' WHERE idx = 41")
    with pytest.raises(Unsound, match="entries 0 to 255 have no place in files"):
        exported(old, tmp_path / "sealed" / "folder")
    assert list((tmp_path / "sealed").iterdir()) == []


async def test_what_was_recorded_behind_the_end_is_told_and_keeps_nothing_back(
    old: Path, tmp_path, ledger_at, book, monkeypatch
) -> None:
    monkeypatch.setattr(sqlite, "check_after_end", lambda *_: None)
    async with ledger_at(old) as ledger:
        await ledger.append(book.act(0))
    done = exported(old, tmp_path / "sealed")
    assert (done.entries, done.after_finish) == (263, 262)
    assert exported(old, tmp_path / "again") == done
    assert "AFTER_FINISH of entry 262" in (tmp_path / "sealed" / "README.md").read_text()
    verdict = wary(TiledRecords(Folder(tmp_path / "sealed")), VERIFIERS)
    assert (verdict.flaw, verdict.first_bad, verdict.purged) == (Flaw.AFTER_FINISH, 262, 20)


def test_who_has_signed_goes_with_it_and_who_has_not_yet_does_not(old: Path, tmp_path: Path) -> None:
    other = signers(LOG, 66)[0].verifier
    with Log(records := FiledRecords.open(old)):
        export(records, tmp_path / "sealed", [*VERIFIERS, other])
        assert (tmp_path / "sealed" / "keys").read_text().split() == [str(each) for each in VERIFIERS]
        with pytest.raises(Unsound, match="NOT_SIGNED"):
            export(records, tmp_path / "other", [other])


async def test_a_purge_that_begins_meanwhile_is_no_finding(old: Path, tmp_path: Path, ledger_at, book) -> None:
    async with ledger_at(old) as ledger:
        loop = asyncio.get_running_loop()

        async def recorded() -> None:
            await ledger.append(book.purge(20, 261, "purge-2"))

        def meanwhile(done: int, _of: int) -> None:
            if done == 256:
                asyncio.run_coroutine_threadsafe(recorded(), loop).result()
                list(purge(old, NOTARY, [range(20, 260)], lambda: 0.0))

        def seal() -> None:
            with Log(records := FiledRecords.open(old)):
                export(records, tmp_path / "sealed", VERIFIERS, progress=meanwhile)

        with pytest.raises(LogUnusable, match="a purge may have begun: export it again") as caught:
            await asyncio.to_thread(seal)
    assert not isinstance(caught.value, Unsound)


def test_nothing_is_written_over(old: Path, tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    with pytest.raises(LogUnusable, match="is there already: name a folder that is not"):
        exported(old, tmp_path / "sealed")
