"""Peers who are not what a caller should be: many that only stay, some that stop half way, some that ask for attention without end.

Laws: each speaks real mutual TLS with a department's certificate, for without one nobody gets that far; HTTP/2 as far as it needs, by hand,
because no client library would misbehave so.
Source: RFC 9113, clauses 3.4, 4.1, 6.5, 6.7.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self, cast

from gateway.development.layout import SERVER_NAME, WINDOW, Layout

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS: Final = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_SETTINGS_ACK: Final = b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
_PING: Final = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8)
_HALF_HEADERS: Final = b"\x00\x04\x00\x01\x00\x00\x00\x00\x01" + bytes(16)
"""HEADERS of stream 1 that promise 1,024 bytes, and 16 of them."""
_HEAD: Final = 9
_IS_SETTINGS, _IS_PING, _ACK = 4, 6, 1
_AT_ONCE: Final = 32
_STANDING: Final = 256
_SLOW: Final = 100


class Peer(asyncio.Protocol):
    """Answers settings and pings, so that it counts as alive, and nothing else."""

    def __init__(self, says: bytes = b"") -> None:
        self._says = says
        self._got = b""
        self.transport: asyncio.Transport
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(PREFACE + _SETTINGS + self._says)

    def data_received(self, data: bytes) -> None:
        """Frame by frame."""
        self._got += data
        while len(self._got) >= _HEAD:
            whole = _HEAD + int.from_bytes(self._got[:3])
            if len(self._got) < whole:
                return
            frame, self._got = self._got[:whole], self._got[whole:]
            kind, flags = frame[3], frame[4]
            if kind == _IS_SETTINGS and not flags & _ACK:
                self.transport.write(_SETTINGS_ACK)
            elif kind == _IS_PING and not flags & _ACK:
                self.transport.write(frame[:4] + bytes([_ACK]) + frame[5:])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The gateway, or we, ended it."""
        if not self.ended.done():
            self.ended.set_result(None)


@dataclass(frozen=True, slots=True)
class Door:
    """The gateway's address, and how one connects to it."""

    host: str
    port: int
    tls: ssl.SSLContext

    @classmethod
    def of(cls, layout: Layout, address: str) -> Self:
        """As a department that may ask."""
        pair = layout.pki.clients[WINDOW.client]
        tls = ssl.create_default_context(cafile=str(layout.pki.gateway_ca))
        tls.load_cert_chain(str(pair.certificate), str(pair.key))
        tls.set_alpn_protocols(["h2"])
        host, _, port = address.rpartition(":")
        return cls(host, int(port), tls)

    async def peer(self, says: bytes = b"") -> Peer:
        """One that is connected. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: Peer(says), self.host, self.port, ssl=self.tls, server_hostname=SERVER_NAME
        )
        return made

    async def peers(self, count: int, says: bytes = b"") -> list[Peer]:
        """So many, some at a time."""
        found: list[Peer] = []
        for first in range(0, count, _AT_ONCE):
            found += await asyncio.gather(*(self.peer(says) for _ in range(min(_AT_ONCE, count - first))))
        return found


async def slow(door: Door, enough: asyncio.Event) -> str:
    """A hundred who begin a call and never go on."""
    peers = await door.peers(_SLOW, _HALF_HEADERS)
    await enough.wait()
    left = sum(not each.ended.done() for each in peers)
    _leave(peers)
    return f"{_SLOW} half calls, {left} still there at the end"


async def flood(door: Door, enough: asyncio.Event) -> str:
    """Connections that come and say nothing, as fast as they are taken, some hundreds at a time."""
    came, standing = 0, list[asyncio.Transport]()
    while not enough.is_set():
        with suppress(OSError):
            made, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, door.host, door.port)
            standing.append(made)
            came += 1
        if len(standing) > _STANDING:
            standing.pop(0).abort()
    for each in standing:
        each.abort()
    return f"{came} connections without a word"


async def pings(door: Door, enough: asyncio.Event) -> str:
    """One that pings as fast as it can, and comes again when it is thrown out."""
    sent = thrown = 0
    while not enough.is_set():
        peer = await door.peer()
        while not enough.is_set() and not peer.ended.done():
            peer.transport.write(_PING * 100)
            sent += 100
            await asyncio.sleep(0.001)
        thrown += peer.ended.done()
        peer.transport.abort()
    return f"{sent} pings, thrown out {thrown} times"


def _leave(peers: list[Peer]) -> None:
    for each in peers:
        each.transport.abort()


HOSTILE: Final[dict[str, Callable[[Door, asyncio.Event], object]]] = {
    "slow clients": slow,
    "connection flood": flood,
    "ping flood": pings,
}
