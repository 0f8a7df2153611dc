"""One connection, many requests: each is waited for until its own end, and is given no byte that the one before it was answered with."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.connection import BrokenAnswer, Connection, NoAnswer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
WHOLE = ANSWER + b"ab"
QUIET = 0
"""A descriptor that no test looks at."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """To a server that answers a request by its own bytes, at once; or not at all where they are `hang`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__({"socket": QUIET})
        self.connection, self.closed = connection, False
        connection.connection_made(self)

    def write(self, data: object) -> None:
        if data != b"hang":
            self.connection.data_received(ANSWER + bytes(data))  # type: ignore[call-overload]

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            self.connection.connection_lost(None)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_later_end_is_not_cut_short_by_one_before_it() -> None:
    connection, past = Connection(100), asyncio.Event()
    Wire(connection)
    soon = now() + 0.02
    assert (await connection.ask(b"ab", soon)).body == b"ab"
    hanging = asyncio.create_task(connection.ask(b"hang", now() + 600))
    asyncio.get_running_loop().call_at(soon + 0.02, past.set)
    await past.wait()
    assert connection.usable
    connection.data_received(ANSWER + b"cd")
    assert (await hanging).body == b"cd"
    assert connection.usable


async def test_an_earlier_end_does_not_wait_for_one_before_it() -> None:
    connection = Connection(100)
    Wire(connection)
    assert (await connection.ask(b"ab", now() + 600)).body == b"ab"
    with pytest.raises(TimeoutError):
        await connection.ask(b"hang", now() + 0.02)
    assert not connection.usable


async def test_an_end_that_is_past_is_the_end() -> None:
    connection = Connection(100)
    Wire(connection)
    with pytest.raises(TimeoutError):
        await connection.ask(b"hang", now() - 1)
    assert not connection.usable


async def test_a_connection_that_ends_is_told_of_no_more() -> None:
    connection = Connection(100)
    wire = Wire(connection)
    hanging = asyncio.create_task(connection.ask(b"hang", now() + 0.02))
    await asyncio.sleep(0)
    wire.abort()
    with pytest.raises(NoAnswer):
        await hanging


@asynccontextmanager
async def wired() -> AsyncIterator[tuple[Connection, socket.socket]]:
    """A connection and its city's end, at which the test speaks."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(100), sock=ours)
    try:
        yield connection, theirs
    finally:
        connection.abort()
        theirs.close()


async def asked(connection: Connection, city: socket.socket, *said: bytes) -> bytes:
    """The answer to one question, of a city that says this piece by piece."""
    asking = asyncio.create_task(connection.ask(b"?", now() + 60))
    for piece in said:
        city.send(piece)
        await asyncio.sleep(0)
    return (await asking).body


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
        b"HTTP/1.1 103 Early Hints\r\nLink: <>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nab",
        CHUNKED + b"2\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\nX-One: 1\r\nX-Two:\r\n\r\n",
    ],
)
async def test_an_answer_of_one_piece_leaves_its_connection_for_the_next(said: bytes) -> None:
    async with wired() as (connection, city):
        assert await asked(connection, city, said) == b"ab"
        assert (connection.usable, connection.silent) == (True, True)
        assert await asked(connection, city, ANSWER + b"cd") == b"cd"


@pytest.mark.parametrize(
    "behind",
    [
        WHOLE,
        WHOLE[:1],
        WHOLE[:20],
        WHOLE[:-1],
        b"\r\n" + WHOLE[:9],
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        CHUNKED,
        b"cdef",
        b"\0",
    ],
)
@pytest.mark.parametrize(
    "whole",
    [
        WHOLE,
        CHUNKED + b"2\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
    ],
)
async def test_what_follows_an_answer_in_one_piece_ends_the_connection(whole: bytes, behind: bytes) -> None:
    async with wired() as (connection, city):
        assert await asked(connection, city, whole + behind) == b"ab"
        assert not connection.usable


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_body_where_none_can_be_is_no_part_of_the_next_answer(status: bytes) -> None:
    head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(WHOLE))
    async with wired() as (connection, city):
        assert await asked(connection, city, head + WHOLE) == b""
        assert not connection.usable
    async with wired() as (connection, city):
        assert await asked(connection, city, head) == b""
        city.send(WHOLE)
        assert not connection.silent


async def test_what_waits_in_the_socket_is_no_answer_to_a_question_that_was_not_put_yet() -> None:
    async with wired() as (connection, city):
        assert await asked(connection, city, WHOLE) == b"ab"
        city.send(WHOLE)
        assert (connection.usable, connection.silent) == (True, False)
    async with wired() as (connection, city):
        assert await asked(connection, city, WHOLE) == b"ab"
        city.close()
        assert not connection.silent


async def test_what_comes_while_nothing_is_asked_ends_the_connection() -> None:
    async with wired() as (connection, city):
        assert await asked(connection, city, WHOLE) == b"ab"
        city.send(b"\r\n")
        async with asyncio.timeout(60):
            assert await asyncio.get_running_loop().sock_recv(city, 9) == b"?"
            assert await asyncio.get_running_loop().sock_recv(city, 9) == b""
        assert not connection.usable


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + WHOLE,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
        CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nab\r\n0\r\nTransfer-Encoding: gzip\r\nContent-Length: 9\r\n\r\n",
    ],
)
async def test_a_length_that_can_be_read_in_two_ways_is_no_answer(said: bytes) -> None:
    async with wired() as (connection, city):
        with pytest.raises(BrokenAnswer):
            await asked(connection, city, said)
        assert not connection.usable


async def test_a_trailer_is_no_part_of_the_head() -> None:
    async with wired() as (connection, city):
        asking = asyncio.create_task(connection.ask(b"?", now() + 60))
        city.send(CHUNKED + b"2\r\nab\r\n0\r\nDate: never\r\n\r\n")
        assert dict((await asking).headers) == {"transfer-encoding": "chunked"}


@given(st.lists(st.integers(1, len(WHOLE) * 2 - 1), max_size=4))
async def test_wherever_two_answers_are_torn_the_second_answers_nothing(cuts: list[int]) -> None:
    said, places = WHOLE + ANSWER + b"cd", sorted({0, *cuts, len(WHOLE) * 2})
    connection = Connection(100)
    wire = Wire(connection)
    asking = asyncio.create_task(connection.ask(b"hang", now() + 60))
    await asyncio.sleep(0)
    for start, end in pairwise(places):
        if not wire.closed:
            connection.data_received(said[start:end])
    assert (await asking).body == b"ab"
    await asyncio.sleep(0)
    assert not connection.usable
    wire.abort()
