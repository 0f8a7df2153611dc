"""The log over HTTP, for whoever watches it: checkpoint, tiles, and to auditors the entries.

Laws: reading only, GET and HEAD, in a process that is not the gateway; whoever may not read a file is told so before the log is opened;
hashes tell nothing, so they may go to every monitor, while entries go only to those who were named for them, over mutual TLS; hash tiles
never change and say so, bundles may lose what is purged and are never kept by a cache; a fault of ours is a 503 that says nothing of the
inside.
Source: C2SP tlog-tiles v1; RFC 9110 (ETag, HEAD), RFC 8246 (immutable).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from aiohttp import web

from gateway.ledger.layout import CHECKPOINT, COSIGNED, ENTRIES, WIDTH, LayoutRefused, Tile, bundle
from gateway.ledger.listening import Papers, listening
from gateway.ledger.records import LogUnusable, Opening, Records
from gateway.ledger.tree import HASH_SIZE

READERS: Final = 4
"""Threads that read the log."""
MOST_WAITING: Final = 128
"""Requests that may be in hand at once; one more is a 503."""

_GRACE_SECONDS: Final = 5.0
_HASHES: Final = "application/octet-stream"
_TEXT: Final = "text/plain; charset=utf-8"
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_KEEP_NOTHING: Final = "private, no-store"
_log: Final = logging.getLogger("kuacheng.monitors")


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read what, by the one URI in a client's certificate. An auditor may read what a monitor may, and the entries."""

    monitors: frozenset[str]
    auditors: frozenset[str]

    def may_read(self, uri: str, level: int | None) -> bool:
        """Whether this identity may read files of this level; None stands for checkpoints."""
        return uri in self.auditors or (uri in self.monitors and level != ENTRIES)


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: how the log is opened for one reading, and the newest cosigned checkpoint, None where there is none.

    Both are called in a thread and may raise LogUnusable, OSError.
    """

    opening: Opening
    cosigned: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Door:
    """Where it listens. Without `tls` and `readers` only hashes are served, and the host has to be a loopback address."""

    host: str
    port: int
    tls: Papers | None = None
    readers: Readers | None = None


@dataclass(frozen=True, slots=True)
class _File:
    """One answer."""

    content: bytes
    kind: str
    caching: str


class _Refused(Exception):  # noqa: N818  named for what happened
    """No file: the status, and what to tell."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(status, said)
        self.status = status
        self.said = said


@asynccontextmanager
async def serving(served: Served, door: Door) -> AsyncIterator[str]:
    """Serves within the context; yields the address, scheme and real port included. Raises OSError."""
    with ThreadPoolExecutor(READERS, "kuacheng-monitors") as hands:
        application = web.Application(client_max_size=1)
        application.router.add_get("/{path:.*}", _Handler(served, door, hands).answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        try:
            async with listening(runner, door.host, door.port, door.tls) as port:
                host = f"[{door.host}]" if ":" in door.host else door.host
                yield f"{'https' if door.tls else 'http'}://{host}:{port}"
        finally:
            await runner.cleanup()


class _Handler:
    """Answers requests. Belongs to one event loop."""

    def __init__(self, served: Served, door: Door, hands: ThreadPoolExecutor) -> None:
        self._served = served
        self._readers = door.readers
        self._hands = hands
        self._waiting = 0

    async def answer(self, request: web.Request) -> web.Response:
        """The file, or why there is none."""
        try:
            file = await self._file(request)
        except _Refused as refused:
            headers = {"Content-Type": _TEXT, "Cache-Control": "no-store"}
            return web.Response(status=refused.status, body=f"{refused.said}\n".encode(), headers=headers)
        tag = sha256(file.content).hexdigest()[:32]
        headers = {"ETag": f'"{tag}"', "Cache-Control": file.caching, "X-Content-Type-Options": "nosniff"}
        if any(each.value in (tag, "*") for each in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=file.content, headers=headers | {"Content-Type": file.kind})

    async def _file(self, request: web.Request) -> _File:
        wanted = _wanted(request.match_info["path"])
        self._admit(request, wanted)
        if self._waiting >= MOST_WAITING:
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once; try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hands, _read, self._served, wanted)
        except (LogUnusable, LayoutRefused, OSError):
            _log.exception("the log could not be read")
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the log cannot be read now; try again later") from None
        finally:
            self._waiting -= 1

    def _admit(self, request: web.Request, wanted: Tile | str) -> None:
        level = wanted.level if isinstance(wanted, Tile) else None
        if self._readers is None:
            if level == ENTRIES:
                raise _Refused(HTTPStatus.FORBIDDEN, "entries are served over mutual TLS only, to auditors")
            return
        if not self._readers.may_read(_identity(request), level):
            raise _Refused(HTTPStatus.FORBIDDEN, "your certificate's URI is not among those who may read this")


def _identity(request: web.Request) -> str:
    """The URI in the client's certificate, which TLS has verified; empty where there is not exactly one."""
    connection = request.transport and request.transport.get_extra_info("ssl_object")
    shown = connection.getpeercert() if connection else None
    uris = [value for kind, value in (shown or {}).get("subjectAltName", ()) if kind == "URI"]
    return str(uris[0]) if len(uris) == 1 else ""


def _wanted(path: str) -> Tile | str:
    """What a path names. Raises _Refused."""
    if path in (CHECKPOINT, COSIGNED):
        return path
    try:
        return Tile.parse(path)
    except LayoutRefused as error:
        said = f"no such file: {CHECKPOINT}, {COSIGNED}, or {error}"
        raise _Refused(HTTPStatus.NOT_FOUND, said) from None


def _read(served: Served, wanted: Tile | str) -> _File:
    """The file. Raises _Refused, LogUnusable, LayoutRefused, OSError."""
    if wanted == COSIGNED:
        note = served.cosigned()
        if note is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "no cosigned checkpoint is kept: the log has no witnesses, or not yet")
        return _File(note.encode(), _TEXT, _ASK_AGAIN)
    with closing(served.opening()) as records:
        if isinstance(wanted, str):
            return _File(records.head().checkpoint.encode(), _TEXT, _ASK_AGAIN)
        filled = records.head().size >> (8 * max(wanted.level, 0))
        if filled < wanted.place * WIDTH + wanted.width:
            raise _Refused(HTTPStatus.NOT_FOUND, f"the log is not so large yet: /{CHECKPOINT} says how large it is")
        if wanted.level == ENTRIES:
            return _File(_bundle(records, wanted), _HASHES, _KEEP_NOTHING)
        return _File(records.tile(wanted.level, wanted.place)[: wanted.width * HASH_SIZE], _HASHES, _FOREVER)


def _bundle(records: Records, wanted: Tile) -> bytes:
    first = wanted.place * WIDTH
    rows = records.page(first, first + wanted.width, wanted.width)
    return bundle([None if row.body is None else (row.nonce or b"") + row.body for row in rows])
