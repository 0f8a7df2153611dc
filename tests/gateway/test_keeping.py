"""Where a gateway keeps its small records, and that it is known before it starts whether it can."""

import asyncio
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import keeping
from gateway.app import gateway
from gateway.checking.files import records
from gateway.checking.line import State
from gateway.cli import main
from gateway.clock import entropy
from gateway.config import ConfigError, Loaded
from gateway.development.layout import Layout, lay_out, write_configuration
from tests.gateway.living import CITIES, NOW, read

UNWRITABLE = "/proc/sys"
"""A folder in which the kernel lets nobody make a file, not even root."""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = lay_out(tmp_path / "dev", NOW, entropy)
    write_configuration(made, CITIES, "127.0.0.1:0", "127.0.0.1:0")
    return made


def kept_in(layout: Layout, folder: Path | str) -> Loaded:
    layout.config.write_text(f"{layout.config.read_text()}state: {folder}\n")
    return read(layout)


async def test_what_a_gateway_keeps_lies_in_the_folder_that_is_named_and_nowhere_else(layout: Layout, tmp_path: Path) -> None:
    before = {each.name for each in layout.folder.iterdir()}
    loaded = kept_in(layout, "../own/records")
    assert keeping.fault(loaded) == ""
    async with gateway(loaded, io.StringIO()):
        own = {each.name for each in layout.folder.iterdir()} - before
        assert all(each.startswith(("ledger.db", ".ledger.db")) for each in own)
        assert not any(each.endswith(".deferred") for each in own)
    folder = tmp_path / "own" / "records"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ledger.db.deferred").is_file()
    assert keeping.fault(loaded) == ""


def test_without_a_folder_they_stand_beside_the_log_as_ever(layout: Layout) -> None:
    loaded = read(layout)
    assert (loaded.beside, keeping.fault(loaded)) == (layout.ledger, "")
    layout.folder.chmod(0o755)
    keeping.make(loaded)
    assert keeping.fault(loaded) == ""


async def test_a_folder_in_which_nobody_can_write_keeps_a_gateway_from_starting_and_every_check_says_so(layout: Layout) -> None:
    loaded = kept_in(layout, UNWRITABLE)
    with pytest.raises(ConfigError, match=f"cannot write in {UNWRITABLE}.*`state` in gateway.yaml"):
        async with gateway(loaded, io.StringIO()):
            pass
    (line,) = records(loaded)
    assert (line.state, line.code, UNWRITABLE in line.reason) == (State.FAILED, "state-unusable", True)
    done = await asyncio.to_thread(CliRunner().invoke, main, ["config", "check", "-c", str(layout.config)])
    assert (done.exit_code, f"state: this user cannot write in {UNWRITABLE}" in done.output) == (1, True)


def test_one_that_is_open_to_others_or_no_folder_is_refused(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "file").touch()
    text = layout.config.read_text()
    for name, told in (("open", "open to others (mode 755)"), ("file", "is no folder"), ("file/below", "is no folder")):
        layout.config.write_text(text)
        assert told in keeping.fault(kept_in(layout, tmp_path / name))
