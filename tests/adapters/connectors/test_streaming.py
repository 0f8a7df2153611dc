"""An answer read as it comes, from servers on loopback that behave and servers that do not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.connectors.connection import BrokenAnswer, NoAnswer
from adapters.connectors.streaming import FULL, StreamingConnection

ASK = b"GET /file HTTP/1.1\r\nHost: city.test\r\n\r\n"
LARGEST = 8 * 2**20
Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connected(handler: Handler) -> AsyncIterator[StreamingConnection]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await handler(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: StreamingConnection(LARGEST), "127.0.0.1", port
        )
        try:
            yield connection
        finally:
            connection.abort()


def saying(*pieces: bytes) -> Handler:
    async def say(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return say


async def whole(connection: StreamingConnection) -> bytes:
    pieces = []
    while piece := await connection.read():
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    "said",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", b"def"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef",),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", b"def"),
    ],
)
async def test_a_body_is_read_piece_by_piece(said: tuple[bytes, ...]) -> None:
    async with connected(saying(*said)) as connection:
        assert (await connection.begin(ASK)).status == 200
        assert await whole(connection) == b"abcdef"
        assert await connection.read() == b""


@pytest.mark.parametrize("behind", [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nghi", b"ghi"])
async def test_what_follows_a_body_is_no_part_of_it(behind: bytes) -> None:
    async with connected(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef" + behind)) as connection:
        assert (await connection.begin(ASK)).status == 200
        assert await whole(connection) == b"abcdef"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\nzz\r\n",
    ],
)
async def test_a_body_that_ends_early_is_no_end(said: bytes) -> None:
    async with connected(saying(said)) as connection:
        await connection.begin(ASK)
        with pytest.raises(BrokenAnswer):
            await whole(connection)
        with pytest.raises(BrokenAnswer):
            await connection.read()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", NoAnswer),
        (b"nonsense\r\n\r\n", BrokenAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1), BrokenAnswer),
    ],
)
async def test_without_a_head_there_is_no_body(said: bytes, error: type[Exception]) -> None:
    async with connected(saying(said)) as connection:
        with pytest.raises(error):
            await connection.begin(ASK)


async def test_a_body_without_an_end_is_cut_off() -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    pieces = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * (LARGEST // 0x10000 + 2))
    async with connected(saying(*pieces)) as connection:
        await connection.begin(ASK)
        with pytest.raises(BrokenAnswer):
            await whole(connection)


async def test_who_reads_slowly_slows_the_city() -> None:
    sent, held = [0], asyncio.Event()

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGEST)
        while sent[0] < LARGEST:
            writer.write(b"x" * 65536)
            drained = asyncio.ensure_future(writer.drain())
            if not (await asyncio.wait([drained], timeout=0.1))[0]:
                held.set()
            await drained
            sent[0] += 65536

    async with connected(pour) as connection:
        await connection.begin(ASK)
        async with asyncio.timeout(60):
            await held.wait()
        assert sent[0] < LARGEST
        sizes = []
        async with asyncio.timeout(60):
            while piece := await connection.read():
                sizes.append(len(piece))
        assert sum(sizes) == LARGEST
        assert max(sizes) <= FULL
