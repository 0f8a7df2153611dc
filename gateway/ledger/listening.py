"""The listener of the log over HTTP, and its certificates, taken up anew when their files change.

Laws: all files are read as one; what is new is built whole before it is shown, and what cannot serve leaves the old in force and is
logged; the port is listened on without a break; connections that came in by the old end with the answer under way, so that nobody whom the
new would not let in reads another.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

EVERY_SECONDS: Final = 0.5
"""Between two looks at the files."""
LEAVE_SECONDS: Final = 5.0
"""For answers that are under way when the certificates change."""

_log: Final = logging.getLogger("kuacheng.monitors")

_Stamp = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Papers:
    """TLS 1.3 with the server's certificate, for clients of these authorities; all are PEM files, links are followed each time.

    With `revoked`, a file of CRLs, a certificate that no current CRL covers is refused.
    """

    certificate: str
    key: str
    authorities: str
    revoked: str | None = None

    def context(self) -> ssl.SSLContext:
        """As the files are now. Raises OSError, ssl.SSLError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0  # every connection shows its certificate anew
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.authorities)
        context.verify_mode = ssl.CERT_REQUIRED
        if self.revoked is not None:
            context.load_verify_locations(self.revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context

    def stamp(self) -> _Stamp:
        """Differs where a file was written or replaced, or a link leads elsewhere."""
        return tuple(_stamp(each) for each in (self.certificate, self.key, self.authorities, self.revoked) if each)


@asynccontextmanager
async def listening(runner: web.AppRunner, host: str, port: int, papers: Papers | None) -> AsyncIterator[int]:
    """Listens within the context; yields the real port. Raises OSError."""
    with closing(socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)) as sock:
        stamp = papers.stamp() if papers else ()
        site = await _started(runner, sock, papers.context() if papers else None)
        following = asyncio.create_task(_followed(runner, sock, papers, stamp, site)) if papers else None
        try:
            yield sock.getsockname()[1]
        finally:
            if following:
                following.cancel()
                await asyncio.wait([following])


async def _started(runner: web.AppRunner, sock: socket.socket, context: ssl.SSLContext | None) -> web.SockSite:
    """One more on the same socket: whoever waits in its queue is taken by either."""
    site = web.SockSite(runner, sock.dup(), ssl_context=context)
    await site.start()
    return site


async def _followed(runner: web.AppRunner, sock: socket.socket, papers: Papers, stamp: _Stamp, site: web.SockSite) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        seen = await asyncio.to_thread(papers.stamp)
        if seen == stamp:
            continue
        context = await asyncio.to_thread(_built, papers)
        if await asyncio.to_thread(papers.stamp) != seen:
            continue  # they are being changed: the next look sees them whole
        stamp = seen
        if context is None:
            continue
        fresh = await _started(runner, sock, context)
        await site.stop()
        site = fresh
        _log.info("new certificates are shown")
        before = runner.server.connections if runner.server else []
        for each in before:
            each.close()  # one that is idle would be waited for
        await asyncio.gather(*(each.shutdown(LEAVE_SECONDS) for each in before))


def _built(papers: Papers) -> ssl.SSLContext | None:
    try:
        return papers.context()
    except OSError as error:  # an ssl.SSLError is one
        _log.error("the new certificates cannot be shown, the ones before stay", extra={"problems": _why(error)})
        return None


def _why(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = Path(os.path.realpath(path)).stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
