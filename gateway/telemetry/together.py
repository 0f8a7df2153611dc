"""Counts exchanges that end about the same time one after the other, and not each between steps of others (as gateway.cohort does).

Laws: who has ended is counted before the event loop waits for anything; what goes wrong with it is told in the log and keeps no answer,
for it is recorded elsewhere.
"""

import asyncio
import logging
from collections.abc import Callable

from gateway import internal_fault
from gateway.model.exchange import Ended

_log = logging.getLogger("kuacheng.telemetry")


class Together:
    """gateway.ports.Meter: tells `count` of all who ended in one turn of the event loop. Serves one event loop."""

    def __init__(self, count: Callable[..., None]) -> None:
        self._count = count
        self._ended: list[Ended] = []

    def ended(self, ended: Ended) -> None:
        """One exchange ended."""
        self._ended.append(ended)
        if len(self._ended) == 1:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        ended, self._ended = self._ended, []
        try:
            self._count(*ended)
        except Exception as fault:  # noqa: BLE001  whatever it is, nobody awaits it
            internal_fault.record(_log, fault)
