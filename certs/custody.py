"""How keys and certificates are laid down on disk.

Laws: a key is readable by its owner only, from its first byte on; a file appears whole or not at all, and is on the
disk when the call returns; nothing that is there is ever overwritten.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KEY_MODE: Final = 0o600
CERTIFICATE_MODE: Final = 0o644
FOLDER_MODE: Final = 0o700

_OTHERS: Final = 0o077


def private_folder(folder: Path) -> None:
    """Make a folder for its owner only, and those above it where they are missing.

    One that is there must already be so, else PermissionError: whoever may write in it could have put a key there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    mode = folder.stat().st_mode & 0o777
    if mode & _OTHERS:
        message = f"{folder}: open to others (mode {mode:o}), and keys are kept here; look what is in it, then chmod 700"
        raise PermissionError(message)


def write_key(path: Path, pem: bytes) -> None:
    """Lay a private key down, mode 0600. Raises FileExistsError rather than overwrite, OSError as the system gives."""
    _lay_down(path, pem, KEY_MODE)


def write_certificate(path: Path, pem: bytes) -> None:
    """Lay a certificate, or a file of CA certificates, down, mode 0644. Raises as `write_key`."""
    _lay_down(path, pem, CERTIFICATE_MODE)


def _lay_down(path: Path, content: bytes, mode: int) -> None:
    # mkstemp opens exclusively and with mode 0600, so that nobody else ever holds the file open.
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        # A rename would replace what is there; a link refuses to, in one step.
        path.hardlink_to(beside)
    finally:
        beside.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names that stand in a folder on the disk. Raises OSError as the system gives it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One program at a time works on a folder; whoever only reads never waits."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
