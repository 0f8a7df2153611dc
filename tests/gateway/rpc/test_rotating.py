"""What a listener shows is changed under calls that do not notice, and what cannot be shown is not."""

import asyncio
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from gateway.rpc import rotating
from gateway.rpc.rotating import NotShown, Shown
from tests.gateway.rpc.house import PATIENCE, House, asked, house, papers


def renewed(life: timedelta = timedelta(days=1), authority: Authority | None = None) -> Leaf:
    profile = Profile(
        uri="spiffe://gateway.test/gateway/house",
        usages=frozenset({Usage.SERVER}),
        dns_names=("localhost",),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )
    return (authority or papers().gateway).issue(profile, papers().now, life)


def shown(leaf: Leaf, *more: bytes) -> Shown:
    trusted = papers().regions.own.certificate_pem + papers().regions.other.certificate_pem
    return Shown(leaf.certificate, leaf.key, trusted + b"".join(more))


async def met(gateway: House) -> str:
    host, _, port = gateway.address.rpartition(":")
    return await rotating._leaf(await rotating._connected(host, int(port)))


async def test_new_connections_see_the_new_certificate_and_old_ones_stay() -> None:
    async with house() as gateway, gateway.client() as standing:
        await standing.query(**asked())
        for _ in range(3):
            fresh = shown(renewed())
            await gateway.server.show(fresh)
            assert await met(gateway) == fresh.fingerprint()
            await standing.query(**asked())
            async with gateway.client() as new:
                await new.query(**asked())


async def test_what_cannot_be_shown_leaves_what_was_shown() -> None:
    one, other = renewed(), renewed()
    async with house() as gateway:
        good = shown(one)
        await gateway.server.show(good)
        for bad in (
            Shown(other.certificate, one.key, good.authorities),
            Shown(other.certificate, b"no key", good.authorities),
            Shown(b"no certificate", one.key, good.authorities),
        ):
            with pytest.raises(NotShown):
                await gateway.server.show(bad)
            assert await met(gateway) == good.fingerprint()
        async with gateway.client() as client:
            await client.query(**asked())


async def test_a_caller_under_an_authority_that_is_trusted_only_now_gets_through_tls() -> None:
    new = Authority.create("guangzhou CA 2", papers().now, timedelta(days=2))
    profile = Profile(uri="spiffe://guangzhou.test/x", usages=frozenset({Usage.CLIENT}))
    leaf = new.issue(profile, papers().now, timedelta(days=1))
    async with house() as gateway:
        before = gateway.server.accepted()
        await gateway.server.show(shown(papers().server, new.certificate_pem))
        async with gateway.channel(leaf) as channel, asyncio.timeout(PATIENCE):
            await channel.channel_ready()
        assert gateway.server.accepted() >= before + 3, "parked, tried, and the caller"
