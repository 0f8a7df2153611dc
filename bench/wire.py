"""A caller at the least cost: calls over one HTTP/2 connection, framed by hand, so that who loads a gateway takes little of its machine.

Laws: real mutual TLS; never more streams at a time than the other end allows, nor more bytes than its window; what is above waits here, as
in any client. How a call ended is read from the wire: its status, its details, its reset. For calls of one small message only.
Source: RFC 9113; RFC 7541; gRPC over HTTP/2 (PROTOCOL-HTTP2.md).
"""

import asyncio
import base64
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Self, cast

from hpack import Decoder

from bench.hostile import PREFACE, Door

_HEAD: Final = 9
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_TABLE_SIZE, _STREAMS, _STREAM_WINDOW = 1, 3, 4
_SETTING: Final = 6
_MOST: Final = (1 << 31) - 1
_USUAL_WINDOW: Final = 65_535
_PREFIX: Final = 5
"""Bytes before a message: whether it is compressed, and its length."""
_POST, _HTTPS = b"\x83", b"\x87"
_UNTOLD: Final = -1


@dataclass(frozen=True, slots=True)
class Reply:
    """How one call ended: its gRPC status (-1 where none was told), words and details, and its message; or the code of a reset."""

    status: int
    words: str = ""
    details: bytes = field(default=b"", repr=False)
    message: bytes = field(default=b"", repr=False)
    reset: int | None = None


class ConnectionEnded(Exception):  # noqa: N818  named for what happened
    """The connection ended before the call did."""


class Wire(asyncio.Protocol):
    """One connection. `ask` makes a call."""

    def __init__(self, authority: str, method: str, seconds: float) -> None:
        self._transport: asyncio.Transport
        self._block = _POST + _HTTPS + _literals(authority, method, seconds)
        self._got = b""
        self._next = 1
        self._limit, self._window = _MOST, _USUAL_WINDOW
        self._open: dict[int, tuple[asyncio.Future[Reply], list[bytes]]] = {}
        self._waiting: deque[tuple[bytes, asyncio.Future[Reply]]] = deque()
        self._ended = False
        self._allowed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def to(cls, door: Door, name: str, method: str, seconds: float) -> Self:
        """A connection to the gateway of this name. `seconds` is the deadline of each call. Raises OSError."""
        loop = asyncio.get_running_loop()
        made = loop.create_connection(
            lambda: cls(name, method, seconds), door.host, door.port, ssl=door.tls, server_hostname=name
        )
        return (await made)[1]

    def ask(self, question: bytes) -> asyncio.Future[Reply]:
        """Makes a call. Its future raises ConnectionEnded."""
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self._ended:
            answered.set_exception(ConnectionEnded())
            return answered
        self._waiting.append((b"\0" + len(question).to_bytes(4) + question, answered))
        self._send()
        return answered

    def close(self) -> None:
        """Ends it."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up. Nothing is remembered of headers, so that the same headers are always the same bytes."""
        self._transport = cast("asyncio.Transport", transport)
        settings = b"".join(key.to_bytes(2) + value.to_bytes(4) for key, value in ((_TABLE_SIZE, 0), (_STREAM_WINDOW, _MOST)))
        window = (_MOST - _USUAL_WINDOW).to_bytes(4)
        self._transport.write(PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW, 0, 0, window))

    def data_received(self, data: bytes) -> None:
        """Frame by frame."""
        got, at = self._got + data, 0
        while len(got) - at >= _HEAD:
            whole = at + _HEAD + int.from_bytes(got[at : at + 3])
            if len(got) < whole:
                break
            self._take(got[at + 3], got[at + 4], int.from_bytes(got[at + 5 : at + _HEAD]), got[at + _HEAD : whole])
            at = whole
        self._got = got[at:]
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The gateway, or we, ended it."""
        self._ended = True
        calls = (*(each for each, _ in self._open.values()), *(each for _, each in self._waiting))
        awaits: tuple[asyncio.Future[Any], ...] = (self._allowed, *calls)
        for awaited in awaits:
            if not awaited.done():
                awaited.set_exception(ConnectionEnded())

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA and stream in self._open:
            self._open[stream][1].append(payload)
        elif kind == _HEADERS and flags & _END_STREAM:
            self._told(stream, _fields(payload))
        elif kind == _RESET:
            self._end(stream, Reply(_UNTOLD, reset=int.from_bytes(payload)))
        elif kind == _WINDOW and not stream:
            self._window += int.from_bytes(payload)
        elif kind == _SETTINGS and not flags & _ACK:
            self._limit = _streams(payload, self._limit)
            if not self._allowed.done():
                self._allowed.set_result(None)
            self._transport.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._transport.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _GOAWAY:
            self._transport.close()

    def _told(self, stream: int, fields: dict[bytes, bytes]) -> None:
        _, pieces = self._open.get(stream, (None, []))
        details = fields.get(b"grpc-status-details-bin", b"")
        words = fields.get(b"grpc-message", b"").decode()
        self._end(
            stream,
            Reply(
                int(fields.get(b"grpc-status", _UNTOLD)),
                words,
                base64.b64decode(details + b"=" * (-len(details) % 4)),
                b"".join(pieces)[_PREFIX:],
            ),
        )

    def _end(self, stream: int, reply: Reply) -> None:
        answered, _ = self._open.pop(stream, (None, []))
        if answered is not None and not answered.done():
            answered.set_result(reply)

    def _send(self) -> None:
        said = []
        while self._waiting and len(self._open) < self._limit and len(self._waiting[0][0]) <= self._window:
            body, answered = self._waiting.popleft()
            stream, self._next = self._next, self._next + 2
            self._open[stream] = (answered, [])
            self._window -= len(body)
            said.append(_frame(_HEADERS, _END_HEADERS, stream, self._block) + _frame(_DATA, _END_STREAM, stream, body))
        if said:
            self._transport.write(b"".join(said))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _streams(settings: bytes, limit: int) -> int:
    """How many streams the other end allows by its settings, or `limit` where they do not say."""
    told = (settings[at : at + _SETTING] for at in range(0, len(settings), _SETTING))
    return next((int.from_bytes(each[2:]) for each in told if int.from_bytes(each[:2]) == _STREAMS), limit)


def _literals(authority: str, method: str, seconds: float) -> bytes:
    fields = (
        (":path", method),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", f"{seconds * 1000:.0f}m"),
    )
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


@lru_cache(maxsize=4096)
def _fields(block: bytes) -> dict[bytes, bytes]:
    """Of a header block, which says the same whenever it comes, for nothing is remembered from one to the next."""
    decoder = Decoder()
    decoder.header_table_size = decoder.max_allowed_table_size = 0
    return dict(decoder.decode(block, raw=True))
