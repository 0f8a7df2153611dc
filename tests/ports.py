"""Ports for programs that have to be told one: below those that the system hands out by itself, so that nobody else gets it meanwhile."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
"""Seconds in which a program that was started has to accept."""

_HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_HIGHEST = int(_HANDED_OUT.read_text().split()[0])
_LOWEST = _HIGHEST * 2 // 5


def _numbers() -> Iterator[int]:
    """Each once, from a place of this process's own, so that processes side by side do not try the same ones at once."""
    begin = _LOWEST + os.getpid() * 4001 % (_HIGHEST - _LOWEST)
    return chain(range(begin, _HIGHEST), range(_LOWEST, begin))


_untried = _numbers()


def free_port() -> int:
    """At 127.0.0.1, where nobody listens; never the same twice."""
    return next(number for number in _untried if _is_free(number))


def accepted(port: int, goes_on: Callable[[], bool]) -> None:
    """Waits until a program that was started, and `goes_on`, accepts at 127.0.0.1."""
    until = time.monotonic() + PATIENCE
    while not _accepts(port):
        assert goes_on(), f"the program for port {port} ended"
        assert time.monotonic() < until, f"nobody listens at port {port}"
        time.sleep(0.02)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _accepts(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
