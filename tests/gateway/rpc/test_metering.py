"""Calls are counted by service, method and code, each once, whatever its end; and nobody can make a series by inventing a name."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from gateway.rpc.metering import Metering
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.rpc.house import PATIENCE, QUERY, House, house, request

EVIDENCE = "kuacheng.v1.EvidenceService"


class Tally:
    """gateway.rpc.metering.RpcMeter: keeps what it was told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: list[tuple[str, str, str]] = []
        self.seconds: list[float] = []

    def started(self, service: str, method: str) -> None:
        self.begun.append((service, method))

    def handled(self, service: str, method: str, code: str, seconds: float) -> None:
        self.ended.append((service, method, code))
        self.seconds.append(seconds)


def counted(gateway: House, code: str, service: str = EVIDENCE, method: str = "Query") -> float:
    labels = {"grpc_type": "unary", "grpc_service": service, "grpc_method": method}
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
    assert tally.begun == [(EVIDENCE, "Query")]
    assert tally.ended == [(EVIDENCE, "Query", "OK")]
    assert tally.seconds == [2.5]
