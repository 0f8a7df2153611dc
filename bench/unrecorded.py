"""`kuacheng serve` with a log that keeps nothing, so that the bench can say what the log costs. The gateway itself has no such switch.

Usage: as `kuacheng`, python -m bench.unrecorded serve --config ...
"""

import asyncio
from typing import cast

from gateway import storage
from gateway.cli import main
from gateway.config import Loaded
from gateway.ledger.appending import Appending
from gateway.model.exchange import Entry, Recorded


class Unrecorded:
    """Answers at once with a receipt as long as a real one."""

    def __init__(self, log: str) -> None:
        self._recorded = Recorded(log, 5_000, b"\0" * 600, "." * 1_000)

    def append(self, _: Entry) -> asyncio.Future[Recorded]:
        """Nothing is kept."""
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        done.set_result(self._recorded)
        return done

    def interrupted(self) -> tuple[str, ...]:
        """Nothing ever was."""
        return ()

    adopted = interrupted

    @property
    def waiting(self) -> int:
        """Nothing ever waits."""
        return 0

    def watch(self, _: object) -> None:
        """There is no batch to tell of."""

    async def close(self) -> None:
        """Nothing is left."""


def _ledger(loaded: Loaded) -> Appending:
    return cast("Appending", Unrecorded(loaded.settings.log))


if __name__ == "__main__":
    storage.ledger = _ledger
    main()
