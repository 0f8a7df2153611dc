"""One HTTP/1.1 connection: bytes of one request out, one whole answer in, bounded.

Laws: the parser is llhttp's (httptools), nothing of the protocol is parsed here; a connection carries one request at a time; whatever
it says unasked, or says wrongly, ends it, and so no byte of one answer is read as part of another: what begins behind a whole answer, what
comes while nothing is asked, and what waits in the socket when the next question is about to leave.
Standard: RFC 9112 (framing, and in 9.3 when a connection may be used again).
"""

import asyncio
import select
from http import HTTPStatus
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from adapters.connectors.message import HttpResponse

_LARGEST_HEAD: Final = 64 * 1024


class BrokenAnswer(Exception):  # noqa: N818  named for what was found
    """What came is no whole HTTP answer, or a larger one than allowed."""


class NoAnswer(Exception):  # noqa: N818  named for what was found
    """The connection ended before any head of an answer was whole."""


class Connection(asyncio.Protocol):
    """One connection, from when TLS is up until it is lost."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._transport: asyncio.Transport | None = None
        self._socket = select.poll()
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[HttpResponse] | None = None
        self._again = True
        self._until = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._forget()
        self.idle_since = 0.0

    async def ask(self, request: bytes, until: float) -> HttpResponse:
        """Sends the bytes of one request; the answer is whole by `until`, in seconds of the loop.

        Raises TimeoutError, BrokenAnswer or NoAnswer, and then, as after a cancellation, the connection is no more.
        """
        if self._transport is None or self._waiter is not None:
            raise RuntimeError("a connection carries one request at a time")
        waiter: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._watch(until)
        self._transport.write(request)
        try:
            return await waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent, as far as what was read tells."""
        return self._transport is not None and not self._transport.is_closing() and self._again

    @property
    def silent(self) -> bool:
        """Whether nothing waits to be read. What does was not asked for, and would be taken for the answer to the next request."""
        return not self._socket.poll(0)

    def abort(self) -> None:
        """Ends it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        self._transport = cast("asyncio.Transport", transport)
        self._socket.register(transport.get_extra_info("socket"), select.POLLIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended. Where the answer named no length, that is its end."""
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        if self._to_the_end and exc is None:
            self.on_message_complete()
        elif self._whole_head:
            self._fail(BrokenAnswer("the answer is broken off"))
        else:
            self._fail(NoAnswer(type(exc).__name__ if exc else "the connection was closed"))

    def data_received(self, data: bytes) -> None:
        """A piece of the answer."""
        if self._waiter is None:
            self.abort()
            return
        if not self._whole_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._fail(BrokenAnswer("the answer is malformed or too large"))
            return
        if not self._whole_head and self._head_size > _LARGEST_HEAD:
            self._fail(BrokenAnswer("the head of the answer is too large"))

    # One alarm serves many requests, for nearly all are answered long before it: it looks whether the one of the moment is late.

    def _watch(self, until: float) -> None:
        self._until = until
        if self._alarm is not None and self._alarm.when() > until:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_at(until, self._look)

    def _look(self) -> None:
        self._alarm = None
        if self._waiter is None:
            return
        if asyncio.get_running_loop().time() < self._until:
            self._watch(self._until)
        else:
            self._fail(TimeoutError())

    # What the parser calls, in this order.

    def on_message_begin(self) -> None:
        """An answer begins: the one that was asked for, or one behind it."""
        if self._waiter is None or self._waiter.done():
            raise BrokenAnswer("another answer follows that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head; or of the trailers, which are no part of it (RFC 9110 6.5.1)."""
        self._field_size += len(name) + len(value)
        if self._field_size > _LARGEST_HEAD:
            raise BrokenAnswer("the head of the answer is too large")
        if not self._whole_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._whole_head = True
        length = self._headers.get("content-length")
        self._to_the_end = length is None and "transfer-encoding" not in self._headers
        if length is not None and int(length) > self._largest:
            raise BrokenAnswer("the answer is larger than allowed")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size += len(body)
        if self._size > self._largest:
            raise BrokenAnswer("the answer is larger than allowed")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole; an interim one (1xx) only promises another."""
        status = self._parser.get_status_code()
        answer = HttpResponse(status, self._headers, b"".join(self._body))
        self._again = bool(self._parser.should_keep_alive()) and not self._to_the_end
        self._forget()
        if status >= HTTPStatus.OK and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(answer)

    def _forget(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = self._head_size = self._field_size = 0
        self._whole_head = self._to_the_end = False

    def _fail(self, error: Exception) -> None:
        self._again = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.abort()
