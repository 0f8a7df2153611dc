"""The one home of time and chance. Everything else is handed what it needs of them."""

import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

_CHANCE_HIGH, _CHANCE_LOW = 12, 62
"""Bits of chance in a UUID of version 7, before and after the bits of its variant."""


class SystemClock:
    """The machine's clock: gateway.ports.Clock."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251  its home

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        return time.monotonic()


class ThreadClock:
    """What of its time the thread that makes this has been busy, in seconds. May be read from any thread.

    Where the system tells other threads nothing of it (macOS), the whole process's time stands for it.
    Source: CLOCK_THREAD_CPUTIME_ID (POSIX); /proc/<pid>/task/<tid>/schedstat of Linux (Documentation/scheduler/sched-stats).
    """

    def __init__(self) -> None:
        of_thread = getattr(time, "pthread_getcpuclockid", None)
        self._clock: int = of_thread(threading.get_ident()) if of_thread else time.CLOCK_PROCESS_CPUTIME_ID
        self._told = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")

    def running(self) -> float:
        """It had a processor."""
        return time.clock_gettime(self._clock)

    def waiting(self) -> float:
        """It was ready to run and was given no processor; 0 where the kernel keeps no account of it."""
        try:
            _, nanoseconds, _ = self._told.read_text().split()
        except OSError:
            return 0.0
        return int(nanoseconds) / 1e9


def new_id() -> str:
    """The id of an exchange or a request: a UUID of version 7, moment before chance (RFC 9562 5.7).

    Ids made one after the other lie side by side in a log's indexes, so a batch changes few pages, however large the log has grown.
    """
    milliseconds, chance = time.time_ns() // 1_000_000, secrets.randbits(_CHANCE_HIGH + _CHANCE_LOW)
    high, low = chance >> _CHANCE_LOW, chance & (1 << _CHANCE_LOW) - 1
    text = f"{milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def entropy(count: int) -> bytes:
    """`count` bytes that nobody can guess."""
    return secrets.token_bytes(count)


def fraction() -> float:
    """A number in [0, 1) that nobody can guess, for jitter."""
    return secrets.randbelow(2**32) / 2**32
