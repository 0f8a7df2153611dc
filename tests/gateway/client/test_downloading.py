"""A download on disk: whole under its name or not there, and nothing that was there is lost by it."""

import stat
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import grpc
import pytest

from gateway.client import ClientFailure, Outcome
from gateway.client.downloading import Download, begun
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.stages import builders

CONTENT = b"%PDF-1.7 of today"
YESTERDAY = b"%PDF-1.7 of yesterday"
OUT = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "the line broke")


async def download(outcome: int, *pieces: bytes | Exception) -> Download:
    """What a gateway announces as CONTENT, or as nothing, and then sends."""

    async def messages() -> AsyncIterator[pb.DownloadResponse]:
        file = pb.EvidenceFile(format="PDF", sha256=sha256(CONTENT).digest()) if outcome == pb.OUTCOME_ISSUED else None
        yield pb.DownloadResponse(header=pb.DownloadHeader(outcome=outcome, file=file))  # type: ignore[arg-type]  # also what is none
        for each in pieces:
            if isinstance(each, Exception):
                raise each
            yield pb.DownloadResponse(chunk=each)

    return await begun(messages(), builders.query())


def held(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of each file in it."""
    return {each.name: (stat.S_IMODE(each.stat().st_mode), each.read_bytes()) for each in folder.iterdir()}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "licence.pdf"
    path.write_bytes(YESTERDAY)
    return path


async def test_a_whole_file_takes_the_place_of_the_one_before_and_is_its_owners_alone(kept: Path) -> None:
    await (await download(pb.OUTCOME_ISSUED, CONTENT[:4], CONTENT[4:])).save(kept)
    assert held(kept.parent) == {kept.name: (0o600, CONTENT)}


@pytest.mark.parametrize(
    ("outcome", "pieces", "code"),
    [
        (pb.OUTCOME_NO_RECORD, (), grpc.StatusCode.NOT_FOUND),
        (pb.OUTCOME_ISSUED, (CONTENT[:4], OUT), grpc.StatusCode.UNAVAILABLE),
        (pb.OUTCOME_ISSUED, (CONTENT[:-1], b"!"), grpc.StatusCode.DATA_LOSS),
        (pb.OUTCOME_ISSUED, (), grpc.StatusCode.DATA_LOSS),
    ],
    ids=["no record", "broken off", "another file", "nothing"],
)
async def test_what_was_there_stays_when_there_is_no_file(
    kept: Path, outcome: int, pieces: tuple[bytes | Exception, ...], code: grpc.StatusCode
) -> None:
    before = held(kept.parent)
    for name in (kept, kept.with_name("new.pdf")):
        with pytest.raises(ClientFailure) as caught:
            await (await download(outcome, *pieces)).save(name)
        assert caught.value.code is code
    assert held(kept.parent) == before


async def test_no_record_has_no_bytes_and_brings_none_unseen() -> None:
    none = await download(pb.OUTCOME_NO_RECORD)
    assert none.announced.outcome is Outcome.NO_RECORD
    assert [each async for each in none] == []
    with pytest.raises(ClientFailure, match="not those"):
        [each async for each in await download(pb.OUTCOME_NO_RECORD, CONTENT)]


async def test_an_outcome_that_is_not_known_is_a_failure() -> None:
    with pytest.raises(ClientFailure, match="newer client"):
        await download(99)
