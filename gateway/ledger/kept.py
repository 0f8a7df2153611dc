"""Where the newest cosigned checkpoint is kept between two runs, so that a gateway which starts anew knows how long nobody has watched.

Laws: the file holds one whole note or is not there; it is on the disk when the call returns. It need not be secret or trusted: its
signatures are verified when it is read.
"""

import os
import tempfile
from pathlib import Path

from gateway.ledger import ownership
from gateway.ledger.note import LARGEST


def kept(path: Path) -> str | None:
    """The note of an earlier run; None where there is none that could be one. Raises OSError."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1).decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def keep(path: Path, note: str) -> None:
    """Put the note in the place of the one before. Raises OSError having changed nothing."""
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            ownership.give(descriptor, path.parent)
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
