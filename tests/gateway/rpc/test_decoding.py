"""Bytes that are no message, or too many, are refused like any other bad request: with a reason, in the log, without a Python class."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from gateway.client.failure import QueryRefused, of
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc import reading, receipts, usage
from gateway.rpc.decoding import LARGEST, Unread, soft
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.certs import faulty
from tests.gateway.rpc.house import PATIENCE, QUERY, House, house, papers, request
from tests.gateway.stages.builders import NOW

GBK = "样样事项"
"""In GBK it is no UTF-8: what a caller sends who writes the bytes by hand, in the charset of his country's older systems."""


def in_gbk() -> bytes:
    body = request().SerializeToString()
    wide, narrow = GBK.encode(), GBK.encode("gbk")
    return body.replace(wide, narrow.ljust(len(wide)))


async def told(gateway: House, method: str, body: bytes) -> QueryRefused:
    async with gateway.channel() as channel:
        bare: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
            method
        )  # on the wire the others are the same
        call = bare(body, timeout=PATIENCE)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call.read()
    refusal = of(error.value)
    assert isinstance(refusal, QueryRefused), refusal
    return refusal


READERS: tuple[Callable[[Any], Any], ...] = (
    lambda unread: reading.question(unread, NOW),
    lambda unread: reading.verification(unread, NOW),
    lambda unread: reading.download(unread, NOW),
    lambda unread: usage.question(unread, NOW),
    receipts.exchange_id,
)
VERIFY = "/kuacheng.v1.EvidenceService/Verify"
OTHERS = ("EvidenceService/Download", "EvidenceService/Watch", "LedgerService/FindUsage")
RECORDED = (QUERY, VERIFY, *(f"/kuacheng.v1.{each}" for each in OTHERS))
UNRECORDED = ("/kuacheng.v1.LedgerService/GetReceipt", "/kuacheng.v1.DirectoryService/ListEvidenceTypes")


def padded(size: int) -> bytes:
    """A question with a field of tomorrow that makes it so many bytes; the field has a head of five bytes."""
    body = request().SerializeToString()
    rest = size - len(body) - 5
    return body + b"\xf2\x7f" + bytes([rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14]) + b"x" * rest


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


def test_what_is_too_large_is_not_even_parsed() -> None:
    parsed: list[int] = []
    read = soft(lambda body: parsed.append(len(body)))
    assert read(bytes(LARGEST)) is None
    assert read(bytes(LARGEST + 1)) is Unread.TOO_LARGE
    assert parsed == [LARGEST]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(("unread", "wanted"), [(Unread.TOO_LARGE, "at most 65536 bytes"), (Unread.NO_MESSAGE, "kuacheng.v1.")])
def test_each_reader_refuses_what_was_not_read(read: Callable[[Any], Any], unread: Unread, wanted: str) -> None:
    try:
        refused = read(unread)
    except Refusal as raised:
        refused = raised
    assert (refused.reason, refused.detail) == (Reason.INVALID_REQUEST, unread.value)
    assert [each.field for each in refused.violations] == [""]
    assert wanted in refused.violations[0].description


async def test_a_request_of_the_largest_size_is_answered() -> None:
    async with house() as gateway, gateway.channel() as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
        assert len(padded(LARGEST)) == LARGEST
        assert pb.QueryResponse.FromString(await bare(padded(LARGEST), timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED


async def test_a_request_that_is_too_large_is_refused_by_every_method_that_reads_one() -> None:
    async with house() as gateway:
        for method in (*RECORDED, *UNRECORDED):
            before = len(gateway.told())
            refusal = await told(gateway, method, padded(LARGEST + 1))
            assert refusal.reason == Reason.INVALID_REQUEST.name, method
            assert refusal.told.violations == (Violation("", "at most 65536 bytes in all"),), method
            assert len(gateway.told()) - before == (method in RECORDED), method


async def test_who_is_not_known_is_told_so_whatever_its_size() -> None:
    stranger = faulty.two_uris(papers().regions, papers().now)
    async with house() as gateway, gateway.channel(stranger) as channel:
        bare: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(VERIFY)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await bare(padded(4 * 2**20 - 100), timeout=PATIENCE)
        assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert gateway.told() == ("REFUSED REFUSED CALLER_UNKNOWN",)
