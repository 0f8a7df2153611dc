"""The tape: what was asked of a simulated city and what it answered, for the demonstration and the tests.

Laws: the last 200 exchanges are kept, numbered from 1 without gaps; a body over 64 KiB is cut.
"""

from collections import deque
from typing import Any

from adapters.simulation.operation import Asked, Operation, Reply

KEPT = 200
LONGEST = 64 * 1024


class Tape:
    """The last exchanges, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seq = 0

    def record(self, operation: Operation, called: str, asked: Asked, reply: Reply, fault: str | None) -> None:
        """Keep one exchange as it went over the wire; `fault` is the armed fault it showed."""
        self._seq += 1
        request = {
            "method": asked.method,
            "path": asked.path,
            "headers": dict(asked.headers),
            "body": _text(asked.body, reply.charset),
        }
        response = {"status": reply.status, "body": _text(reply.body, reply.charset)}
        for part, inner in ((request, reply.request_inner), (response, reply.response_inner)):
            if inner is not None:
                part["inner"] = inner[:LONGEST]
        self._entries.append(
            {
                "seq": self._seq,
                "interface": operation.interface,
                "operation": called,
                "fault": fault,
                "request": request,
                "response": response,
            }
        )

    @property
    def last(self) -> int:
        """Number of the newest exchange; 0 where there was none."""
        return self._seq

    def after(self, seq: int) -> list[dict[str, Any]]:
        """The kept entries numbered above `seq`."""
        return [entry for entry in self._entries if entry["seq"] > seq]


def _text(body: bytes, charset: str) -> str:
    return body[:LONGEST].decode(charset, errors="replace")
