"""Calls are counted by service, method and code, each once, whatever its end; and nobody can make a series by inventing a name."""

import asyncio
from dataclasses import replace
from uuid import UUID

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from gateway.client import QueryRefused
from gateway.model.identity import Revoked
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from gateway.rpc.metering import Metering
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.stages.identify import identify
from tests.gateway.rpc.house import PATIENCE, QUERY, House, asked, house, papers, request
from tests.gateway.rpc.test_watch import TICKET
from tests.gateway.stages import builders
from tests.gateway.test_delivery import CONTENT, file, opened, refused

EVIDENCE = "kuacheng.v1.EvidenceService"


class Tally:
    """gateway.rpc.metering.RpcMeter: keeps what it was told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str]] = []
        self.ended: list[tuple[str, str, str, str]] = []
        self.seconds: list[float] = []

    def started(self, kind: str, service: str, method: str) -> None:
        self.begun.append((kind, service, method))

    def handled(self, kind: str, service: str, method: str, code: str, seconds: float) -> None:
        self.ended.append((kind, service, method, code))
        self.seconds.append(seconds)


def counted(gateway: House, code: str, service: str = EVIDENCE, method: str = "Query", kind: str = "unary") -> float:
    labels = {"grpc_type": kind, "grpc_service": service, "grpc_method": method}
    return gateway.metrics.registry.get_sample_value("grpc_server_handled_total", labels | {"grpc_code": code}) or 0.0


async def ends(gateway: House, asked: pb.QueryRequest) -> None:
    async with gateway.stub() as stub:
        await asyncio.gather(stub.Query(asked, timeout=PATIENCE), return_exceptions=True)


async def test_each_end_of_a_call_is_counted_once_under_its_code() -> None:
    async with house(Limits(in_flight=1)) as gateway:
        await ends(gateway, request())
        await ends(gateway, pb.QueryRequest())
        gateway.city.told = Refusal(Reason.CITY_UNAVAILABLE, "")
        await ends(gateway, request())
        gateway.city.told = ValueError()
        await ends(gateway, request())
        await gateway.metrics.counted(4)
        codes = {name: counted(gateway, name) for name in ("OK", "INVALID_ARGUMENT", "UNAVAILABLE", "INTERNAL", "CANCELLED")}
        assert codes == {"OK": 1, "INVALID_ARGUMENT": 1, "UNAVAILABLE": 1, "INTERNAL": 1, "CANCELLED": 0}


async def test_bytes_that_are_no_message_are_counted_too() -> None:
    async with house() as gateway, gateway.channel() as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
        with pytest.raises(grpc.aio.AioRpcError):
            await bare(b"\xff", timeout=PATIENCE)
        await gateway.metrics.counted(1)
        assert counted(gateway, "INVALID_ARGUMENT") == 1


async def test_a_call_that_is_left_is_counted_as_cancelled() -> None:
    async with house() as gateway, gateway.stub() as stub:
        gateway.city.hold()
        call = stub.Query(request(), timeout=PATIENCE)
        await gateway.city.asked(1)
        call.cancel()
        await gateway.metrics.counted(1)
        assert counted(gateway, "CANCELLED") == 1


async def test_names_that_callers_invent_make_no_series() -> None:
    async with house() as gateway, gateway.channel() as channel:
        await HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        await gateway.metrics.counted(1)
        before = {tuple(sorted(each.labels.items())) for metric in gateway.metrics.registry.collect() for each in metric.samples}
        for place in range(50):
            bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                f"/invented.v{place}.Service/Method{place}"
            )
            with pytest.raises(grpc.aio.AioRpcError):
                await bare(b"", timeout=PATIENCE)
        after = {tuple(sorted(each.labels.items())) for metric in gateway.metrics.registry.collect() for each in metric.samples}
        assert after == before
        assert counted(gateway, "OK", "grpc.health.v1.Health", "Check") == 1


async def test_the_time_of_a_call_is_told() -> None:
    tally, ticks = Tally(), iter((10.0, 12.5))

    async def answer(_: object, __: object) -> str:
        return "answer"

    counting = Metering(tally, lambda: next(ticks)).counted(EVIDENCE, "Query", answer)
    assert await counting(None, None) == "answer"
    assert tally.begun == [("unary", EVIDENCE, "Query")]
    assert tally.ended == [("unary", EVIDENCE, "Query", "OK")]
    assert tally.seconds == [2.5]


async def test_streams_are_counted_under_their_kind_however_they_end() -> None:
    def ends(method: str, *codes: str) -> dict[str, float]:
        return {code: counted(gateway, code, method=method, kind="server_stream") for code in codes}

    async with house() as gateway:
        question = opened(gateway)
        async with gateway.client(attempts=1) as client, client.download(**question) as download:
            assert [each async for each in download]
        await refused(gateway, question | {"format": "PDF"})
        gateway.city.pieces = [CONTENT] * 400
        gateway.city.told = replace(gateway.city.told, files=((file(CONTENT * 400),),))  # type: ignore[type-var]
        async with gateway.client(attempts=1) as client, client.download(**question) as download:
            await anext(aiter(download))
        gateway.city.told = TICKET
        async with gateway.client(attempts=1) as client:
            first = await client.query(**asked())
            gateway.city.told = builders.answer()
            assert [each async for each in client.watch(first.question)]
            with pytest.raises(QueryRefused):
                [each async for each in client.watch(replace(first.question, request_id=str(UUID(int=7))))]
        await gateway.metrics.counted(6)
        assert ends("Download", "OK", "INVALID_ARGUMENT", "CANCELLED", "UNKNOWN") == {
            "OK": 1,
            "INVALID_ARGUMENT": 1,
            "CANCELLED": 1,
            "UNKNOWN": 0,
        }
        assert ends("Watch", "OK", "NOT_FOUND") == {"OK": 1, "NOT_FOUND": 1}


async def test_a_stream_that_is_cut_off_is_counted_under_what_its_caller_was_told() -> None:
    async def revoked(gateway: House) -> None:
        caller = identify(gateway.shown_by[0], gateway.world.trust, papers().now)
        gateway.revoke(Revoked(fingerprints=frozenset({caller.fingerprint})))
        await gateway.server.sweep()

    async with house() as gateway, gateway.channel() as channel:
        watching = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        await anext(aiter(watching))
        question = opened(gateway, files=(file(CONTENT * 400),))
        gateway.city.pieces = [CONTENT] * 400
        await refused(gateway, question, midway=revoked)
        await gateway.metrics.counted(2)
        assert counted(gateway, "UNAUTHENTICATED", method="Download", kind="server_stream") == 1
        assert counted(gateway, "UNAUTHENTICATED", "grpc.health.v1.Health", "Watch", "server_stream") == 1
