"""Everybody authenticates anew while they ask: a new handshake for each, and no call that fails."""

import asyncio
from collections.abc import Callable

from gateway.client import Client
from gateway.rpc.server import LEAVE_SECONDS
from tests.gateway.rpc.house import PATIENCE, asked, house

CLIENTS = 12


async def soon(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  what is looked at changes on other threads
            await asyncio.sleep(0.005)


async def test_no_call_fails_and_everybody_comes_back() -> None:
    async with house() as gateway:
        done: list[int] = [0] * CLIENTS
        ending = asyncio.Event()

        async def ask(place: int, client: Client) -> None:
            while not ending.is_set():
                await client.query(**asked())
                done[place] += 1

        async def round_of_all() -> None:
            wanted = [each + 1 for each in done]
            await soon(lambda: all(have >= want for have, want in zip(done, wanted, strict=True)))

        clients = [gateway.client() for _ in range(CLIENTS)]
        asking = [asyncio.create_task(ask(*each)) for each in enumerate(clients)]
        await round_of_all()
        for _ in range(3):
            before = gateway.server.accepted()
            await gateway.server.reauthenticate()
            await soon(lambda: gateway.server.accepted() >= before + CLIENTS)  # noqa: B023  awaited at once
            await round_of_all()
        ending.set()
        await asyncio.gather(*asking)  # raises what any one of them met
        await asyncio.gather(*(each.close() for each in clients))


async def test_a_call_under_way_is_answered_where_it_is() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.hold()
        under_way = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        await gateway.server.reauthenticate()
        gateway.city.release()
        assert (await under_way).exchange_id
        assert len(gateway.city.requests) == 1, "it was not asked again"
        await asyncio.wait_for(client.query(**asked()), PATIENCE)


async def test_a_gateway_stops_although_somebody_is_still_leaving() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.hold()
        under_way = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        await gateway.server.reauthenticate()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await gateway.server.stop(0.1)
        assert loop.time() - begun < LEAVE_SECONDS / 4
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
