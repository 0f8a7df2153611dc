"""Files of a log, wherever they come from, and as a folder has them.

Laws: a file is read up to a limit; one that is not there is None, and whatever else goes wrong is LogUnusable.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.ledger.records import LogUnusable


class Wanted(NamedTuple):
    """A file by its path below the log's, and the most bytes that it may have."""

    path: str
    most: int


class Fetch(Protocol):
    """Gets files, in the order in which they are asked for; None for each that is not there. Raises LogUnusable."""

    def __call__(self, wanted: Sequence[Wanted]) -> Sequence[bytes | None]:
        """The files."""
        ...

    def close(self) -> None:
        """Lets go of what it holds. May be called again."""
        ...


class Folder:
    """A log that was exported to a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, wanted: Sequence[Wanted]) -> Sequence[bytes | None]:
        """As the protocol says."""
        return [self._read(each) for each in wanted]

    def close(self) -> None:
        """As the protocol says."""

    def _read(self, wanted: Wanted) -> bytes | None:
        try:
            with (self._folder / wanted.path).open("rb") as file:
                content = file.read(wanted.most + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LogUnusable(f"{self._folder / wanted.path} cannot be read: {error.strerror}") from error
        return bounded(content, wanted)


def bounded(content: bytes, wanted: Wanted) -> bytes:
    """The file, if it has no more bytes than it may have. Raises LogUnusable."""
    if len(content) > wanted.most:
        raise LogUnusable(f"{wanted.path} has more than {wanted.most} bytes, which no such file has")
    return content
