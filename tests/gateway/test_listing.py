"""Each list is read by itself: none holds up another, and none is given up, whatever its file or its server does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from certs import crl as judge
from certs.crl import CrlRefused
from gateway import listing
from gateway.config import Loaded, RevocationList
from gateway.development.layout import Layout
from gateway.listing import AGAIN_SECONDS, FETCH_SECONDS, Lists, Source, fetched, stamp
from tests.certs.listing import crl
from tests.gateway.living import NOW, read
from tests.gateway.rpc.house import PATIENCE

CANARY = "张三丰 440101188502280019"
REGION = "440600"
URL = "http://ca.example/foshan.crl"


@dataclass
class Reading:
    """Lists that are looked at when a test says so, with a clock that it turns; `answers` are what the URL gives, in turn."""

    loaded: Loaded
    answers: list[bytes | Exception | None] = field(default_factory=list)
    asked: int = 0
    now: datetime = NOW
    moment: float = 0.0

    def __post_init__(self) -> None:
        self.lists = Lists(lambda: self.now, lambda: self.moment, self._fetch)

    async def _fetch(self, _: str) -> bytes:
        self.asked += 1
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer or b""

    async def look(self, seconds: float = PATIENCE) -> tuple[Source, ...]:
        self.lists.look(self.loaded)
        await self.lists.looked(seconds)
        return self.lists.regions[REGION]


@pytest.fixture
def wanting(living: Layout) -> Callable[..., Loaded]:
    def wanted(*texts: str) -> Loaded:
        lists = tuple(RevocationList(each, None if each == URL else living.folder / each) for each in texts)
        return replace(read(living), revocation_lists=MappingProxyType({REGION: lists}))

    return wanted


def numbered(source: Source) -> int:
    assert source.listing is not None
    return source.listing.number


async def test_one_that_never_comes_holds_up_no_other(living: Layout, wanting: Callable[..., Loaded]) -> None:
    (living.folder / "foshan.crl").write_bytes(crl(living.pki.authority(REGION), NOW, number=4))
    reading = Reading(wanting(URL, "foshan.crl"), [None])
    hanging, at_hand = await reading.look(seconds=0.0)
    assert at_hand.looking is not None
    await asyncio.wait([at_hand.looking], timeout=PATIENCE)
    reading.moment += FETCH_SECONDS * 2
    await reading.look(seconds=0.0)
    assert (hanging.listing, numbered(at_hand), reading.asked) == (None, 4, 1)
    await reading.lists.close()


async def test_a_file_that_did_not_change_is_tried_again_for_as_long_as_it_is_not_believed(
    living: Layout, wanting: Callable[..., Loaded], caplog: pytest.LogCaptureFixture
) -> None:
    ahead = NOW + judge.CLOCK_LEEWAY + timedelta(seconds=3)
    (living.folder / "foshan.crl").write_bytes(crl(living.pki.authority(REGION), ahead, number=1))
    reading = Reading(wanting("foshan.crl"))
    for _ in range(3):
        (source,) = await reading.look()
        assert "it begins in the future" in source.fault
        reading.moment += AGAIN_SECONDS
    assert [each.message for each in caplog.records] == ["a revocation list is not believed"], "told once"
    reading.now += timedelta(seconds=3)
    (source,) = await reading.look()
    assert (source.fault, numbered(source)) == ("", 1)


async def test_a_url_that_fails_is_tried_again_ever_later_whatever_it_fails_by(
    living: Layout, wanting: Callable[..., Loaded], caplog: pytest.LogCaptureFixture
) -> None:
    good = crl(living.pki.authority(REGION), NOW, number=1)
    reading = Reading(wanting(URL), [good, RuntimeError(CANARY), CrlRefused("it could not be fetched"), b"nonsense", good])
    waits = (0.0, FETCH_SECONDS, AGAIN_SECONDS, AGAIN_SECONDS * 2, AGAIN_SECONDS * 4)
    faults = []
    for asked, wait in enumerate(waits):
        reading.moment += wait - 0.1
        await reading.look()
        assert reading.asked == asked
        reading.moment += 0.1
        (source,) = await reading.look()
        faults.append(source.fault)
        assert numbered(source) == 1, "what was believed stays"
    assert faults == ["", "RuntimeError", "it could not be fetched", "it cannot be read", ""]
    assert CANARY not in caplog.text


async def test_numbers_of_all_lists_are_kept_and_a_record_that_is_none_is_named(
    living: Layout, wanting: Callable[..., Loaded]
) -> None:
    for region in ("440100", REGION):
        (living.folder / f"{region}.crl").write_bytes(crl(living.pki.authority(region), NOW, number=7))
    both = wanting(f"{REGION}.crl")
    other = RevocationList("440100.crl", living.folder / "440100.crl")
    reading = Reading(replace(both, revocation_lists=MappingProxyType({**both.revocation_lists, "440100": (other,)})))
    await reading.look()
    record = reading.loaded.beside.with_name(reading.loaded.beside.name + listing.SUFFIX)
    assert sorted(json.loads(record.read_text()).values()) == [7, 7]
    record.write_bytes(b"\xff")
    (source,) = await Reading(both).look()
    assert source.fault == "ledger.db.crls, the record of lists' numbers, cannot be read; put back a good one"


async def test_what_is_wanted_no_more_is_let_go_and_what_stays_keeps_what_was_believed(
    living: Layout, wanting: Callable[..., Loaded]
) -> None:
    (living.folder / "foshan.crl").write_bytes(crl(living.pki.authority(REGION), NOW, number=1))
    reading = Reading(wanting("foshan.crl", URL), [None])
    kept, gone = await reading.look(seconds=0.0)
    task, reading.loaded = gone.looking, wanting("foshan.crl")
    assert await reading.look() == (kept,)
    assert numbered(kept) == 1
    assert task is not None
    assert task.cancelled()


def test_other_rights_are_a_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert stamp(file) == ()
    file.write_bytes(b"")
    before = stamp(file)
    file.chmod(0o400)
    assert stamp(file) != before


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[str]:
    """A server that sends these after whatever it is asked, and then nothing more, for ever."""
    done = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(pieces)
        await done.wait()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/foshan.crl"
        finally:
            done.set()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
ANSWERS: dict[str, tuple[tuple[bytes, ...], str]] = {
    "no HTTP": ((b"SSH-2.0-OpenSSH_9.2\r\n",), r"could not be fetched \(\w+\)"),
    "one that is not there": ((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",), "HTTP status 404"),
    "one that dribbles": ((HEAD % 1000, b"x"), r"could not be fetched \(TimeoutError\)"),
    "one without an end": (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"9\r\n123456789\r\n"),
        "larger than 8 bytes",
    ),
    "a redirect to a file": ((b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",), "could not be fetched"),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_server_has_so_much_time_and_so_many_bytes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr(judge, "LARGEST", 8)
    pieces, told = ANSWERS[kind]
    async with asyncio.timeout(PATIENCE), answering(*pieces) as url:
        with pytest.raises(CrlRefused, match=told):
            await fetched(url)


async def test_what_a_server_sends_is_given_as_it_is() -> None:
    async with asyncio.timeout(PATIENCE), answering(HEAD % 3, b"crl") as url:
        assert await fetched(url) == b"crl"
