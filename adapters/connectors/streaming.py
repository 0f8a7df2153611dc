"""One answer read as it comes: its head, then its body piece by piece, never more of it in memory than a few pieces.

Laws: a connection carries one such answer and ends with it; who reads slowly slows the city, for the socket is left alone while more than
`FULL` bytes wait; a body that ends early, or is longer than allowed, is a BrokenAnswer and never an end.
Standard: RFC 9112.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from adapters.connectors.connection import BrokenAnswer, Connection
from adapters.connectors.message import HttpResponse

FULL: Final = 256 * 1024
"""Bytes that wait to be read, above which the socket is left alone until half of them are gone."""


@dataclass(slots=True)
class _Body:
    """What has come of the body and was not read yet. `ended` says why no more comes: None is its proper end."""

    pieces: deque[bytes] = field(default_factory=deque)
    waiting: int = 0
    over: bool = False
    ended: Exception | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, why: Exception | None) -> None:
        """No more comes; the first reason stands."""
        if not self.over:
            self.over, self.ended = True, why
            self.news.set()


class StreamingConnection(Connection):
    """One connection for one answer, from when TLS is up until it is lost."""

    def __init__(self, largest: int) -> None:
        super().__init__(largest)
        self._rest = _Body()

    async def begin(self, request: bytes) -> HttpResponse:
        """Sends the bytes of one request, and waits for the head of its answer; its body is empty. Raises BrokenAnswer or NoAnswer."""
        if self._transport is None or self._waiter is not None:
            raise RuntimeError("a connection carries one answer")
        # It stays after the head: what comes then was asked for.
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end. Raises BrokenAnswer, after the pieces that came before it."""
        rest = self._rest
        while not rest.pieces:
            if rest.over:
                if rest.ended is not None:
                    raise rest.ended
                return b""
            rest.news.clear()
            await rest.news.wait()
        piece = rest.pieces.popleft()
        rest.waiting -= len(piece)
        if rest.waiting <= FULL // 2 and self._transport is not None:
            self._transport.resume_reading()
        return piece

    def on_headers_complete(self) -> None:
        """The head is whole; one that only promises another (1xx) is passed over."""
        super().on_headers_complete()
        status = self._parser.get_status_code()
        if status >= HTTPStatus.OK and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(HttpResponse(status, self._headers, b""))

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size += len(body)
        if self._size > self._largest:
            raise BrokenAnswer("the answer is larger than allowed")
        rest = self._rest
        rest.pieces.append(body)
        rest.waiting += len(body)
        rest.news.set()
        if rest.waiting > FULL and self._transport is not None:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._parser.get_status_code() >= HTTPStatus.OK:
            self._rest.end(None)
        self._forget()

    def _fail(self, error: Exception) -> None:
        self._rest.end(error)
        super()._fail(error)
