"""How several programs share one log's file: they write in turns, and know of each other who is alive.

Laws: whoever writes or checkpoints holds the turn, and one holds it at a time; the kernel takes turn and sign of life back with the
process, however that ends; a sign of life is made, looked at and cleared by who holds the turn, or taken away by its owner.
Why turns beside SQLite's own lock: SQLite before 3.51.3 can spoil a WAL when one connection commits while another checkpoints
(sqlite.org/wal.html, WAL-reset bug).
"""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.ledger import ownership

_PAUSE: Final = 0.001
"""Seconds between two tries for the turn."""


class TurnNotGiven(Exception):  # noqa: N818 - named for what befell
    """Another program has held the turn for as long as this one waits."""


class Turn:
    """The right to write, one holder at a time: a context manager, which raises TurnNotGiven. `patience` in seconds. For one thread."""

    def __init__(self, path: Path, patience: float) -> None:
        self._descriptor = ownership.opened(path.with_name(f"{path.name}-lock"), os.O_RDWR)
        self._tries = max(1, round(patience / _PAUSE))
        self._never = threading.Event()

    def __enter__(self) -> None:
        for _ in range(self._tries):
            if _locked(self._descriptor):
                return
            self._never.wait(_PAUSE)
        raise TurnNotGiven("another program holds the turn to write the evidence log")

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._descriptor)


class SignOfLife:
    """A file beside the log that is locked as long as its owner lives. Made in the owner's turn; raises OSError."""

    def __init__(self, path: Path, name: str) -> None:
        self._file = _sign(path, name)
        self._descriptor = ownership.opened(self._file, os.O_RDWR)
        if not _locked(self._descriptor):
            os.close(self._descriptor)
            raise FileExistsError(f"{self._file} is another writer's")

    def close(self) -> None:
        """The owner goes."""
        with suppress(FileNotFoundError):
            self._file.unlink()
        os.close(self._descriptor)


def lives(path: Path, name: str) -> bool:
    """Whether the writer of this name is alive; a sign that its owner left behind is cleared."""
    try:
        descriptor = os.open(_sign(path, name), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        alive = not _locked(descriptor)
        if not alive:
            _sign(path, name).unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    return alive


def signs(path: Path) -> tuple[str, ...]:
    """The names of all who have left a sign, alive or not."""
    before = f"{path.name}-writer-"
    return tuple(sorted(each.name.removeprefix(before) for each in path.parent.iterdir() if each.name.startswith(before)))


def _sign(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}-writer-{name}")


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
