"""One connection, many requests: each is waited for until its own end, whatever the ends of those before it were."""

import asyncio

import pytest

from adapters.connectors.connection import Connection, NoAnswer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """To a server that answers a request by its own bytes, at once; or not at all where they are `hang`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
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
