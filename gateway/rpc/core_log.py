"""What gRPC's C-core writes to standard error, taken line by line: it tells nobody else why a handshake failed.

Laws: C-core writes to file descriptor 2 whatever Python does, so that descriptor is a pipe of ours, and what was there before goes on
as a stream of its own; of a line of C-core its level, its place and a word from our table are used, and its text, which a caller may have
had a hand in, goes nowhere; a line of anybody else goes on as it is; nobody waits because nobody reads: what does not fit is lost, so that
counts are of at least so many. The lines' format is glog's (github.com/google/glog, "Log Line Prefix").
"""

import faulthandler
import fcntl
import logging
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TextIO

_log = logging.getLogger("kuacheng.grpc")

_STDERR: Final = 2
_ROOM: Final = 1 << 20
"""Bytes of lines that may wait: some five thousand."""
_LINE: Final = re.compile(rb"(?P<level>[IWEF])\d{4} [0-9:.]+ +\d+ (?P<place>[\w./-]+:\d+)\] (?P<text>.*)", re.DOTALL)
_LAST_WORDS_SECONDS: Final = 1.0
_BEFORE_LOGGING: Final = b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"
_FAILED: Final = b"Handshake failed with error "


class Handshake(StrEnum):
    """Why a TLS handshake with a caller failed."""

    NO_CERTIFICATE = "no_certificate"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    UNKNOWN_AUTHORITY = "unknown_authority"
    WRONG_USAGE = "wrong_usage"
    CERTIFICATE_REFUSED = "certificate_refused"
    NOTHING_IN_COMMON = "nothing_in_common"
    NOT_TLS = "not_tls"
    REFUSED_BY_CALLER = "refused_by_caller"
    OTHER = "other"


# What BoringSSL says, the more special first.
_WORDS: Final = (
    (b"certificate has expired", Handshake.CERTIFICATE_EXPIRED),
    (b"certificate is not yet valid", Handshake.CERTIFICATE_NOT_YET_VALID),
    (b"unable to get local issuer certificate", Handshake.UNKNOWN_AUTHORITY),
    (b"self signed certificate", Handshake.UNKNOWN_AUTHORITY),
    (b"unable to verify the first certificate", Handshake.UNKNOWN_AUTHORITY),
    (b"unsupported certificate purpose", Handshake.WRONG_USAGE),
    (b"KEY_USAGE_BIT_INCORRECT", Handshake.WRONG_USAGE),
    (b"CERTIFICATE_VERIFY_FAILED", Handshake.CERTIFICATE_REFUSED),
    (b"PEER_DID_NOT_RETURN_A_CERTIFICATE", Handshake.NO_CERTIFICATE),
    (b"_ALERT_", Handshake.REFUSED_BY_CALLER),
    (b"UNSUPPORTED_PROTOCOL", Handshake.NOTHING_IN_COMMON),
    (b":NO_", Handshake.NOTHING_IN_COMMON),
    (b"WRONG_CURVE", Handshake.NOTHING_IN_COMMON),
    (b"HTTP_REQUEST", Handshake.NOT_TLS),
    (b"HTTPS_PROXY_REQUEST", Handshake.NOT_TLS),
    (b"WRONG_VERSION_NUMBER", Handshake.NOT_TLS),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of C-core: I, W, E or F; file and line there; and why a handshake failed, if that is what it says."""

    level: str
    place: str
    handshake: Handshake | None = None


def read(line: bytes) -> Said | None:
    """What the line says, or None if C-core did not write it."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    text = found["text"]
    failed = next((word for sign, word in _WORDS if sign in text), Handshake.OTHER) if text.startswith(_FAILED) else None
    return Said(found["level"].decode(), found["place"].decode(), failed)


class Heard:
    """Counts handshakes that failed, and logs where C-core warned or failed."""

    def __init__(self) -> None:
        self._failed = Counter[Handshake]()

    def __call__(self, said: Said) -> None:
        """One line, on the thread that listens."""
        if said.handshake is not None:
            self._failed[said.handshake] += 1
        elif said.level != "I":
            _log.warning("the core of gRPC warns or fails", extra={"kind": said.level, "where": said.place})

    def failed(self) -> Mapping[str, int]:
        """Handshakes, by why; each reason is there from the start. On any thread."""
        return {each.value: self._failed[each] for each in Handshake}


@contextmanager
def taken(hear: Callable[[Said], None]) -> Iterator[TextIO]:
    """While it lasts each line of C-core goes to `hear`, on a thread of its own; gives where standard error leads.

    `sys.stderr` leads there too, and so does what is written when the process dies of a signal.
    """
    before, signals = sys.stderr, faulthandler.is_enabled()
    reading, writing = os.pipe()
    with suppress(OSError):  # whose pipes already hold much gets no larger one, and loses lines sooner
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _ROOM)
    # C-core writes from wherever it is, with the interpreter's lock too, without which nobody would read.
    os.set_blocking(writing, False)
    with os.fdopen(os.dup(_STDERR), "w", buffering=1, encoding="utf-8", errors="backslashreplace") as out:
        sys.stderr = out
        faulthandler.enable(out)
        os.dup2(writing, _STDERR)
        os.close(writing)
        listener = threading.Thread(target=_listen, args=(reading, out.fileno(), hear), name="core-log", daemon=True)
        listener.start()
        try:
            yield out
        finally:
            os.dup2(out.fileno(), _STDERR)  # ends the pipe, and so the thread
            listener.join(_LAST_WORDS_SECONDS)  # a program that was started meanwhile may hold the pipe for longer
            sys.stderr = before
            faulthandler.enable() if signals else faulthandler.disable()


def _listen(reading: int, onward: int, hear: Callable[[Said], None]) -> None:
    with os.fdopen(reading, "rb") as lines:
        for line in lines:
            said = read(line.removesuffix(b"\n"))
            if said is not None:
                hear(said)
            elif not line.startswith(_BEFORE_LOGGING):
                os.write(onward, line)
