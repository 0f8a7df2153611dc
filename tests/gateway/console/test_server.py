"""Over HTTP: who may open what, what every answer carries, and what another site or a stranger's browser cannot have."""

import hashlib
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientError

from gateway.console import server
from gateway.console.access import MAY, Role, Room
from gateway.console.server import COOKIE, HEADERS
from tests.gateway.console.conftest import STRANGER, House

PATHS = {
    Room.OVERVIEW: "/",
    Room.CITY: "/cities/440100",
    Room.CERTIFICATES: "/certificates",
    Room.AGREEMENTS: "/agreements",
    Room.CATALOGUE: "/catalogue",
    Room.EXCHANGES: "/exchanges",
    Room.RECEIPT: "/receipts/",
}
HTMX_2_0_11 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""SHA-256 of dist/htmx.min.js in the npm package htmx.org."""


async def test_each_role_enters_its_rooms_and_no_other(stands: House) -> None:
    assert MAY.keys() == PATHS.keys() == set(Room)
    for role in Role:
        for room, path in PATHS.items():
            answer = await stands.get(role, path + (stands.exchange if room is Room.RECEIPT else ""))
            assert (role, room, answer.status) == (role, room, 200 if role in MAY[room] else 403)


async def test_who_has_no_role_sees_no_page(stands: House) -> None:
    for path in ("/", "/catalogue", f"/receipts/{stands.exchange}"):
        answer = await stands.get(STRANGER, path)
        assert (answer.status, "440100" in answer.text) == (403, False)
    assert '"message": "somebody was refused"' in stands.said.getvalue()


async def test_without_a_certificate_there_is_no_connection(stands: House) -> None:
    bare = ssl.create_default_context(cafile=str(stands.layout.pki.gateway_ca))
    from aiohttp import ClientSession

    async with ClientSession() as session:
        with pytest.raises((ClientError, ClientConnectorError, ConnectionError)):
            async with session.get(f"{stands.tls.address}/", ssl=bare, server_hostname="gateway.test") as answer:
                await answer.text()


@pytest.mark.parametrize(
    ("who", "path"), [("audit", "/"), ("audit", "/nowhere"), ("local", "/agreements"), ("audit", "/static/console.css")]
)
async def test_every_answer_carries_the_security_headers(stands: House, who: str, path: str) -> None:
    answer = await stands.get(who, path)
    for name, value in HEADERS.items():
        assert name in answer.headers
        assert answer.headers[name] == value or name == "Cache-Control"
    assert ("Strict-Transport-Security" in answer.headers) is (who != "local")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_get_only(stands: House, method: str) -> None:
    before = len(stands.entries())
    answer = await stands.get("audit", f"/exchanges?id={stands.exchange}", method=method)
    assert (answer.status, len(stands.entries())) == (405, before)


async def test_a_name_that_leads_here_from_elsewhere_is_not_answered(stands: House) -> None:
    assert (await stands.get(Role.LOCAL, "/", Host="evil.example")).status == 421
    assert (await stands.get(Role.LOCAL, "/", Host="localhost:1")).status == 200


async def test_another_site_begins_no_search(stands: House) -> None:
    before = len(stands.entries())
    for path in (f"/exchanges?id={stands.exchange}", f"/receipts/{stands.exchange}"):
        answer = await stands.get("audit", path, **{"Sec-Fetch-Site": "cross-site"})
        assert answer.status == 403
    assert len(stands.entries()) == before


async def test_too_many_at_once_are_told_so(stands: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_AT_ONCE", 0)
    assert (await stands.get("audit", "/")).status == 503


@pytest.mark.parametrize(
    ("path", "header", "cookie", "language"),
    [
        ("/", "", "", "zh-CN"),
        ("/", "en-GB,en;q=0.9,zh;q=0.8", "", "en"),
        ("/", "fr,zh;q=0.5,en;q=0.4", "", "zh-CN"),
        ("/", "zh", f"{COOKIE}=en", "en"),
        ("/?lang=zh", "en", f"{COOKIE}=en", "zh-CN"),
        ("/?lang=xx", "en", "", "en"),
        ("/", "q=;;;,*;q=9", f"{COOKIE}=<b>", "zh-CN"),
    ],
)
async def test_the_language_is_the_one_asked_for(stands: House, path: str, header: str, cookie: str, language: str) -> None:
    answer = await stands.get("audit", path, **{"Accept-Language": header, "Cookie": cookie})
    assert f'<html lang="{language}">' in answer.text


async def test_the_language_is_kept_in_a_cookie_that_nobody_else_gets(stands: House) -> None:
    kept = (await stands.get("audit", "/?lang=en")).headers["Set-Cookie"]
    assert all(part in kept for part in ("HttpOnly", "SameSite=Strict", "Secure", f"{COOKIE}=en"))
    assert "Set-Cookie" not in (await stands.get("audit", "/")).headers


async def test_a_page_that_fails_tells_nothing(stands: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stands.tls.watch, "standings", None)
    answer = await stands.get("audit", "/")
    assert (answer.status, "NoneType" in answer.text) == (500, False)


async def test_what_is_revoked_is_refused(stands: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from certs.denying import Denied

    denied = Denied("lost", "ops-1", "2026-11-22T00:00:00Z", uri="spiffe://administrators.test/administrator/audit")
    monkeypatch.setattr(stands.tls.watch, "denied", (denied,))
    assert [(await stands.get(who, "/")).status for who in ("audit", "system")] == [403, 200]


def test_htmx_is_as_its_authors_published_it() -> None:
    folder = Path(server.__file__).parent / "static"
    assert hashlib.sha256((folder / "htmx.min.js").read_bytes()).hexdigest() == HTMX_2_0_11
    assert "Zero-Clause BSD" in (folder / "htmx.LICENSE").read_text(encoding="utf-8")
