"""The listener on real loopback TLS: who connects, what is too large, how health is told, and a stop that loses no call."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Awaitable

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from certs.authority import Leaf
from gateway.client.failure import QueryRefused, of
from gateway.model.refusal import Reason
from gateway.model.world import Limits
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceStub
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.rotating import Shown
from gateway.rpc.server import SERVICES, Listener, Server
from tests.gateway.rpc.house import PATIENCE, house, papers, request

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
Code = grpc.StatusCode


async def failed(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


async def refused(call: Awaitable[object]) -> QueryRefused:
    told = of(await failed(call))
    assert isinstance(told, QueryRefused), told
    return told


async def test_nobody_connects_without_a_certificate() -> None:
    async with house() as gateway:
        bare = grpc.ssl_channel_credentials(papers().gateway.certificate_pem)
        async with grpc.aio.secure_channel(gateway.address, bare) as channel:
            error = await failed(EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE))
            assert error.code() is Code.UNAVAILABLE
            health = HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
            assert (await failed(health)).code() is Code.UNAVAILABLE, "not even to ask how we are"
        assert gateway.told() == ()
        assert gateway.lines() == []


async def test_nobody_connects_in_plaintext() -> None:
    async with house() as gateway:
        async with grpc.aio.insecure_channel(gateway.address) as channel:
            error = await failed(EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE))
            assert error.code() is Code.UNAVAILABLE
        host, _, port = gateway.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
        assert b"HTTP" not in answer
        assert gateway.told() == ()


async def test_a_caller_does_not_take_another_for_the_gateway() -> None:
    leaf, own = papers().sound, papers().regions.own.certificate_pem
    async with house() as gateway:
        stranger = grpc.ssl_channel_credentials(own, leaf.key, leaf.certificate)
        async with grpc.aio.secure_channel(gateway.address, stranger) as channel:
            assert (await failed(EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE))).code() is Code.UNAVAILABLE


async def test_a_taken_address_is_told_as_such() -> None:
    async with house() as gateway:
        listener = Listener(
            gateway.address, Shown(papers().server.certificate, papers().server.key, papers().gateway.certificate_pem)
        )
        second = Server(listener, gateway.inside, gateway.metering)
        with pytest.raises(OSError, match="is it taken by another program"):
            await second.start()


@pytest.mark.parametrize("which", ["certificate", "key"])
async def test_a_listener_shows_no_key_in_its_repr(which: str) -> None:
    leaf: Leaf = papers().server
    shown = repr(Listener("127.0.0.1:0", Shown(leaf.certificate, leaf.key, b"ca")))
    assert getattr(leaf, which).decode().splitlines()[1] not in shown


async def test_health_is_serving_for_the_whole_and_for_each_service() -> None:
    async with house() as gateway, gateway.channel() as channel:
        health = HealthStub(channel)
        for name in ("", *SERVICES):
            assert (await health.Check(health_pb2.HealthCheckRequest(service=name))).status == SERVING
        assert (await failed(health.Check(health_pb2.HealthCheckRequest(service="kuacheng.v1.Nobody")))).code() is Code.NOT_FOUND


async def test_a_message_above_four_mebibytes_is_refused_by_the_wire() -> None:
    async with house() as gateway, gateway.stub() as stub:
        large = request(fields=["x" * (4 * 2**20)])
        assert (await failed(stub.Query(large, timeout=PATIENCE))).code() is Code.RESOURCE_EXHAUSTED
        assert gateway.told() == ()
        assert (await stub.Query(request(), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED, "and the connection lives on"


@pytest.mark.parametrize("size", [64 * 1024, 4 * 2**20 - 2048])
async def test_a_message_above_our_own_limit_is_an_invalid_request(size: int) -> None:
    async with house() as gateway, gateway.stub() as stub:
        told = (await refused(stub.Query(request(fields=["x" * size]), timeout=PATIENCE))).told
        assert told.reason == Reason.INVALID_REQUEST.name
        assert [each.description for each in told.violations] == ["at most 65536 bytes in all"]
        assert gateway.told() == ("REFUSED REFUSED INVALID_REQUEST",)


async def test_metadata_that_is_too_large_is_refused_and_harms_nobody_else() -> None:
    async with house() as gateway, gateway.stub() as stub:
        flood = stub.Query(request(), timeout=PATIENCE, metadata=(("x-flood", "y" * 64_000),))
        assert (await failed(flood)).code() is Code.RESOURCE_EXHAUSTED
        assert gateway.told() == ()
        assert (await stub.Query(request(), timeout=PATIENCE, metadata=(("x-some", "y" * 4_000),))).outcome == pb.OUTCOME_ISSUED


@pytest.mark.parametrize("method", ["/kuacheng.v1.EvidenceService/Nothing", "/kuacheng.v1.LedgerService/Nothing", "/x/y"])
async def test_a_method_that_is_not_there_is_unimplemented(method: str) -> None:
    async with house() as gateway, gateway.channel() as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        assert (await failed(bare(b"", timeout=PATIENCE))).code() is Code.UNIMPLEMENTED


async def test_a_stop_loses_no_call_and_takes_no_new_one() -> None:
    async with house() as gateway, gateway.channel() as channel:
        stub, health, directory = EvidenceServiceStub(channel), HealthStub(channel), DirectoryServiceStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        gateway.city.hold()
        inside = [asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE)) for _ in range(3)]
        await gateway.city.asked(3)

        stopping = asyncio.create_task(gateway.server.stop(PATIENCE))
        assert (await watch.read()).status == NOT_SERVING
        for newcomer in (
            stub.Query(request(), timeout=PATIENCE),
            directory.ListRegions(directory_pb.ListRegionsRequest(), timeout=PATIENCE),
        ):
            told = (await refused(newcomer)).told
            assert (told.reason, told.blame) == (Reason.SHUTTING_DOWN.name, "OURS")
            assert told.retry_after is not None
        assert (await health.Check(health_pb2.HealthCheckRequest(service=SERVICES[0]))).status == NOT_SERVING
        assert not stopping.done(), "those inside have not left"

        gateway.city.release()
        assert [each.outcome for each in await asyncio.gather(*inside)] == [pb.OUTCOME_ISSUED] * 3
        await asyncio.wait_for(stopping, PATIENCE)
        assert (await failed(stub.Query(request(), timeout=PATIENCE))).code() is Code.UNAVAILABLE
        assert len(gateway.city.requests) == 3
        assert sorted(gateway.told()) == sorted(["INTENT", "OUTCOME ISSUED"] * 3), "a newcomer makes no entry"


async def test_whoever_outlasts_the_grace_is_cut_off_and_recorded_as_unknown() -> None:
    async with house() as gateway, gateway.stub() as stub:
        gateway.city.hold()
        inside = asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE))
        await gateway.city.asked(1)
        await gateway.server.stop(0.01)
        assert (await failed(inside)).code() in {Code.UNAVAILABLE, Code.CANCELLED}
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")


async def test_a_full_house_turns_the_next_away_at_once() -> None:
    async with house(Limits(in_flight=2)) as gateway, gateway.stub() as stub:
        gateway.city.hold()
        inside = [asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE)) for _ in range(2)]
        await gateway.city.asked(2)
        turned = await asyncio.gather(*(refused(stub.Query(request(), timeout=PATIENCE)) for _ in range(20)))
        assert {(each.code, each.reason, each.blame) for each in turned} == {
            (Code.RESOURCE_EXHAUSTED, Reason.OVERLOADED.name, "OURS")
        }
        assert all(each.told.retry_after for each in turned)
        assert not any(each.done() for each in inside)
        assert len(gateway.entries()) == 2, "a flood of calls makes no flood of entries"
        gateway.city.release()
        assert [each.outcome for each in await asyncio.gather(*inside)] == [pb.OUTCOME_ISSUED] * 2
        assert (await stub.Query(request(), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED


async def test_a_call_that_was_not_taken_up_for_two_seconds_ends_and_was_not_asked() -> None:
    """A loop that stands still takes nothing up; gRPC does not keep what came meanwhile until its callers give up."""
    async with house() as gateway:
        shown = papers().sound
        credentials = grpc.ssl_channel_credentials(papers().gateway.certificate_pem, shown.key, shown.certificate)
        with grpc.secure_channel(gateway.address, credentials) as channel:  # its threads go on while the loop stands still
            await asyncio.to_thread(grpc.channel_ready_future(channel).result, PATIENCE)
            asked = [EvidenceServiceStub(channel).Query.future(request(), timeout=PATIENCE) for _ in range(8)]
            threading.Event().wait(2.5)
            codes = Counter(await asyncio.gather(*(asyncio.to_thread(each.code) for each in asked)))
        assert codes.keys() <= {Code.OK, Code.CANCELLED}
        assert codes[Code.CANCELLED] > codes[Code.OK]
        assert len(gateway.entries()) == 2 * codes[Code.OK]


async def test_many_connections_come_and_go() -> None:
    """Half-open ones, some that send nothing, some that send rubbish: the rest is served."""
    async with house() as gateway, gateway.stub() as stub:
        host, _, port = gateway.address.rpartition(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(20)]
        for each in idle[:10]:
            each.sendall(b"\x16\x03\x01\xff\xff" + bytes(300))
        assert (await stub.Query(request(), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED
        for each in idle:
            each.close()


async def test_more_connections_than_are_allowed_are_closed_at_once() -> None:
    async with house(connections=16) as gateway, gateway.stub() as stub:
        assert (await stub.Query(request(), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED
        host, _, port = gateway.address.rpartition(":")
        silent = [await asyncio.open_connection(host, int(port)) for _ in range(15 + 20)]
        async with asyncio.timeout(PATIENCE):
            closed = [asyncio.ensure_future(reader.read(1)) for reader, _ in silent]
            while sum(each.done() for each in closed) < 20:
                await asyncio.wait([each for each in closed if not each.done()], return_when=asyncio.FIRST_COMPLETED)
        assert sum(each.done() for each in closed) == 20
        assert (await stub.Query(request(), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED, "who is there stays"
        for each in closed:
            each.cancel()
        for _, writer in silent:
            writer.close()
