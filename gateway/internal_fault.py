"""A fault of our own as our log has it: its kind, and the place in our code; of its text nothing, for that may hold personal data.

Laws: the message is one for all, so that whoever looks for faults finds them by it; the place is no path of the machine.
"""

import logging
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from types import CodeType
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_OURS: Final = tuple(f"{_ROOT / package}/" for package in ("gateway", "adapters", "certs"))


def record(log: logging.Logger, fault: BaseException, *, critical: bool = False, **further: str) -> str:
    """Writes a line with kind, place and what else is given; kind and place in words, for whoever is to report it."""
    kind, where = type(fault).__name__, place(fault)
    write = log.critical if critical else log.error
    write("internal fault", extra={"kind": kind, "where": where, **further})
    return f"{kind} at {where}"


def place(fault: BaseException) -> str:
    """`file:line` of the innermost frame that is ours; where none is, the innermost, by the file's bare name; `?` for one never raised."""
    frames = tuple(_frames(fault))
    for code, line in reversed(frames):
        if code.co_filename.startswith(_OURS):
            return f"{relpath(code.co_filename, _ROOT)}:{line}"
    return f"{Path(frames[-1][0].co_filename).name}:{frames[-1][1]}" if frames else "?"


def _frames(fault: BaseException) -> Iterator[tuple[CodeType, int]]:
    """Outermost first."""
    found = fault.__traceback__
    while found:
        yield found.tb_frame.f_code, found.tb_lineno
        found = found.tb_next
