"""gateway.ledger.cosigning.Source on the log's file.

Law: the file is opened for reading only and for one reading, in whatever thread asks, so that a file that was put in the place of another
is met as it now is.
"""

from collections.abc import Sequence
from pathlib import Path

from gateway.ledger.reading import Log


class FiledSource:
    """The log as a collector reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def checkpoint(self) -> str:
        """As the protocol says. Raises LogUnusable."""
        with Log.open(self._path) as log:
            return log.checkpoint()

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """As the protocol says. Raises LogUnusable, ValueError."""
        with Log.open(self._path) as log:
            return log.consistency(old, new)
