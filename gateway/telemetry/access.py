"""One JSON line an exchange, and one for each fault of ours: only the fields named here are ever written.

An allow-list, because a block-list forgets. Lines go to standard error, where the service manager takes them.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

import orjson

from gateway.model.exchange import Ended

AT_ONCE: Final = 4096
"""Bytes of whole lines that go out together at most. Other workers write to the same pipe, and as much goes into it whole (PIPE_BUF of
pipe(7))."""
_RECORD = (
    "exchange_id",
    "kind",
    "where",
    "edition",
    "address",
    "count",
    "generation",
    "problems",
    "trigger",
    "worker",
    "status",
    "work",
)


class AccessLog:
    """Writes lines to a text stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def lines(self, ends: Sequence[Ended]) -> None:
        """The lines of these exchanges, in their order."""
        for piece in _pieces([_line(each) for each in ends]):
            self._stream.write(piece)


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    """Whole lines, as many as go out at once."""
    piece = ""
    for line in lines:
        if piece and len(piece) + len(line) > AT_ONCE:
            yield piece
            piece = ""
        piece += line
    if piece:
        yield piece


def _line(ended: Ended) -> str:
    """The line of one exchange, of ASCII alone: beyond it there are signs that some readers take for the end of a line."""
    parts = {
        "event": "exchange",
        "exchange_id": ended.exchange_id,
        "evidence_type": ended.evidence_type,
        "region": ended.region,
        "department": ended.department,
        "system": ended.system,
        "agreement": ended.agreement,
        "result": str(ended.result),
        "reason": ended.reason,
        "blame": ended.blame,
        "seconds": round(ended.seconds, 6),
        "city_seconds": round(ended.city_seconds, 6),
        "before_seconds": round(ended.before_seconds, 6),
        "after_seconds": round(ended.after_seconds, 6),
        "time_left": round(ended.time_left, 6),
    }
    line = orjson.dumps(parts)
    return f"{line.decode() if line.isascii() else json.dumps(parts)}\n"


class LineFormatter(logging.Formatter):
    """The program's own records as JSON: a constant message and allow-listed fields, never arguments and never a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        known = {name: record.__dict__[name] for name in _RECORD if name in record.__dict__}
        message = record.msg if record.name.startswith("kuacheng") else f"record of {record.name}"
        line = {"event": "log", "level": record.levelname, "logger": record.name, "message": message, **known}
        return json.dumps(line, default=str)


def configure(stream: TextIO) -> None:
    """Sends all records of the process through the one formatter."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
