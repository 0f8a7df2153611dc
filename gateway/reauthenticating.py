"""Has everybody who is connected make a new handshake: one file says since when, and every gateway beside it follows.

Laws: the file holds a moment and nothing else; whatever writes it has recorded why first; a gateway that starts after it has nobody to
send away; what fails is logged, and everybody stays connected; what was asked while the file could not be read is done when it can.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

EVERY_SECONDS: Final = 0.5
"""Between two looks at the file."""
SUFFIX: Final = ".reauthenticate"

_log = logging.getLogger("kuacheng.reauthenticate")


def beside(log: Path) -> Path:
    """The file, beside the evidence log."""
    return log.with_name(f"{log.name}{SUFFIX}")


def ask(log: Path, now: datetime) -> None:
    """Tells every gateway that has its records here. Raises OSError."""
    path = beside(log)
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.write_text(f"{now.isoformat()}\n", encoding="utf-8")
    fresh.replace(path)


@dataclass(slots=True)
class Asked:
    """What was asked beside this log, and how it is done. `known` is what the file said last; None before the first look."""

    log: Path
    act: Callable[[], Awaitable[None]]
    known: str | None = None

    async def watch(self) -> None:
        """Acts whenever it is asked, until it is cancelled; begun anew, it goes on where it was. Raises OSError, ValueError."""
        path = beside(self.log)
        if self.known is None:
            self.known = await asyncio.to_thread(_said, path)
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            said = await asyncio.to_thread(_said, path)
            before, self.known = self.known, said
            if said and said != before:
                await self._act(said)

    async def _act(self, said: str) -> None:
        try:
            await self.act()
        except OSError as error:
            _log.error("connections are not ended: the port cannot be had again", extra={"kind": type(error).__name__})
        else:
            _log.info("everybody who was connected authenticates anew", extra={"since": said})


def _said(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
