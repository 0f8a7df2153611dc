"""Through the real nginx, whose keys lie in a token, to the real gateway: who asks is known, and nobody else can say who asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from certs import subject
from certs.authority import Leaf
from certs.extensions import Profile, Usage
from gateway.client.failure import QueryRefused, of
from gateway.clock import SystemClock
from gateway.model.identity import Peer, Revoked
from gateway.model.refusal import Reason
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.presented import HEADER
from gateway.rpc.rotating import Shown
from gateway.stages.identify import identify
from tests.certs import faulty
from tests.deploy.nginx.following import Site
from tests.gateway.rpc.house import PATIENCE, House, house, papers, request

PROXY = subject.department_system(faulty.OWN_TRUST_DOMAIN, faulty.CREDIT_CODE, "front-proxy")
pytestmark = [pytest.mark.needs("softhsm"), pytest.mark.needs("nginx")]


@dataclass(frozen=True)
class Front:
    """nginx before a gateway."""

    gateway: House
    address: str
    inside: bytes
    """By which CA nginx knows the gateway."""

    @asynccontextmanager
    async def channel(self, leaf: Leaf | None) -> AsyncIterator[grpc.aio.Channel]:
        """To nginx, as this caller, or as nobody."""
        pair = (leaf.key, leaf.certificate) if leaf else (None, None)
        credentials = grpc.ssl_channel_credentials(papers().gateway.certificate_pem, *pair)
        options = (("grpc.ssl_target_name_override", "gateway.test"),)
        async with grpc.aio.secure_channel(self.address, credentials, options) as channel:
            yield channel

    @asynccontextmanager
    async def past_nginx(self, leaf: Leaf) -> AsyncIterator[grpc.aio.Channel]:
        """To the gateway itself, as this caller who knows the CA inside."""
        credentials = grpc.ssl_channel_credentials(self.inside, leaf.key, leaf.certificate)
        async with grpc.aio.secure_channel(self.gateway.address, credentials) as channel:
            yield channel


@pytest.fixture(scope="module")
async def front(site: Site) -> AsyncIterator[Front]:
    async with house() as gateway:
        inside = site.folder / "issued/gateway-inside"
        trusted = papers().regions.own.certificate_pem + papers().regions.other.certificate_pem
        await gateway.server.show(Shown((inside / "certificate.pem").read_bytes(), (inside / "key.pem").read_bytes(), trusted))
        port = site.configured("front.conf", **{"server 127.0.0.1:8444": f"server {gateway.address}"})
        with site.running("front.conf", port):
            yield Front(gateway, f"127.0.0.1:{port}", (site.folder / "inside/ca.crt").read_bytes())


@pytest.fixture
def gateway(front: Front) -> House:
    """That believes its front proxy, and has revoked nobody."""
    front.gateway.turn(trust=replace(papers().trust(), front_proxy=PROXY))
    return front.gateway


async def query(channel: grpc.aio.Channel, **more: Any) -> Any:
    return await EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE, **more)


async def refused(call: Awaitable[object]) -> str:
    """The reason of an UNAUTHENTICATED."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED, error.value
    told = of(error.value)
    assert isinstance(told, QueryRefused)
    return told.reason


async def test_the_gateway_knows_who_asks_and_the_log_says_through_whom(front: Front, gateway: House) -> None:
    async with front.channel(papers().sound) as channel:
        assert (await query(channel)).receipt.proof
    (facts,) = (each.facts for each in gateway.entries()[-2:] if "caller_system" in each.facts)
    assert (facts["caller_system"], facts["caller_through"]) == (faulty.SYSTEM, PROXY)


async def test_what_a_caller_writes_into_the_header_does_not_pass_nginx(front: Front, gateway: House) -> None:
    other = papers().regions.own.issue(_system("other"), papers().now, timedelta(days=1))
    async with front.channel(papers().sound) as channel:
        assert (await query(channel, metadata=[(HEADER, named(other))])).receipt.proof
    shown = gateway.shown_by[-1]
    assert (identify(shown, gateway.world.trust, SystemClock().now()).uri, shown.forwarded) == (
        faulty.SOUND_URI,
        Peer(papers().sound.certificate),
    )


async def test_nobody_else_names_a_caller(front: Front, gateway: House) -> None:
    other = papers().regions.own.issue(_system("other"), papers().now, timedelta(days=1))
    async with front.past_nginx(other) as channel:
        assert await refused(query(channel, metadata=[(HEADER, named(papers().sound))])) == Reason.FORWARDING_REFUSED.name
    assert gateway.told()[-1] == f"REFUSED REFUSED {Reason.FORWARDING_REFUSED.name}"
    assert gateway.entries()[-1].facts["detail"].startswith(_system("other").uri)


async def test_who_knows_the_gateway_as_callers_do_does_not_take_its_own_port_for_it(front: Front, gateway: House) -> None:
    """The key of that port is a file; whoever takes it cannot stand in for the front door."""
    async with gateway.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError, match="CERTIFICATE_VERIFY_FAILED"):
            await query(channel)


async def test_a_proxy_that_nobody_configured_is_refused(front: Front, gateway: House) -> None:
    gateway.turn(trust=papers().trust())
    async with front.channel(papers().sound) as channel:
        assert await refused(query(channel)) == Reason.FORWARDING_REFUSED.name


async def test_who_shows_no_certificate_is_told_so(front: Front, gateway: House) -> None:
    async with front.channel(None) as channel:
        with pytest.raises(grpc.aio.AioRpcError, match=r"show a certificate of your region's CA") as error:
            await query(channel)
    assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("uri", "reason"),
    [(faulty.SOUND_URI, Reason.CERTIFICATE_REVOKED), (PROXY, Reason.FORWARDING_REFUSED)],
    ids=["caller", "proxy"],
)
async def test_calls_and_streams_end_when_either_is_revoked(front: Front, gateway: House, uri: str, reason: Reason) -> None:
    async with front.channel(papers().sound) as channel:
        watching = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
        gateway.revoke(Revoked(uris=frozenset({uri})))
        await gateway.server.sweep()
        async with asyncio.timeout(PATIENCE):
            assert await watching.code() is grpc.StatusCode.UNAUTHENTICATED
        assert await refused(query(channel)) == reason.name


def named(leaf: Leaf) -> str:
    """As nginx writes it."""
    return f'Cert="{quote(leaf.certificate, safe="")}"'


def _system(name: str) -> Profile:
    uri = subject.department_system(faulty.OWN_TRUST_DOMAIN, faulty.CREDIT_CODE, name)
    return Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
