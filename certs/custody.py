"""How keys and certificates are laid down on disk, and by which account.

Laws: a key is readable by its owner only, from its first byte on; a file appears whole or not at all, and is on the
disk when the call returns; nothing that is there is ever overwritten; root lays nothing down in another's folder but as that other.
"""

import fcntl
import os
import pwd
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
    with as_owner(folder):
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
    with as_owner(path.parent):
        _put(path, content, mode)


def _put(path: Path, content: bytes, mode: int) -> None:
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
def as_owner(folder: Path) -> Iterator[None]:
    """Root is whoever owns the folder (the next above, where it is not there yet), who is to read what is written; others are themselves.

    By the effective user, so that the kernel follows no link for root that it would not for them. For the whole process, so for programs
    that do one thing at a time, and for a few system calls: Python's own files need not be readable for that user.
    Raises PermissionError where root may not, OSError.
    """
    found = next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.exists(each)).stat()  # noqa: PTH110  Path.exists raises where a folder may not be entered
    if os.geteuid() != 0 or found.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    try:
        os.setgroups(_groups(found.st_uid, found.st_gid))
        os.setegid(found.st_gid)
        os.seteuid(found.st_uid)
    except PermissionError as error:
        raise PermissionError(f"{folder} belongs to user {found.st_uid}: run this as that user") from error
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _groups(user: int, group: int) -> list[int]:
    try:
        own = pwd.getpwuid(user)
    except KeyError:
        return [group]
    return os.getgrouplist(own.pw_name, group)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One program at a time works on a folder; whoever only reads never waits."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
