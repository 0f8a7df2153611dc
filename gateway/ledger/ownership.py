"""Whose the files of a log are: its folder's owner's, only they may read them, and so it is where root has made them.

Laws: what was there is nobody's to give away: only what was made here is, by its open descriptor, so that no link that somebody lays in
the way leads elsewhere.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


def opened(path: Path, flags: int) -> int:
    """A descriptor of the file, made where it was not there. Raises OSError."""
    with suppress(FileExistsError):
        return made(path, flags)
    return os.open(path, flags | os.O_CLOEXEC)


def made(path: Path, flags: int) -> int:
    """A descriptor of the file, which was not there. Raises FileExistsError, OSError."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        give(descriptor, path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def give(descriptor: int, folder: Path) -> None:
    """What root has just made is from now on the folder's owner's. Raises OSError."""
    if os.geteuid() == 0:
        found = folder.stat()
        os.fchown(descriptor, found.st_uid, found.st_gid)
