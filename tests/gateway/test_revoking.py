"""Revocation bites a running gateway within a second: by the deny-list, by a CA's list, and when nobody can tell."""

import asyncio
import json
import logging
import math
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography import x509

from certs import denying
from certs.denying import Denied
from gateway import revoking as module
from gateway.app import NotBuildable
from gateway.client import Client, QueryRefused
from gateway.config import Loaded, RevocationList
from gateway.development.layout import WINDOW, Layout
from gateway.listing import AGAIN_SECONDS, Lists
from gateway.model.identity import Revoked
from gateway.model.refusal import Reason
from gateway.revoking import EVERY_SECONDS, Revoking
from gateway.telemetry.revocation import Listed
from tests.certs.listing import crl
from tests.gateway.living import NOW, caller, client, read, running
from tests.gateway.rpc.house import PATIENCE

DAY = timedelta(days=1)
URI = f"spiffe://foshan.test/department/{WINDOW.credit_code}/system/{WINDOW.system}"
DENIED = Denied("its key is lost 密钥丢失", "zhou.li", "2026-11-22T00:00:00+00:00", uri=URI)


def configured(living: Layout, where: str, grace: str = "1h") -> None:
    text = living.config.read_text()
    own = "    trust_domain: foshan.test\n"
    living.config.write_text(text.replace(own, f'{own}    revocation_lists: ["{where}"]\n    revocation_grace: {grace}\n'))


async def becomes(asking: Client, reason: Reason | None) -> None:
    """Asks until the answer is that: refused for this reason, or given."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await asking.evidence_types()
            except QueryRefused as refused:
                if reason and refused.reason == reason.name:
                    return
            else:
                if reason is None:
                    return


class Rounds:
    """How often a gateway with this deny-list has looked whether anything changed; there may be others in this process."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._begun = self._ended = 0
        self._news = asyncio.Event()
        one = Revoking._round

        async def counted(revoking: Revoking) -> None:
            ours = revoking.loaded().deny_list == path
            self._begun += ours
            await one(revoking)
            self._ended += ours
            self._news.set()

        monkeypatch.setattr(Revoking, "_round", counted)

    async def whole(self) -> None:
        """Waits until one has ended that begins only now: they come one after the other."""
        wanted = self._begun + 1
        async with asyncio.timeout(PATIENCE):
            while self._ended < wanted:
                self._news.clear()
                await self._news.wait()


async def test_the_deny_list_is_followed_there_and_back(living: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    path = living.folder / "revoked.json"
    rounds = Rounds(path, monkeypatch)
    assert EVERY_SECONDS <= 0.25, "a round takes some milliseconds, so that this is what revocation within a second hangs on"
    async with running(living) as (serving, said), client(serving, caller(living)) as standing:
        await standing.evidence_types()
        denying.deny(path, DENIED, lambda: None)
        await rounds.whole()
        with pytest.raises(QueryRefused) as refused:
            await standing.evidence_types()
        assert refused.value.reason == Reason.CERTIFICATE_REVOKED.name
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.index("丢".encode()) + 1])  # as a copy in place is until it is done
        await said.heard("kuacheng.revocation", 2)
        await becomes(standing, Reason.CERTIFICATE_REVOKED)
        shutil.copy(path, path.with_suffix(".bad"))
        path.unlink()
        await said.heard("kuacheng.revocation", 3)
        await becomes(standing, Reason.CERTIFICATE_REVOKED)
        path.write_text(json.dumps({"version": 1, "revoked": []}))
        await becomes(standing, None)


def followed(living: Layout, loaded: Loaded | None = None) -> tuple[Revoking, list[Revoked], list[float]]:
    """Without a gateway: what it tells, and the seconds of its clock."""
    told: list[Revoked] = []
    seconds = [0.0]

    async def changed(revoked: Revoked) -> None:
        told.append(revoked)

    one = loaded or read(living)
    return Revoking(lambda: one, lambda: NOW, lambda: seconds[0], changed), told, seconds


async def test_a_deny_list_that_could_not_be_read_is_tried_again_though_it_did_not_change(
    living: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    revoking, told, seconds = followed(living)
    await revoking.first()
    denying.deny(living.folder / "revoked.json", DENIED, lambda: None)
    faults: list[Exception] = [PermissionError("not yours"), PermissionError("not yours"), RuntimeError("张三丰")]

    def refused(path: Path) -> tuple[Denied, ...]:
        if faults:
            raise faults.pop(0)
        return denying_read(path)

    denying_read = denying.read
    monkeypatch.setattr(denying, "read", refused)
    for left in (2, 2, 1, 0):
        await revoking._round()
        assert (len(faults), revoking.denied, revoking.stands().unread) == (left, (), seconds[0])
        seconds[0] += AGAIN_SECONDS / 2 if left == 2 else AGAIN_SECONDS
    await revoking._round()
    assert told[-1].uris == {URI}
    assert revoking.stands().unread == 0
    seconds[0] += 7
    assert revoking.stands().unread == 7, "where nobody looks, it grows"
    faulty = [each for each in caplog.records if each.levelno > logging.INFO]
    assert len(faulty) == 3, "each fault once, and one of ours with its place"
    assert "张三丰" not in caplog.text


async def test_the_deny_list_waits_for_no_ca(living: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = RevocationList("http://ca.example/foshan.crl", None)
    loaded = replace(read(living), revocation_lists=MappingProxyType({"440600": (wanted,), "440100": ()}))
    revoking, told, seconds = followed(living, loaded)
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.0)

    async def never(_: str) -> bytes:
        await asyncio.Event().wait()
        return b""

    revoking._lists = Lists(lambda: NOW, lambda: seconds[0], never)
    async with asyncio.timeout(PATIENCE):
        await revoking.first()
        denying.deny(living.folder / "revoked.json", DENIED, lambda: None)
        await revoking._round()
    assert (told[-1].uris, told[-1].unclear.keys()) == ({URI}, {"440600"})
    assert revoking.stands().lists == {"440600": Listed(math.inf, 0.0, 0.0)}
    await revoking.close()


async def test_a_list_that_a_new_configuration_wants_cuts_nobody_off_before_it_was_looked_at(living: Layout) -> None:
    (living.folder / "foshan.crl").write_bytes(crl(living.pki.authority("440600"), NOW - timedelta(hours=1), number=1, life=DAY))
    shutil.copy(living.folder / "foshan.crl", living.folder / "renamed.crl")
    configured(living, "foshan.crl")
    stands, seconds = [read(living)], [100.0]
    revoking, told, _ = followed(living)
    revoking.loaded, revoking.monotonic = lambda: stands[0], lambda: seconds[0]
    revoking._lists = Lists(lambda: NOW, lambda: seconds[0])
    await revoking.first()
    living.config.write_text(living.config.read_text().replace("foshan.crl", "renamed.crl"))
    stands[0] = read(living)
    await revoking._round()
    await revoking._lists.looked(PATIENCE)
    await revoking._round()
    living.config.write_text(living.config.read_text().replace("renamed.crl", "missing.crl"))
    stands[0] = read(living)
    await revoking._round()
    assert {"unclear": [each for each in told if each.unclear]} == {"unclear": []}
    await revoking._lists.looked(PATIENCE)
    await revoking._round()
    assert told[-1].unclear.keys() == {"440600"}, "it was looked for, and is not there"
    await revoking.close()


async def test_how_lists_stand_is_reckoned_when_it_is_asked(living: Layout) -> None:
    (living.folder / "foshan.crl").write_bytes(crl(living.pki.authority("440600"), NOW - timedelta(hours=1), number=1, life=DAY))
    configured(living, "foshan.crl", grace="2h")
    revoking, _, _ = followed(living)
    await revoking.first()
    due = (NOW + timedelta(hours=23)).replace(microsecond=0).timestamp()
    assert revoking.stands().lists["440600"] == Listed(pytest.approx(3600, abs=1), due, due + 7200)
    revoking.now = lambda: NOW + timedelta(hours=1)
    assert revoking.stands().lists["440600"].age == pytest.approx(7200, abs=1)


async def test_a_gateway_does_not_start_with_a_deny_list_that_it_cannot_read(living: Layout) -> None:
    (living.folder / "revoked.json").write_text("nonsense")
    with pytest.raises(NotBuildable, match="no deny-list that can be read"):
        async with running(living):
            pass


async def test_a_ca_s_own_list_is_followed_and_never_goes_back(living: Layout) -> None:
    path, authority = living.folder / "foshan.crl", living.pki.authority("440600")
    serial = x509.load_pem_x509_certificate(living.pki.clients[WINDOW.client].read().certificate).serial_number
    path.write_bytes(crl(authority, NOW, number=1, life=DAY))
    configured(living, "foshan.crl")
    async with running(living) as (serving, said), client(serving, caller(living)) as standing:
        await standing.evidence_types()
        path.write_bytes(crl(authority, NOW, [serial], number=2, life=DAY))
        await becomes(standing, Reason.CERTIFICATE_REVOKED)
        lines = len(said.lines("kuacheng.revocation"))
        path.write_bytes(crl(authority, NOW, number=1, life=DAY))
        line = (await said.heard("kuacheng.revocation", lines + 1))[-1]
        assert "its number 1 is lower than 2" in str(line["problems"])
        await becomes(standing, Reason.CERTIFICATE_REVOKED)
    async with running(living) as (serving, _), client(serving, caller(living)) as standing:
        await becomes(
            standing, Reason.CALLER_UNKNOWN
        )  # a restart forgets the list, not its number: nobody can tell, so nobody is let in
        path.write_bytes(crl(authority, NOW, number=3, life=DAY))
        await becomes(standing, None)


async def test_a_list_that_is_missing_or_out_of_date_refuses_the_region_s_callers(living: Layout) -> None:
    path, authority = living.folder / "foshan.crl", living.pki.authority("440600")
    configured(living, "foshan.crl", grace="500ms")
    async with running(living) as (serving, _), client(serving, caller(living)) as standing:
        await becomes(standing, Reason.CALLER_UNKNOWN)
        path.write_bytes(crl(authority, NOW - timedelta(hours=2), number=1))
        await becomes(standing, Reason.CALLER_UNKNOWN)
        path.write_bytes(crl(authority, NOW, number=2, life=DAY))
        await becomes(standing, None)


@contextmanager
def published(content: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=partial(server.serve_forever, poll_interval=0.02), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/foshan.crl"
    finally:
        server.shutdown()
        server.server_close()


async def test_a_list_is_fetched_before_anybody_is_let_in(living: Layout) -> None:
    serial = x509.load_pem_x509_certificate(living.pki.clients[WINDOW.client].read().certificate).serial_number
    with published(crl(living.pki.authority("440600"), NOW, [serial], life=DAY)) as url:
        configured(living, url)
        async with running(living) as (serving, _), client(serving, caller(living)) as standing:
            with pytest.raises(QueryRefused) as refused:
                await standing.evidence_types()
    assert refused.value.reason == Reason.CERTIFICATE_REVOKED.name
