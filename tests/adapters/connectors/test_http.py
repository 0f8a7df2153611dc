"""HTTP over real mutual TLS on loopback, against servers that behave and servers that do not."""

import asyncio
import gzip
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpRequest
from adapters.connectors.settings import SystemSettings
from adapters.connectors.verdict import Unreached
from certs.development import DevelopmentPki
from gateway.model.refusal import Blame, Reason, Refusal
from tests.ports import free_port

Server = Callable[..., AbstractAsyncContextManager[str]]
SettingsOf = Callable[..., SystemSettings]
ASK = HttpRequest("POST", "/ask?token=secret-token", {"Content-Type": "text/plain", "x-sign": "abc"}, b"question")
LARGEST = 100_000


def answering(answer: bytes, *, then_close: bool = False) -> tuple[list[bytes], Any]:
    """A handler that reads a request of ASK's form and says `answer`; and what it read."""
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append(head + (await reader.readexactly(len(ASK.body)) if head.startswith(b"POST") else b""))
                writer.write(answer)
                await writer.drain()
                if then_close:
                    break
        writer.close()

    return seen, handle


def http(body: bytes = b"answer", *headers: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def connected(settings: SystemSettings) -> AsyncIterator[HttpClient]:
    client = HttpClient(settings, largest_answer=LARGEST)
    try:
        yield client
    finally:
        await client.close()


async def refused(sending: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await sending
    assert caught.value.blame is Blame.COUNTERPARTY
    assert "secret-token" not in caught.value.detail
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


async def test_one_request_and_its_answer(tls_server: Server, settings_of: SettingsOf) -> None:
    seen, handler = answering(http(b"answer", "X-Some: thing"))
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", f"{url}/base/")) as client:
        answer = await client.send(ASK, 60)
    assert (answer.status, answer.headers["x-some"], answer.body) == (200, "thing", b"answer")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert (line, body) == ("POST /base/ask?token=secret-token HTTP/1.1", b"question")
    names = {header.partition(":")[0].lower() for header in headers}
    assert names == {"host", "accept-encoding", "content-type", "x-sign", "content-length"}
    assert "Accept-Encoding: identity" in headers


@pytest.mark.parametrize(
    "parts", [{"path": "/a\r\nX: y"}, {"headers": {"X": "y\n"}}, {"headers": {"X\x7f": "y"}}, {"method": "GET\x00"}]
)
async def test_a_line_break_in_a_head_is_our_own_fault(settings_of: SettingsOf, parts: dict[str, Any]) -> None:
    async with connected(settings_of("guangzhou.g1", "https://city.test")) as client:
        with pytest.raises(RuntimeError):
            await client.send(replace(ASK, **parts), 60)


async def test_a_connection_is_kept_and_cookies_are_not(tls_server: Server, settings_of: SettingsOf) -> None:
    connections = 0
    seen, handler = answering(http(b"", "Set-Cookie: a=b"))

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await handler(reader, writer)

    async with tls_server(counting) as url, connected(settings_of("guangzhou.g1", url)) as client:
        for _ in range(3):
            await client.send(ASK, 60)
    assert (connections, len(seen)) == (1, 3)
    assert not any(b"cookie" in each.lower() for each in seen)


@pytest.mark.parametrize("behind", [http(b"stray")[:30], http(b"stray")])
@pytest.mark.parametrize("at_once", [True, False])
async def test_an_answer_that_nobody_asked_for_answers_no_other_question(
    tls_server: Server, settings_of: SettingsOf, behind: bytes, *, at_once: bool
) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"question")
        writers.append(writer)
        writer.write(http(b"%d" % len(writers)) + behind * at_once)
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"question")
            writer.write(http(b"stray")[len(behind) :])
        writer.close()

    async with tls_server(twice) as url, connected(settings_of("guangzhou.g1", url)) as client:
        assert (await client.send(ASK, 60)).body == b"1"
        writers[0].write(behind * (not at_once))
        assert (await client.send(ASK, 60)).body == b"2"


async def test_connections_are_limited(tls_server: Server, settings_of: SettingsOf) -> None:
    most = now = 0
    let = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await reader.readuntil(b"question")
        if now == 2:
            let.set()
        await let.wait()
        now -= 1
        writer.write(http(b"answer", "Connection: close"))
        writer.close()

    async with tls_server(slow) as url, connected(settings_of("guangzhou.g1", url, connections=2)) as client:
        answers = await asyncio.gather(*(client.send(ASK, 60) for _ in range(6)))
    assert ([answer.body for answer in answers], most) == ([b"answer"] * 6, 2)


async def test_a_redirect_is_not_followed_and_nothing_is_unpacked(tls_server: Server, settings_of: SettingsOf) -> None:
    packed = gzip.compress(b"a" * 1000)
    answer = http(packed, "Location: /elsewhere", "Content-Encoding: gzip", status="302 Found")
    seen, handler = answering(answer)
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", url)) as client:
        found = await client.send(ASK, 60)
    assert (found.status, found.body, len(seen)) == (302, packed, 1)


async def test_a_proxy_in_the_environment_is_not_used(
    tls_server: Server, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    _, handler = answering(http())
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", url)) as client:
        assert (await client.send(ASK, 60)).status == 200


CHUNK = b"%x\r\n%s\r\n" % (50_000, b"a" * 50_000)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"a" * (LARGEST + 1)), Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK * 3 + b"0\r\n\r\n", Reason.CITY_ANSWER_INVALID),
        (http()[:-1], Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", Reason.CITY_ANSWER_INVALID),
        (b"\x00\xff garbage\r\n\r\n", Reason.CITY_ANSWER_INVALID),
        (b"SSH-2.0-server\r\n", Reason.CITY_ANSWER_INVALID),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Reason.CITY_UNAVAILABLE),
        (b"", Reason.CITY_UNAVAILABLE),
    ],
)
async def test_no_whole_answer(tls_server: Server, settings_of: SettingsOf, answer: bytes, reason: Reason) -> None:
    _, handler = answering(answer, then_close=True)
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", url)) as client:
        assert (await refused(client.send(ASK, 60))).reason is reason


async def test_the_largest_answer_is_taken(tls_server: Server, settings_of: SettingsOf) -> None:
    _, handler = answering(http(b"a" * LARGEST))
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", url)) as client:
        assert len((await client.send(ASK, 60)).body) == LARGEST


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_server_that_hangs(tls_server: Server, settings_of: SettingsOf, begun: bytes) -> None:
    _, handler = answering(begun)
    async with tls_server(handler) as url:
        for seconds, timeout in ((0.1, 100.0), (100.0, 0.1)):
            async with connected(settings_of("guangzhou.g1", url, timeout=timeout)) as client:
                started = time.monotonic()
                assert (await refused(client.send(ASK, seconds))).reason is Reason.CITY_TIMEOUT
                assert time.monotonic() - started < 50


async def test_a_connection_that_takes_too_long_has_carried_nothing(settings_of: SettingsOf) -> None:
    got = bytearray()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1000):
            got.extend(piece)
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1") as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connected(settings_of("guangzhou.g1", url, connections=1)) as client:

            async def streamed() -> None:
                async with client.stream(ASK, 0.2):
                    raise AssertionError

            told = [await refused(each) for each in (client.send(ASK, 0.2), streamed())]
            told += await asyncio.gather(*(refused(client.send(ASK, 0.2)) for _ in range(2)))
    assert [(type(each), each.reason) for each in told] == [(Unreached, Reason.CITY_TIMEOUT)] * 4
    assert b"question" not in got


async def test_nobody_there(settings_of: SettingsOf) -> None:
    async with connected(settings_of("guangzhou.g1", f"https://127.0.0.1:{free_port()}")) as client:
        refusal = await refused(client.send(ASK, 60))
    assert (refusal.reason, refusal.detail) == (
        Reason.CITY_UNAVAILABLE,
        "guangzhou.g1: no connection (ConnectionRefusedError)",
    )


async def test_whoever_cannot_show_that_he_is_the_city(tls_server: Server, settings_of: SettingsOf, pki: DevelopmentPki) -> None:
    seen, handler = answering(http())
    other = pki.authorities["440600"].certificate.read_bytes()
    async with tls_server(handler) as url:
        for parts in ({"server_name": "foshan.test"}, {"authorities": other}):
            async with connected(settings_of("guangzhou.g1", url, **parts)) as client:
                assert (await refused(client.send(ASK, 60))).reason is Reason.CITY_UNAVAILABLE
    assert seen == []


async def test_a_city_that_does_not_take_our_certificate(
    tls_server: Server, settings_of: SettingsOf, pki: DevelopmentPki
) -> None:
    async with (
        tls_server(answering(http())[1], pki.authorities["440600"].certificate) as url,
        connected(settings_of("guangzhou.g1", url)) as client,
    ):
        assert (await refused(client.send(ASK, 60))).reason is Reason.CITY_UNAVAILABLE


async def test_it_opens_again_after_it_was_closed(tls_server: Server, settings_of: SettingsOf) -> None:
    _, handler = answering(http())
    async with tls_server(handler) as url, connected(settings_of("guangzhou.g1", url)) as client:
        await client.send(ASK, 60)
        await client.close()
        await client.close()
        assert (await client.send(ASK, 60)).status == 200


def test_tls_is_not_older_than_1_2_and_is_not_logged(
    settings_of: SettingsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = HttpClient(settings_of("guangzhou.g1", "https://city.test"))._tls
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname, context.keylog_filename) == (ssl.CERT_REQUIRED, True, None)


def test_settings_that_cannot_serve(settings_of: SettingsOf, pki: DevelopmentPki, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    key = load_pem_private_key(pki.gateway_client.key.read_bytes(), password=None)
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")))
    wrong: list[dict[str, object]] = [
        {"url": "http://city.test"},
        {"url": "https://"},
        {"url": "https://user@city.test"},
        {"url": "https://city.test/?a=b"},
        {"timeout": 0.0},
        {"connections": 0},
        {"authorities": b""},
        {"authorities": "何".encode()},
        {"authorities": pki.gateway_client.key.read_bytes()},
        {"authorities": pki.gateway_client.certificate.read_bytes()},
        {"certificate": str(tmp_path / "missing.pem")},
        {"key": os.devnull},
        {"key": str(pki.gateway_server.key)},
        {"key": str(locked)},
    ]
    for parts in wrong:
        with pytest.raises(ValueError, match=r"^guangzhou\.g1: "):
            HttpClient(settings_of("guangzhou.g1", **{"url": "https://city.test", **parts}))
