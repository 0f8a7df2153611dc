"""Reads files from disk: the only place of the gateway that opens what the configuration names.

Laws: regular files only, of a bounded size; what is secret must be open to its owner alone; a fault names the file and
never its content.
"""

import os
import shlex
import stat
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


class Unreadable(Exception):  # noqa: N818 - named for what was found
    """A file or folder cannot be used: what is wrong with it, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep both parts."""
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


def read_file(path: Path, *, most: int, private: bool = False) -> bytes:
    """The file's content, at most `most` bytes. Raises Unreadable; `private` files must not be open to group or others."""
    try:
        with open(path, "rb", opener=_opener) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Unreadable(f"{path} is not a regular file", "name a file")
            if private and mode & _OTHERS:
                message = f"{path} holds a secret and is open to others than its owner (mode {stat.S_IMODE(mode):03o})"
                raise Unreadable(message, f"chmod 600 {shlex.quote(str(path))}")
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(content) > most:
        raise Unreadable(f"{path} is larger than {most} bytes", "look whether it is the right file")
    return content


def yaml_files(path: Path) -> tuple[Path, ...]:
    """The file itself, or the YAML files that stand directly in the folder, by name. Raises Unreadable if there are none."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return (path,)
        found = tuple(sorted(each for each in path.iterdir() if each.suffix in _SUFFIXES and not each.name.startswith(".")))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not found:
        raise Unreadable(f"the folder {path} holds no YAML file", "put one there, or name another folder")
    return found


def _opener(path: str, flags: int) -> int:
    # O_NONBLOCK: a named pipe in the place of a file must not hold us up.
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _unreadable(path: Path, error: Exception) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        return Unreadable(f"{path} does not exist", "make it, or correct the path")
    if isinstance(error, PermissionError):
        return Unreadable(f"{path} may not be read by this user", "give the file to the user that runs the gateway")
    if isinstance(error, IsADirectoryError):
        return Unreadable(f"{path} is a folder", "name a file")
    reason = getattr(error, "strerror", None) or "its name is not allowed"
    return Unreadable(f"{path} cannot be read: {reason}", "correct the path")
