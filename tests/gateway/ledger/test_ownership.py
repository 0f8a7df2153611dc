"""Files of a log are the folder's owner's, also where root has made them; what was there is given to nobody."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ledger import kept, ownership, schema
from gateway.ledger.appending import Notary
from gateway.ledger.sharing import SignOfLife, Turn
from gateway.ledger.tree import Frontier
from tests.gateway.ledger.keyring import signers

LOG = "log.example/2026"
OTHER = 65534 if os.geteuid() == 0 else os.geteuid()
"""Another user, where the tests are root's."""


@pytest.fixture
def theirs() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, OTHER, -1)
    yield folder
    shutil.rmtree(folder)


def test_what_is_made_is_the_owner_s_of_the_folder_and_theirs_only(theirs: Path) -> None:
    log = theirs / "ledger.db"
    notary = Notary.of(LOG, signers(LOG))
    schema.create(log, LOG, notary.head(Frontier()))
    kept.keep(theirs / "kept", "a note")
    sign, turns = SignOfLife(log, "1-a"), [Turn(log, 1.0), Turn(log, 1.0)]
    assert {(each.stat().st_uid, each.stat().st_mode & 0o777) for each in theirs.iterdir()} == {(OTHER, 0o600)}
    for each in (sign, *turns):
        each.close()


def test_what_was_there_stays_whose_it_was(theirs: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.touch()
    (theirs / "ledger.db-lock").symlink_to(ours)
    os.close(ownership.opened(theirs / "ledger.db-lock", os.O_RDWR))
    assert ours.stat().st_uid == os.geteuid()
    with pytest.raises(FileExistsError):
        ownership.made(theirs / "ledger.db-lock", os.O_RDWR)
