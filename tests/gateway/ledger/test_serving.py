"""The log over HTTP: what is served, to whom, and with which headers."""

import asyncio
import logging
import shutil
import sqlite3
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from certs.authority import Leaf
from certs.extensions import Profile, Usage
from gateway.ledger import serving as serving_module
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.filed import FiledRecords
from gateway.ledger.layout import unbundled
from gateway.ledger.listening import Papers
from gateway.ledger.note import Note
from gateway.ledger.serving import Door, Readers, Served, serving
from gateway.ledger.tree import Frontier, grow, leaf_hash
from tests.gateway.rpc.house import PATIENCE, papers

MONITOR, AUDITOR, STRANGER = (f"spiffe://foshan.test/{name}" for name in ("monitor", "auditor", "stranger"))
COSIGNED = "a cosigned note\n"


@dataclass(frozen=True)
class Got:
    status: int
    body: bytes
    headers: Mapping[str, str]


@pytest.fixture
async def written(path: Path, ledger_at, book) -> Path:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(600)))
    return path


def served(path: Path, cosigned: str | None = None) -> Served:
    return Served(partial(FiledRecords.open, path), lambda: cosigned)


@asynccontextmanager
async def client(address: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=tls or True)
    async with aiohttp.ClientSession(address, connector=connector) as session:
        yield session


async def get(session: aiohttp.ClientSession, path: str, method: str = "GET", **headers: str) -> Got:
    async with session.request(method, path, headers=headers, allow_redirects=False) as response:
        return Got(response.status, await response.read(), response.headers)


async def test_tiles_and_checkpoint_make_the_tree_that_is_signed(written: Path) -> None:
    async with serving(served(written), Door("127.0.0.1", 0)) as address, client(address) as session:
        stated = Checkpoint.parse(Note.parse((await get(session, "/checkpoint")).body.decode()).text)
        assert stated.size == 600
        hashes = b"".join([(await get(session, f"/tile/0/{name}")).body for name in ("000", "001", "002.p/88")])
        frontier, _ = grow(Frontier(), [hashes[at : at + 32] for at in range(0, len(hashes), 32)])
        assert (frontier.size, frontier.root) == (600, stated.root)
        above = (await get(session, "/tile/1/000.p/2")).body
        assert grow(Frontier(), [above[:32], above[32:]])[0].root == frontier.hashes[0]


async def test_a_tile_never_changes_and_says_so_and_a_checkpoint_is_asked_for_again(written: Path) -> None:
    async with serving(served(written, COSIGNED), Door("127.0.0.1", 0)) as address, client(address) as session:
        tile = await get(session, "/tile/0/000")
        assert tile.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert tile.headers["Content-Type"] == "application/octet-stream"
        again = await get(session, "/tile/0/000", **{"If-None-Match": tile.headers["ETag"]})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tile.headers["ETag"])
        newest = await get(session, "/checkpoint", **{"If-None-Match": '"other"'})
        assert (newest.status, newest.headers["Cache-Control"]) == (200, "no-cache")
        assert newest.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert (await get(session, "/checkpoint.cosigned")).body.decode() == COSIGNED


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("/", 404, "no such file"),
        ("/tile/0/003", 404, "not so large"),
        ("/tile/0/002", 404, "not so large"),
        ("/tile/0/002.p/89", 404, "not so large"),
        ("/tile/2/000.p/1", 404, "not so large"),
        ("/tile/0/1", 404, "no path of a tile"),
        ("/tile/0/x999/x999/x999/x999/x999/x999/999", 404, "not so large"),
        ("/checkpoint.cosigned", 404, "no witnesses"),
        ("/tile/entries/000", 403, "mutual TLS"),
    ],
)
async def test_what_is_not_there_or_not_for_all_is_told(written: Path, asked: str, status: int, said: str) -> None:
    async with serving(served(written), Door("127.0.0.1", 0)) as address, client(address) as session:
        got = await get(session, asked)
        assert (got.status, said in got.body.decode(), got.headers["Cache-Control"]) == (status, True, "no-store")


async def test_nothing_but_get_and_head_is_answered(written: Path) -> None:
    async with serving(served(written), Door("127.0.0.1", 0)) as address, client(address) as session:
        assert (await get(session, "/checkpoint", "POST")).status == 405
        assert (await get(session, "/tile/0/000", "DELETE")).status == 405
        head = await get(session, "/tile/0/000", "HEAD")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "8192")


async def test_a_log_that_cannot_be_read_is_a_503_until_it_can(written: Path) -> None:
    aside = written.with_name("aside")
    async with serving(served(written), Door("127.0.0.1", 0)) as address, client(address) as session:
        await asyncio.to_thread(written.rename, aside)
        got = await get(session, "/checkpoint")
        assert (got.status, str(written) in got.body.decode()) == (503, False)
        await asyncio.to_thread(aside.rename, written)
        assert (await get(session, "/checkpoint")).status == 200


async def test_more_requests_than_it_takes_at_once_are_sent_away(written: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving_module, "MOST_WAITING", 0)
    async with serving(served(written), Door("127.0.0.1", 0)) as address, client(address) as session:
        assert (await get(session, "/checkpoint")).status == 503


def issued(uri: str) -> Leaf:
    kept = papers()
    return kept.regions.other.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), kept.now, timedelta(days=1))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """PEM files, by what they hold."""
    kept, folder = papers(), tmp_path_factory.mktemp("reading")
    held = {"cert": kept.server.certificate, "key": kept.server.key, "server ca": kept.gateway.certificate_pem}
    held["client ca"] = kept.regions.other.certificate_pem
    for uri in (MONITOR, AUDITOR, STRANGER):
        leaf = issued(uri)
        held |= {f"{uri} cert": leaf.certificate, f"{uri} key": leaf.key}
    named = {name: str(folder / str(number)) for number, name in enumerate(held)}
    for name, content in held.items():
        Path(named[name]).write_bytes(content)
    return named


def showing(files: dict[str, str], uri: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files["server ca"])
    if uri:
        context.load_cert_chain(files[f"{uri} cert"], files[f"{uri} key"])
    return context


@asynccontextmanager
async def guarded(path: Path, files: dict[str, str]) -> AsyncIterator[str]:
    tls = Papers(files["cert"], files["key"], files["client ca"])
    readers = Readers(frozenset({MONITOR}), frozenset({AUDITOR}))
    async with serving(served(path), Door("127.0.0.1", 0, tls, readers)) as address:
        yield address


async def test_an_auditor_reads_entries_a_monitor_hashes_and_a_stranger_nothing(written: Path, files) -> None:
    paths = ("/checkpoint", "/tile/0/000", "/tile/entries/000")
    expected = {AUDITOR: [200, 200, 200], MONITOR: [200, 200, 403], STRANGER: [403, 403, 403]}
    async with guarded(written, files) as address:
        for uri, statuses in expected.items():
            async with client(address, showing(files, uri)) as session:
                assert [(await get(session, path)).status for path in paths] == statuses


async def test_entries_are_those_of_the_tile_and_no_cache_keeps_them(written: Path, files) -> None:
    async with guarded(written, files) as address, client(address, showing(files, AUDITOR)) as session:
        got, tile = await get(session, "/tile/entries/002.p/88"), await get(session, "/tile/0/002.p/88")
        leaves = list(unbundled(got.body, 88))
        assert b"".join(leaf_hash(leaf or b"") for leaf in leaves) == tile.body
        assert got.headers["Cache-Control"] == "private, no-store"


async def test_a_purged_entry_is_there_with_no_bytes(written: Path, files) -> None:
    with closing(sqlite3.connect(written)) as connection, connection:
        connection.execute("UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx = 513")
    async with guarded(written, files) as address, client(address, showing(files, AUDITOR)) as session:
        leaves = list(unbundled((await get(session, "/tile/entries/002.p/3")).body, 3))
        assert [leaf is None for leaf in leaves] == [False, True, False]


async def test_whoever_shows_no_certificate_is_not_let_in(written: Path, files) -> None:
    async with guarded(written, files) as address, client(address, showing(files, None)) as session:
        with pytest.raises(aiohttp.ClientError):
            await get(session, "/checkpoint")


async def test_appending_goes_on_while_the_log_is_read(path: Path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger, serving(served(path), Door("127.0.0.1", 0)) as address, client(address) as session:
        sizes = []
        for n in range(20):
            recorded, got = await asyncio.gather(ledger.append(book.refused(n)), get(session, "/checkpoint"))
            sizes.append(Checkpoint.parse(Note.parse(got.body.decode()).text).size)
            assert recorded.index == n
        assert sizes == sorted(sizes)


class Log(logging.Handler):
    """Tells when something was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        self._loop.call_soon_threadsafe(self.news.put_nowait, record.getMessage())


@pytest.fixture
async def logged() -> AsyncIterator[asyncio.Queue[str]]:
    logger, heard = logging.getLogger("kuacheng.monitors"), Log()
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    yield heard.news
    logger.removeHandler(heard)
    logger.setLevel(logging.NOTSET)


def generation(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, of in files.items():
        shutil.copy(of, folder / name)
    return folder


def lead(link: Path, folder: Path) -> None:
    fresh = link.with_suffix(".new")
    fresh.symlink_to(folder)
    fresh.replace(link)


async def test_a_new_generation_is_taken_up_and_a_bad_one_is_not(
    written: Path, files: dict[str, str], tmp_path: Path, logged: asyncio.Queue[str]
) -> None:
    """Whom the new authorities do not let in reads nothing more, over a connection that stands either."""
    sound, link = {"cert": files["cert"], "key": files["key"], "ca": files["client ca"]}, tmp_path / "current"
    first, bad = generation(tmp_path / "1", sound), generation(tmp_path / "2", sound | {"key": files[f"{AUDITOR} key"]})
    other = generation(tmp_path / "3", sound | {"ca": files["server ca"]})
    lead(link, first)
    shown = Papers(*(str(link / name) for name in ("cert", "key", "ca")))
    door = Door("127.0.0.1", 0, shown, Readers(frozenset(), frozenset({AUDITOR})))
    async with serving(served(written), door) as address, client(address, showing(files, AUDITOR)) as session:
        assert (await get(session, "/checkpoint")).status == 200
        lead(link, bad)
        async with asyncio.timeout(PATIENCE):
            assert "cannot be shown" in await logged.get()
        assert (await get(session, "/checkpoint")).status == 200
        lead(link, other)
        async with asyncio.timeout(PATIENCE):
            assert "are shown" in await logged.get()
        with pytest.raises(aiohttp.ClientError):
            await get(session, "/checkpoint")
        lead(link, first)
        async with asyncio.timeout(PATIENCE):
            assert "are shown" in await logged.get()
        assert (await get(session, "/checkpoint")).status == 200
