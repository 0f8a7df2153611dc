"""Tells the service manager that the gateway serves (sd_notify(3)), so that a unit of Type=notify has started when callers are let in."""

from __future__ import annotations

import socket
from collections.abc import MutableMapping

_NAMED = "NOTIFY_SOCKET"


class ServiceManager:
    """Who started this process, where it wants to hear; nobody elsewhere."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    @classmethod
    def taken(cls, environment: MutableMapping[str, str]) -> ServiceManager:
        """As the environment names it, and out of it: whom this process starts has nothing to say there."""
        return cls(environment.pop(_NAMED, None))

    def serves(self, status: str) -> None:
        """`status`: what `systemctl status` is to show. Raises OSError where the manager cannot be told, for it would wait in vain."""
        if self._address is None:
            return
        # A name that begins with @ is in Linux's abstract namespace, which the kernel writes as a null byte (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
                told.connect(address)
                told.sendall(f"READY=1\nSTATUS={status}".encode())
        except OSError as error:
            message = (
                f"the service manager does not hear at {self._address} ({error.strerror}): correct {_NAMED}, or start without it"
            )
            raise OSError(message) from error
