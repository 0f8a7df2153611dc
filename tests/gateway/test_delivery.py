"""Downloads through a whole gateway: nothing before its entry, nothing whole that is another file, and a caller who may leave."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
import pytest

from gateway.client import Outcome, QueryRefused
from gateway.client.failure import of
from gateway.model.agreement import Grant
from gateway.model.city import CityAnswer, CityFile
from gateway.model.identity import Revoked
from gateway.model.query import FileFormat
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.stages.identify import identify
from gateway.stages.withhold import CHUNK
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import PATIENCE, House, asked, house, papers, request
from tests.gateway.stages import builders

CONTENT = b"PK\x03\x04" + bytes(range(256)) * (5 * CHUNK // 512)
PIECES = [CONTENT[:7], CONTENT[7 : 2 * CHUNK], CONTENT[2 * CHUNK :]]


def file(content: bytes = CONTENT, kind: str = "OFD") -> CityFile:
    return CityFile(kind, "reference", sha256(content).hexdigest(), len(content))


def found(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def opened(gateway: House, *, download: bool = True, files: tuple[CityFile, ...] = (file(),)) -> dict[str, Any]:
    """Lets the caller download and the city give it; the arguments of Client.download."""
    (agreement,) = next(iter(gateway.world.agreements.values()))
    grants = {builders.KIND.code: Grant(builders.KIND.code, builders.SHOWN, download=download)}
    tables = {key: replace(table, files=(FileFormat.OFD,)) for key, table in gateway.world.tables.items()}
    gateway.turn(
        agreements=MappingProxyType({agreement.department: (replace(agreement, grants=grants),)}), tables=MappingProxyType(tables)
    )
    told = gateway.city.told
    assert isinstance(told, CityAnswer)
    gateway.city.told = replace(told, files=(files,))
    gateway.city.pieces = list(PIECES)
    return {name: value for name, value in asked().items() if name != "fields"} | {"format": "OFD"}


async def refused(
    gateway: House, question: dict[str, Any], midway: Callable[[House], Awaitable[None]] | None = None
) -> tuple[QueryRefused, bytes]:
    """How a download ended, and what had come by then; `midway` happens once the first chunk has come."""
    came = b""
    try:
        async with gateway.client(attempts=1) as client, client.download(**question) as download:
            async for chunk in download:
                if not came and midway:
                    await midway(gateway)
                came += chunk
    except QueryRefused as told:
        return told, came
    raise AssertionError("it was not refused")


async def test_the_file_comes_whole_after_its_entry_and_its_receipt_binds_it(tmp_path: Path) -> None:
    async with house() as gateway:
        question = opened(gateway)
        async with gateway.client() as client, client.download(**question) as download:
            assert gateway.told() == ("INTENT", "OUTCOME ISSUED")
            assert download.announced.sha256 == sha256(CONTENT).hexdigest()
            await download.save(tmp_path / "paper.ofd")
        assert found(tmp_path) == {"paper.ofd": CONTENT}
        verified = download.announced.verify([VKEY])
        assert (verified.question, verified.answer) == (True, True)
        assert gateway.entries()[-2].facts["act"] == "DOWNLOAD"


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([*PIECES[:2], PIECES[2][:-1] + b"!"], Reason.CITY_ANSWER_INVALID),
        (PIECES[:2], Reason.CITY_ANSWER_INVALID),
        ([*PIECES, b"!"], Reason.CITY_ANSWER_INVALID),
        ([*PIECES, Refusal(Reason.CITY_ANSWER_INVALID, "the envelope is none")], Reason.CITY_ANSWER_INVALID),
        ([PIECES[0], Refusal(Reason.CITY_TIMEOUT, "drips")], Reason.CITY_TIMEOUT),
    ],
    ids=["wrong digest", "half a body", "too long", "no end", "slow drip"],
)
async def test_another_file_never_comes_whole(pieces: list[bytes | Exception], reason: Reason, tmp_path: Path) -> None:
    async with house() as gateway:
        question = opened(gateway)
        gateway.city.pieces = pieces
        told, came = await refused(gateway, question)
        assert (told.reason, told.blame) == (reason.name, "COUNTERPARTY")
        assert len(came) < len(CONTENT)
        async with gateway.client(attempts=1) as client:
            with pytest.raises(QueryRefused):
                async with client.download(**question) as download:
                    await download.save(tmp_path / "paper.ofd")
        assert found(tmp_path) == {}
        assert gateway.told() == ("INTENT", "OUTCOME ISSUED") * 2
        assert gateway.city.fetching == 0


async def test_who_may_not_download_is_refused_and_nobody_asked() -> None:
    async with house() as gateway:
        told, _ = await refused(gateway, opened(gateway, download=False))
        assert (told.reason, gateway.city.requests) == (Reason.PURPOSE_NOT_COVERED.name, [])
        told, _ = await refused(gateway, opened(gateway) | {"format": "PDF"})
        assert [each.field for each in told.told.violations] == ["format"]
        assert gateway.told() == ("REFUSED REFUSED PURPOSE_NOT_COVERED", "REFUSED REFUSED INVALID_REQUEST")


@pytest.mark.parametrize("files", [(), (file(kind="PNG"),), (file(), file(b"another"))])
async def test_what_is_not_one_file_is_refused(files: tuple[CityFile, ...]) -> None:
    async with house() as gateway:
        told, _ = await refused(gateway, opened(gateway, files=files))
        assert told.reason == Reason.CITY_REFUSED.name
        assert gateway.told() == ("INTENT", "OUTCOME REFUSED CITY_REFUSED")


async def test_of_several_papers_none_is_picked() -> None:
    """Not even where one alone has a file of the format: it may be the one that was revoked."""
    old, new = builders.record(bh="OLD-1", zt="2"), builders.record(bh="NEW-2")
    async with house() as gateway:
        question = opened(gateway)
        gateway.city.told = CityAnswer("00", (old, new), files=((file(),), (file(kind="PNG"),)))
        told, _ = await refused(gateway, question)
        assert (told.reason, [each.field for each in told.told.violations]) == ("INVALID_REQUEST", ["number"])
        async with gateway.client() as client, client.download(**question, number="OLD-1") as download:
            assert b"".join([each async for each in download]) == CONTENT


async def test_no_record_is_told_and_nothing_follows() -> None:
    async with house() as gateway:
        question = opened(gateway)
        gateway.city.told = CityAnswer("10", no_record=True)
        async with gateway.client() as client, client.download(**question) as download:
            assert (download.announced.outcome, [each async for each in download]) == (Outcome.NO_RECORD, [])
        assert gateway.told() == ("INTENT", "OUTCOME NO_RECORD")


async def test_what_cannot_be_recorded_is_not_fetched() -> None:
    async with house() as gateway:
        question = opened(gateway)
        gateway.ledger.fails = lambda entry: Refusal(Reason.LEDGER_UNAVAILABLE, "full") if entry.kind.value == "OUTCOME" else None
        told, came = await refused(gateway, question)
        assert (told.reason, came) == (Reason.LEDGER_UNAVAILABLE.name, b"")
        assert not gateway.city.fetched.is_set()


async def test_a_caller_who_leaves_lets_go_of_the_city() -> None:
    async with house() as gateway:
        question = opened(gateway, files=(file(CONTENT * 400),))
        gateway.city.pieces = [CONTENT] * 400
        async with gateway.client() as client, client.download(**question) as download:
            assert len(await anext(aiter(download))) == CHUNK
            gateway.city.hold()
        async with asyncio.timeout(PATIENCE):
            await gateway.city.fetched.wait()
        assert gateway.city.fetching == 0


async def test_who_is_revoked_in_the_midst_has_no_more_of_it() -> None:
    async def revoked(gateway: House) -> None:
        caller = identify(gateway.shown_by[0], gateway.world.trust, papers().now)
        gateway.revoke(Revoked(fingerprints=frozenset({caller.fingerprint})))
        await gateway.server.sweep()

    async with house() as gateway:
        question = opened(gateway, files=(file(CONTENT * 400),))
        gateway.city.pieces = [CONTENT] * 400
        told, came = await refused(gateway, question, midway=revoked)
        assert told.reason == Reason.CERTIFICATE_REVOKED.name
        assert CHUNK <= len(came) < len(CONTENT) * 400
        async with asyncio.timeout(PATIENCE):
            await gateway.city.fetched.wait()


async def test_a_caller_who_reads_nothing_loses_the_file_at_the_deadline() -> None:
    async with house(Limits(longest_download=3.0)) as gateway:
        opened(gateway, files=(file(CONTENT * 64),))
        gateway.city.pieces = [CONTENT] * 64
        async with gateway.stub() as stub:
            call = stub.Download(message(), timeout=PATIENCE)
            assert (await anext(aiter(call))).HasField("header")
            async with asyncio.timeout(PATIENCE):
                await gateway.city.fetched.wait()
            with pytest.raises(grpc.aio.AioRpcError) as error:
                async for _ in call:
                    pass
        told = of(error.value)
        assert isinstance(told, QueryRefused)
        assert told.reason == Reason.DEADLINE_TOO_SHORT.name


async def test_bytes_that_are_no_message_are_refused_with_an_entry() -> None:
    async with house() as gateway, gateway.channel() as channel:
        call = channel.unary_stream("/kuacheng.v1.EvidenceService/Download")(b"\xff\xff", timeout=PATIENCE)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await anext(aiter(call))
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert gateway.told() == ("REFUSED REFUSED INVALID_REQUEST",)


def message() -> pb.DownloadRequest:
    made = request()
    return pb.DownloadRequest(
        request_id=made.request_id,
        evidence_type=made.evidence_type,
        provider_region=made.provider_region,
        holder=made.holder,
        purpose=made.purpose,
        legal_basis=made.legal_basis,
        parameters=made.parameters,
        format="OFD",
    )
