"""What is too much is refused before it is received, with advice when to return; another caller, and whoever asks for health, is served."""

import asyncio
from itertools import pairwise

import grpc
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from gateway.client.failure import QueryRefused, of
from gateway.model.refusal import Reason
from gateway.model.world import Limits
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.shedding import Advice, Trailer
from tests.certs import faulty
from tests.gateway.rpc.house import PATIENCE, QUERY, House, house, papers, request


def after(trailer: Trailer) -> float:
    """What RetryInfo says, in seconds."""
    told = details.RetryInfo()
    assert any(each.Unpack(told) for each in status_pb2.Status.FromString(trailer[0][1]).details)
    return told.retry_delay.ToTimedelta().total_seconds()


async def floods(gateway: House, channel: grpc.aio.Channel, times: int, body: bytes) -> list[QueryRefused]:
    bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
    ends = await asyncio.gather(*(bare(body, timeout=PATIENCE) for _ in range(times)), return_exceptions=True)
    told = [of(each) for each in ends if isinstance(each, grpc.aio.AioRpcError)]
    assert len(told) == times
    return [each for each in told if isinstance(each, QueryRefused)]


async def test_who_floods_is_turned_away_and_another_caller_and_health_are_served() -> None:
    another = faulty.sound(papers().regions, papers().now)
    async with house(Limits(in_flight=8)) as gateway, gateway.channel() as channel, gateway.stub(another) as other:
        gateway.city.hold()
        query: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
        inside = [asyncio.ensure_future(query(request().SerializeToString(), timeout=PATIENCE)) for _ in range(6)]
        await gateway.city.asked(6)

        turned = await floods(gateway, channel, 16, b"\xff not even a message")
        assert [each.reason for each in turned] == [Reason.OVERLOADED.name] * 16, "nobody has looked at it"
        assert {(each.told.message_zh != "", each.told.exchange_id) for each in turned} == {(True, "")}
        assert len({each.told.retry_after for each in turned}) == 16, "nobody is to return with another"

        served = asyncio.ensure_future(other.Query(request(), timeout=PATIENCE))
        await gateway.city.asked(7)
        health = await HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        assert health.status == health_pb2.HealthCheckResponse.SERVING

        gateway.city.release()
        assert (await served).outcome == pb.OUTCOME_ISSUED
        answers = [pb.QueryResponse.FromString(each) for each in await asyncio.gather(*inside)]
        assert [each.outcome for each in answers] == [pb.OUTCOME_ISSUED] * 6
        labels = {"grpc_type": "unary", "grpc_service": "kuacheng.v1.EvidenceService", "grpc_method": "Query"}
        assert (
            gateway.metrics.registry.get_sample_value("grpc_server_handled_total", labels | {"grpc_code": "RESOURCE_EXHAUSTED"})
            == 16
        )
        assert gateway.inside.door.turned_away == {Reason.OVERLOADED: 16}


async def test_a_crowded_gateway_refuses_and_words_whom_it_lets_in_as_ever() -> None:
    another = faulty.sound(papers().regions, papers().now)
    async with house(Limits(in_flight=4)) as gateway, gateway.stub() as stub, gateway.channel(another) as channel:
        gateway.city.hold()
        inside = [asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE)) for _ in range(3)]
        await gateway.city.asked(3)
        (told,) = await floods(gateway, channel, 1, b"\xff")
        assert told.reason == Reason.INVALID_REQUEST.name
        gateway.city.release()
        await asyncio.gather(*inside)


def test_the_more_are_refused_for_each_that_ends_the_later_they_are_to_return() -> None:
    ended, moment = [0], [0.0]
    advice = Advice(lambda: ended[0], lambda: moment[0])
    means = []
    for refused_for_each in (0, 1, 3, 100, 0):
        told = [after(advice.next()) for _ in range(16 * max(1, refused_for_each))]
        means.append(sum(told) / len(told))
        assert 0.5 * means[-1] <= min(told) <= max(told) <= 1.6 * means[-1]
        ended[0] += 16 if refused_for_each else 1000
        moment[0] += 1.0
        advice.next()
    assert means[0] < 1.2
    assert means[4] > 4 * means[0], "after a hundred for each"
    assert all(before <= later + 0.1 for before, later in pairwise(means))
