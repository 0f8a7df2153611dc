"""The credentials of one port, changed while connections come and go: published, tried by a handshake of our own, taken back if it fails.

Laws: what gRPC's threads call is a read of two fields, no lock and no I/O, and gives a configuration once a rotation; one credentials
object a port. gRPC takes bad material in silence and goes on with the old, so what is shown is compared with what was meant. Authorities
cannot be seen from outside: whoever gives them has looked at them (gateway.config.pem).
C-core frees the old configuration while a handshake may still be using it (grpc issue 36693). An idle connection, parked before the change
and kept some seconds after it, holds a reference to the old one, so that it is freed when nobody is at it any more.
With several processes on one address the kernel chooses who accepts; what met another process says nothing and is done again.
"""

import asyncio
import hashlib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.rpc.accepting import TELLS, accepted_here

PARKED_SECONDS: Final = 5.0
"""That the idle connection stays after a change; a handshake takes some milliseconds."""

_PATIENCE: Final = 20.0
"""Seconds for each step of our own handshake: a good certificate is not to be refused because the machine is busy."""
_ACCEPTING: Final = 1.25
"""Seconds after which a connection that nobody took is left for another."""
_PIECE: Final = 1 << 16
_TURN: Final = 0.002
_TRIES: Final = 256
"""Of one connection after another until our own process has it: with 16 workers one in ten million rotations is not shown."""
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where we listen everywhere, we reach ourselves here


class NotShown(Exception):  # noqa: N818  named for what was found
    """The listener does not show what it was given; what it showed before stays in force."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a listener shows and whom it lets connect, PEM: certificate and key are ours, authorities are the regions'."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    authorities: bytes = field(repr=False)

    def configuration(self) -> Any:
        """As gRPC takes it."""
        return grpc.ssl_server_certificate_configuration([(self.key, self.certificate)], root_certificates=self.authorities)

    def fingerprint(self) -> str:
        """SHA-256 of the leaf, hex. Raises ValueError where there is none."""
        leaf = x509.load_pem_x509_certificates(self.certificate)[0]
        return leaf.fingerprint(SHA256()).hex()


class Rotating:
    """The credentials of one port."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._meant = self._given = shown.configuration()
        self._turn = asyncio.Lock()
        self._parked: dict[socket.socket, asyncio.TimerHandle] = {}
        self.accepted = 0
        self.credentials = grpc.dynamic_ssl_server_credentials(self._meant, self._fetch, require_client_authentication=True)

    async def show(self, shown: Shown, host: str, port: int) -> None:
        """From now on new connections see this. Raises NotShown, and then they see what they saw before."""
        async with self._turn:
            if shown == self._shown:
                return
            before = self._shown
            await self._park(host, port)
            try:
                await self._publish(shown, host, port)
            except NotShown:
                with suppress(NotShown):
                    await self._publish(before, host, port)
                raise

    def close(self) -> None:
        """Lets go of the parked connections."""
        for parked, timer in self._parked.items():
            timer.cancel()
            parked.close()
        self._parked.clear()

    def _fetch(self) -> Any:
        """Runs on a thread of gRPC's, once for each connection that comes in, under gRPC's mutex."""
        self.accepted += 1
        meant = self._meant
        if meant is self._given:
            return None
        self._given = meant
        return meant

    async def _publish(self, shown: Shown, host: str, port: int) -> None:
        try:
            wanted, self._meant = shown.fingerprint(), shown.configuration()
        except (ValueError, IndexError, TypeError) as error:
            raise NotShown("the certificate cannot be read") from error
        seen = await _leaf(await self._reached(host, port))
        if seen != wanted:
            raise NotShown(f"a handshake with ourselves met the certificate {seen[:16]} in the place of {wanted[:16]}")
        self._shown = shown

    async def _park(self, host: str, port: int) -> None:
        """Leaves an idle connection that this process has accepted, and so one that holds what is shown until now."""
        parked = await self._reached(host, port)
        self._parked[parked] = asyncio.get_running_loop().call_later(PARKED_SECONDS, self._leave, parked)

    async def _reached(self, host: str, port: int) -> socket.socket:
        """A connection that this process has accepted, with nothing sent yet. Raises NotShown."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _PATIENCE
        for _ in range(_TRIES):
            if loop.time() > ends:
                break
            before = self.accepted
            made = await _connected(host, port)
            try:
                if await self._came(made, before):
                    return made
            except BaseException:
                made.close()
                raise
            made.close()
        raise NotShown("the listener does not accept our own connection")

    async def _came(self, near: socket.socket, before: int) -> bool:
        """Whether it was accepted, and by us. Where the kernel cannot tell by whom, that something was accepted has to do."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _ACCEPTING
        while loop.time() < ends:
            here = accepted_here(near)
            if here is False:
                return False
            if self.accepted > before and (here or not TELLS):
                return True
            await asyncio.sleep(_TURN)
        # Nobody took it, or a listener of ours that is leaving: the next may fare better.
        return False

    def _leave(self, parked: socket.socket) -> None:
        self._parked.pop(parked, None)
        parked.close()


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await loop.getaddrinfo(_ANY.get(host, host), port, type=socket.SOCK_STREAM)
            family, kind, protocol, _, address = found[0]
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)
            await loop.sock_connect(made, address)
            return made
    except OSError as error:
        raise NotShown(f"no connection to ourselves: {type(error).__name__}") from error


async def _leaf(near: socket.socket) -> str:
    """SHA-256 of the leaf that the other end shows, hex. In TLS 1.3 it comes first, and there we stop: who went on and had none to show
    in return would be counted as a caller without a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whose it is we know; whether it is the one we mean is what is asked
    context.set_alpn_protocols(["h2"])
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(come, go)
    try:
        async with asyncio.timeout(_PATIENCE):
            while not _done(ours):
                await _exchanged(near, come, go)
    except OSError as error:
        raise NotShown(f"a handshake with ourselves failed: {type(error).__name__}") from error
    finally:
        near.close()
    return hashlib.sha256(ours.getpeercert(binary_form=True) or b"").hexdigest()


def _done(ours: ssl.SSLObject) -> bool:
    """Whether the other end has said all that its half of the handshake takes."""
    try:
        ours.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


async def _exchanged(near: socket.socket, come: ssl.MemoryBIO, go: ssl.MemoryBIO) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(near, go.read())
    if not (got := await loop.sock_recv(near, _PIECE)):
        raise ConnectionResetError
    come.write(got)
