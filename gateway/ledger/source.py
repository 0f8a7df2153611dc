"""gateway.ledger.cosigning.Source on a log.

Law: the log is opened for reading only and for one reading, in whatever thread asks, so that a file that was put in the place of another
is met as it now is.
"""

from collections.abc import Sequence

from gateway.ledger.reading import Log
from gateway.ledger.records import Opening


class LogSource:
    """The log as a collector reads it."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def checkpoint(self) -> str:
        """As the protocol says. Raises LogUnusable."""
        with Log(self._opening()) as log:
            return log.checkpoint()

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """As the protocol says. Raises LogUnusable, ValueError."""
        with Log(self._opening()) as log:
            return log.consistency(old, new)
