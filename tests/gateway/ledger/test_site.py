"""Files from a server that may be hostile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.ledger.fetching import Wanted
from gateway.ledger.records import LogUnusable
from gateway.ledger.site import Site

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """Answers every GET with `handler`, and yields its address."""
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetched(address: str, *wanted: Wanted, seconds: float = 10) -> list[bytes | None]:
    """In a thread of its own, as a command does."""

    def fetch() -> list[bytes | None]:
        with Site(address, seconds=seconds) as site:
            return list(site(wanted))

    return await asyncio.to_thread(fetch)


async def test_files_come_in_the_order_in_which_they_were_asked_for() -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/log/gone":
            raise web.HTTPNotFound
        return web.Response(body=request.path.encode())

    async with server(answer) as address:
        names = [f"file{number}" for number in range(20)]
        found = await fetched(f"{address}/log/", *(Wanted(name, 100) for name in [*names, "gone"]))
    assert found == [*(f"/log/{name}".encode() for name in names), None]


async def test_a_file_that_is_too_long_is_not_read_to_its_end() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    async with server(answer) as address:
        with pytest.raises(LogUnusable, match="more than 1000 bytes"):
            await fetched(address, Wanted("tile/0/000", 1000))


async def test_a_server_that_drips_is_left() -> None:
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await held.wait()
        return response

    async with server(answer) as address:
        with pytest.raises(LogUnusable, match="not answered within"):
            await fetched(address, Wanted("checkpoint", 1000), seconds=0.2)
        held.set()


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (302, {"Location": "http://127.0.0.1:1/"}, "status 302"),
        (403, {}, "--hashes-only"),
        (503, {}, "try again later"),
        (200, {"Content-Encoding": "gzip"}, "status 200"),
    ],
)
async def test_what_is_no_plain_answer_is_refused(status: int, headers: dict[str, str], said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, body=b"something")

    async with server(answer) as address:
        with pytest.raises(LogUnusable, match=said):
            await fetched(address, Wanted("checkpoint", 1000))


async def test_a_server_that_is_not_there_is_told() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with server(answer) as address:
        await fetched(address, Wanted("checkpoint", 1000))
    with pytest.raises(LogUnusable, match="cannot be read"):
        await fetched(address, Wanted("checkpoint", 1000))


@pytest.mark.parametrize(
    "address",
    [
        "http://log.example",
        "http://10.0.0.1:80",
        "ftp://127.0.0.1",
        "https://",
        "https://a@log.example",
        "https://log.example?x",
        "https://log.example:99999",
        "http://127.0.0.1.example",
    ],
)
def test_an_address_that_is_not_safe_is_refused(address: str) -> None:
    with pytest.raises(LogUnusable, match=r"no address|over https"):
        Site(address)
