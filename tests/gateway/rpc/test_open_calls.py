"""Who is not believed any more loses calls, streams and resumed sessions at once, and is told why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc.experimental import session_cache
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2

from certs.extensions import Profile, Usage
from gateway.client.failure import QueryRefused, of
from gateway.model.identity import Revoked
from gateway.model.refusal import Reason
from gateway.rpc import services
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceStub
from gateway.stages.identify import identify
from tests.certs import faulty
from tests.gateway.rpc.house import PATIENCE, House, house, papers

REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def revoked(gateway: House) -> Revoked:
    caller = identify(gateway.shown_by[0], gateway.world.trust, papers().now)
    return Revoked(fingerprints=frozenset({caller.fingerprint}))


def reason(error: grpc.aio.AioRpcError) -> str:
    told = of(error)
    assert isinstance(told, QueryRefused), told
    return told.reason


async def listed(channel: grpc.aio.Channel) -> directory_pb.ListRegionsResponse:
    answer: directory_pb.ListRegionsResponse = await DirectoryServiceStub(channel).ListRegions(
        directory_pb.ListRegionsRequest(), timeout=PATIENCE
    )
    return answer


@asynccontextmanager
async def watched(channel: grpc.aio.Channel) -> AsyncIterator[Any]:
    """A Watch of health that has had its first answer, and goes on."""
    call = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert (await call.read()).status == health_pb2.HealthCheckResponse.SERVING
    yield call
    call.cancel()


async def ended(call: Any) -> grpc.StatusCode:
    """How it ended, whatever was still to be read."""
    async with asyncio.timeout(PATIENCE):
        code: grpc.StatusCode = await call.code()
    return code


async def test_calls_over_a_connection_that_stands_are_refused() -> None:
    async with house() as gateway, gateway.channel() as channel:
        await listed(channel)
        gateway.revoke(revoked(gateway))
        for call in (
            listed(channel),
            HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE),
            HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE).read(),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call
            assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert reason(error.value) == Reason.CERTIFICATE_REVOKED.name


async def test_open_streams_end_at_once_and_say_why_and_those_of_others_go_on() -> None:
    other = papers().regions.other.issue(
        Profile(
            uri=f"spiffe://{faulty.OTHER_TRUST_DOMAIN}/department/{faulty.CREDIT_CODE}/system/x", usages=frozenset({Usage.CLIENT})
        ),
        papers().now,
        timedelta(days=1),
    )
    asking = asyncio.Event()

    async def asked() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        await asking.wait()

    async with house() as gateway, gateway.channel() as channel, gateway.channel(other) as theirs:
        await listed(channel)
        reflect = channel.stream_stream(
            REFLECT,
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        reflecting = reflect(asked())
        assert (await reflecting.read()).list_services_response.service
        async with watched(channel) as watching, watched(theirs) as undisturbed:
            gateway.revoke(revoked(gateway))
            await gateway.server.sweep()
            for call in (watching, reflecting):
                assert await ended(call) is grpc.StatusCode.UNAUTHENTICATED
            assert (
                gateway.metrics.registry.get_sample_value("kuacheng_callers_cut_off_total", {"reason": "CERTIFICATE_REVOKED"})
                == 2
            )
            await gateway.server.sweep()
            assert not undisturbed.done()
            await listed(theirs)
        asking.set()


async def test_a_resumed_session_does_not_bring_a_revoked_certificate_back(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = papers().sound
    credentials = grpc.ssl_channel_credentials(papers().gateway.certificate_pem, leaf.key, leaf.certificate)
    cache = session_cache.ssl_session_cache_lru(4)
    options = (
        ("grpc.ssl_session_cache", cache),
        ("grpc.ssl_target_name_override", "localhost"),
        ("grpc.use_local_subchannel_pool", 1),
    )
    resumed: list[bytes] = []
    read = services._peer

    def noting(context: Any, inside: Any) -> Any:
        resumed.extend(context.auth_context()["ssl_session_reused"])
        return read(context, inside)

    monkeypatch.setattr(services, "_peer", noting)
    async with house() as gateway:

        async def once() -> None:
            async with grpc.aio.secure_channel(gateway.address, credentials, options) as channel:
                await listed(channel)

        await once()
        await once()
        gateway.revoke(revoked(gateway))
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await once()
        assert reason(error.value) == Reason.CERTIFICATE_REVOKED.name
    assert resumed == [b"false", b"true", b"true"]


async def test_a_certificate_that_expires_ends_its_stream_and_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house() as gateway, gateway.channel() as channel, watched(channel) as watching:
        later = papers().now + timedelta(days=400)
        monkeypatch.setattr(type(gateway.inside.ports.clock), "now", lambda _: later)
        await gateway.server.sweep()
        assert await ended(watching) is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await listed(channel)
        assert reason(error.value) == Reason.CALLER_UNKNOWN.name


async def test_a_stream_that_is_just_being_written_to_ends_as_well() -> None:
    """Set while a message is on its way out, gRPC's status would be lost, and the caller would wait for ever."""
    async with house() as gateway, gateway.channel() as channel:
        await listed(channel)
        bad, good = revoked(gateway), Revoked()
        for _ in range(20):
            gateway.revoke(good)
            async with watched(channel) as watching:
                gateway.revoke(bad)
                await gateway.server.sweep()
                assert await ended(watching) is grpc.StatusCode.UNAUTHENTICATED
