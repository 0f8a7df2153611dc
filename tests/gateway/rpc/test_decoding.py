"""Bytes that are no message are refused like any other bad request: with reason and blame, in the log, and without a Python class."""

import grpc
import pytest

from gateway.client.failure import QueryRefused, of
from gateway.model.refusal import Reason
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.rpc.house import PATIENCE, QUERY, House, house, request

GBK = "样样事项"
"""In GBK it is no UTF-8: what a caller sends who writes the bytes by hand, in the charset of his country's older systems."""


def in_gbk() -> bytes:
    body = request().SerializeToString()
    wide, narrow = GBK.encode(), GBK.encode("gbk")
    return body.replace(wide, narrow.ljust(len(wide)))


async def told(gateway: House, method: str, body: bytes) -> QueryRefused:
    async with gateway.channel() as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await bare(body, timeout=PATIENCE)
    refusal = of(error.value)
    assert isinstance(refusal, QueryRefused), refusal
    return refusal


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x02\xc3\x28", b"\x22\x7f\x08", in_gbk(), bytes(range(256)) * 100])
async def test_bytes_that_are_no_question_are_an_invalid_request(body: bytes) -> None:
    async with house() as gateway:
        refusal = await told(gateway, QUERY, body)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_REQUEST.name)
        assert [each.field for each in refusal.told.violations] == [""]
        assert "UTF-8" in refusal.told.violations[0].description
        assert "DecodeError" not in refusal.message
        assert gateway.told() == ("REFUSED REFUSED INVALID_REQUEST",)
        assert gateway.city.requests == []
        assert [each["event"] for each in gateway.lines()] == ["exchange"], "nothing of grpc's own"


async def test_bytes_that_are_no_question_to_the_directory_are_an_invalid_request() -> None:
    async with house() as gateway:
        refusal = await told(gateway, "/kuacheng.v1.DirectoryService/ListEvidenceTypes", b"\x0a\x02\xc3\x28")
        assert refusal.reason == Reason.INVALID_REQUEST.name
        assert gateway.told() == ()


async def test_a_field_of_tomorrow_is_no_fault_today() -> None:
    """Contracts grow: what this edition does not know is passed over."""
    newer = request().SerializeToString() + b"\xf2\x7f\x03abc"
    async with house() as gateway, gateway.channel() as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
        assert pb.QueryResponse.FromString(await bare(newer, timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED


async def test_no_bytes_at_all_are_a_message_with_everything_missing() -> None:
    async with house() as gateway:
        refusal = await told(gateway, QUERY, b"")
        assert refusal.reason == Reason.INVALID_REQUEST.name
        assert len(refusal.told.violations) > 10
        async with gateway.channel() as channel:
            bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/kuacheng.v1.DirectoryService/ListRegions"
            )
            regions = directory_pb.ListRegionsResponse.FromString(await bare(b"", timeout=PATIENCE))
            assert [each.code for each in regions.regions] == ["440600"]
