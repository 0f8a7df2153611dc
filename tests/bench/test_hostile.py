"""Peers who misbehave are what they say they are, and others are served beside them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench import hostile
from bench.hostile import Door, Peer
from tests.bench.door import NAME, door
from tests.gateway.rpc.house import PATIENCE, House, asked, house


@pytest.fixture
async def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[House, Door]]:
    """A gateway, and how one gets to it."""
    monkeypatch.setattr(hostile, "SERVER_NAME", NAME)
    monkeypatch.setattr(hostile, "_SLOW", 8)
    async with house() as gateway:
        yield gateway, door(gateway, tmp_path)


async def test_who_only_stays_stays_and_answers(before: tuple[House, Door]) -> None:
    gateway, way_in = before
    peers = await way_in.peers(5)
    async with gateway.client() as client:
        await client.query(**asked())
    assert not any(each.ended.done() for each in peers)
    assert gateway.server.accepted() >= len(peers)
    for each in peers:
        each.transport.abort()


async def test_who_pings_without_end_is_thrown_out_and_others_are_served(before: tuple[House, Door]) -> None:
    gateway, way_in = before
    thrown: Peer = await way_in.peer(hostile._PING * 500)
    async with gateway.client() as client:
        await client.query(**asked())
    async with asyncio.timeout(PATIENCE):
        await thrown.ended


@pytest.mark.parametrize("kind", [hostile.slow, hostile.flood, hostile.pings], ids=lambda kind: kind.__name__)
async def test_others_are_served_beside_each_kind(before: tuple[House, Door], kind: object) -> None:
    gateway, way_in = before
    enough = asyncio.Event()
    doing = asyncio.create_task(kind(way_in, enough))  # type: ignore[operator]
    async with gateway.client() as client:
        for _ in range(3):
            await client.query(**asked())
    enough.set()
    assert await asyncio.wait_for(doing, PATIENCE)
