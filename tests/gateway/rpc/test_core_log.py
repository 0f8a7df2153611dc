"""C-core's own words on standard error become counts and places, and nobody else's words are touched."""

import asyncio
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Leaf
from certs.extensions import Profile, Usage
from gateway.rpc.core_log import Handshake, Heard, Said, read, taken
from gateway.rpc.rotating import Shown
from tests.certs import faulty
from tests.gateway.rpc.house import PATIENCE, House, house, papers
from tests.terminal import ROOT

HEAD = b"1122 06:18:10.291898   21382 ssl_transport_security.cc:2125] "
FAILED = b"I" + HEAD + b"Handshake failed with error SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:"
PLACE = "ssl_transport_security.cc:2125"

NAMED = {
    "expired": Handshake.CERTIFICATE_EXPIRED,
    "not_yet_valid": Handshake.CERTIFICATE_NOT_YET_VALID,
    "wrong_authority": Handshake.UNKNOWN_AUTHORITY,
    "forged_authority": Handshake.UNKNOWN_AUTHORITY,
    "self_signed": Handshake.UNKNOWN_AUTHORITY,
    "no_client_usage": Handshake.WRONG_USAGE,
    "no_digital_signature": Handshake.WRONG_USAGE,
}
"""Every certificate that TLS refuses, but for two kinds of key that OpenSSL does not show where gRPC did not offer them."""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (FAILED + b"CERTIFICATE_VERIFY_FAILED: certificate has expired", Said("I", PLACE, Handshake.CERTIFICATE_EXPIRED)),
        (FAILED + b"CERTIFICATE_VERIFY_FAILED: something new", Said("I", PLACE, Handshake.CERTIFICATE_REFUSED)),
        (FAILED + b"TLSV1_ALERT_UNKNOWN_CA: Invalid", Said("I", PLACE, Handshake.REFUSED_BY_CALLER)),
        (FAILED + b"SOMETHING_NEW", Said("I", PLACE, Handshake.OTHER)),
        (b"E" + HEAD + b"Invalid cert chain file.", Said("E", PLACE)),
        (b"W" + HEAD + b"certificate has expired, says a caller", Said("W", PLACE)),
        (b'{"event": "exchange"}', None),
        (b"Traceback (most recent call last):", None),
        (b"", None),
    ],
)
def test_a_line_is_read_by_its_form(line: bytes, said: Said | None) -> None:
    assert read(line) == said


async def shows(gateway: House, leaf: Leaf | None, folder: Path) -> None:
    """Somebody on OpenSSL comes with this certificate, and waits until the connection ends."""
    context = ssl.create_default_context(cadata=papers().gateway.certificate_pem.decode())
    context.set_alpn_protocols(["h2"])
    if leaf is not None:
        (folder / "leaf.pem").write_bytes(leaf.key + leaf.certificate)
        context.load_cert_chain(folder / "leaf.pem")
    host, _, port = gateway.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname="localhost")
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.transport.abort()


async def counted(heard: Heard, why: Handshake, before: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while heard.failed()[why] == before:  # noqa: ASYNC110  another thread counts
            await asyncio.sleep(0.01)


async def test_why_a_handshake_failed_is_counted(tmp_path: Path) -> None:
    heard = Heard()
    async with house() as gateway:
        with taken(heard):
            for name, why in NAMED.items():
                before = heard.failed()[why]
                await shows(gateway, faulty.FAULTS[name].make(papers().regions, papers().now), tmp_path)
                await counted(heard, why, before)
            await shows(gateway, None, tmp_path)
            await counted(heard, Handshake.NO_CERTIFICATE, 0)
            host, _, port = gateway.address.rpartition(":")
            with socket.create_connection((host, int(port))) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
                await counted(heard, Handshake.NOT_TLS, 0)
    assert sum(heard.failed().values()) == len(NAMED) + 2
    assert set(heard.failed()) == {each.value for each in Handshake}


async def test_our_own_look_at_what_we_show_is_nobody_s_failure(tmp_path: Path) -> None:
    heard = Heard()
    names = Profile(uri="spiffe://gateway.test/gateway/house", usages=frozenset({Usage.SERVER}), dns_names=("localhost",))
    async with house() as gateway:
        with taken(heard):
            for _ in range(3):
                leaf = papers().gateway.issue(names, papers().now, timedelta(days=1))
                await gateway.server.show(Shown(leaf.certificate, leaf.key, papers().regions.own.certificate_pem))
            await shows(gateway, faulty.FAULTS["expired"].make(papers().regions, papers().now), tmp_path)
            await counted(heard, Handshake.CERTIFICATE_EXPIRED, 0)
    assert sum(heard.failed().values()) == 1


def test_what_others_write_goes_on_and_what_the_core_warns_of_is_logged_by_its_place(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kuacheng.grpc"), taken(Heard()) as out:
        assert sys.stderr is out
        os.write(2, b"E" + HEAD + b"a caller's words\nsomebody else's words\n")
        os.write(2, b"I" + HEAD + b"a caller's words\nthe last, without an end")
        out.write("a log line\n")
    assert sorted(capfd.readouterr().err.splitlines()) == ["a log line", "somebody else's words", "the last, without an end"]
    assert [(each.__dict__["kind"], each.__dict__["where"]) for each in caplog.records] == [("E", PLACE)]
    assert not any(each.name == "core-log" for each in threading.enumerate())


def _write(line: bytes, times: int) -> None:
    for _ in range(times):
        os.write(2, line)


def test_a_core_that_writes_more_than_anybody_reads_waits_for_nobody() -> None:
    """It may hold the interpreter's lock: who waited for a reader would wait for ever."""
    stuck = threading.Event()

    def hear(_: Said) -> None:
        stuck.wait(PATIENCE)

    with taken(hear):
        line = b"I" + HEAD + b"x" * 900 + b"\n"
        with pytest.raises(BlockingIOError):
            _write(line, 5_000)
        stuck.set()


def test_who_dies_of_a_signal_says_so_where_its_log_goes() -> None:
    program = (
        "import faulthandler\nfrom gateway.rpc.core_log import Heard, taken\nwith taken(Heard()):\n    faulthandler._sigsegv()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode < 0
    assert "Fatal Python error: Segmentation fault" in done.stderr
