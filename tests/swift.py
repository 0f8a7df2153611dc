"""Where tests write and what Python keeps of them, so that a run waits for no disk and compiles nothing twice.

Laws: temporary files stand in memory where there is room, since a test judges what is written in which order and not the disk, and a
test that cuts something short kills a process and never the machine; whoever names a folder by TMPDIR is obeyed; programs that a test
starts keep their bytecode, whatever the shell says: a run starts some hundreds of them, each of which would compile all of its code anew;
none of them reads the machine's list of public CAs, which takes long and in which nobody here may believe; what was collected stays until
the end, so that no search for garbage goes through thousands of tests.
"""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  a file system, and what is made there has a name that nobody knows before
_ROOM: Final = 2 << 30
"""Bytes that a run with a PostgreSQL for each of its processes may need, with a margin."""


def hasten() -> None:
    """Before any test, and before the processes that share them are started, which inherit what is said here."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


@contextmanager
def here_to_stay() -> Iterator[None]:
    """What is made within is no garbage, and is not looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _has_room(folder: Path) -> bool:
    """Whether programs may be run from there, too: containers often forbid it."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize >= _ROOM and not there.f_flag & os.ST_NOEXEC
