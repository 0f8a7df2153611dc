"""The bench's own caller speaks HTTP/2 as any other: answers, refusals, as many at a time as the gateway allows, and an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from bench.wire import ConnectionEnded, Wire
from gateway.client.failure import told_in
from gateway.model.refusal import Reason
from gateway.model.world import Limits
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.bench.door import NAME, door
from tests.gateway.rpc.house import PATIENCE, QUERY, House, house, request

REFUSED_STREAM = 7
"""RFC 9113, 7: nothing was done with it."""
STREAMS = 256
"""That the gateway allows on a connection."""


@asynccontextmanager
async def wired(folder: Path, limits: Limits | None = None) -> AsyncIterator[tuple[House, Wire]]:
    async with house(limits) as gateway:
        wire = await Wire.to(door(gateway, folder), NAME, QUERY, PATIENCE)
        yield gateway, wire
        wire.close()


async def test_a_question_is_answered_as_it_is_for_grpc(tmp_path: Path) -> None:
    async with wired(tmp_path) as (_, wire):
        reply = await wire.ask(request().SerializeToString())
    assert reply.status == 0
    assert pb.QueryResponse.FromString(reply.message).outcome == pb.OUTCOME_ISSUED


async def test_a_refusal_has_its_details(tmp_path: Path) -> None:
    async with wired(tmp_path) as (_, wire):
        reply = await wire.ask(request(evidence_type="no-such-kind").SerializeToString())
    told = told_in(reply.details)
    assert (reply.status, told and told.reason) == (grpc.StatusCode.INVALID_ARGUMENT.value[0], Reason.UNKNOWN_EVIDENCE_TYPE.name)


async def test_what_is_above_the_allowed_streams_waits_and_is_sent_then(tmp_path: Path) -> None:
    async with wired(tmp_path, Limits(in_flight=4 * STREAMS)) as (gateway, wire):
        gateway.city.hold()
        asked = [wire.ask(request().SerializeToString()) for _ in range(STREAMS + 20)]
        await gateway.city.asked(STREAMS)
        assert not any(each.done() for each in asked)
        gateway.city.release()
        replies = await asyncio.gather(*asked)
    assert {each.status for each in replies[:STREAMS]} == {0}
    # gRPC may refuse what comes in the moment in which it clears away the calls before it.
    assert {(each.status, each.reset) for each in replies[STREAMS:]} <= {(0, None), (-1, REFUSED_STREAM)}


async def test_who_waits_is_told_that_the_connection_ended(tmp_path: Path) -> None:
    async with wired(tmp_path) as (gateway, wire):
        gateway.city.hold()
        waits = wire.ask(request().SerializeToString())
        await gateway.city.asked(1)
        wire.close()
        with pytest.raises(ConnectionEnded):
            await waits
        with pytest.raises(ConnectionEnded):
            await wire.ask(request().SerializeToString())
