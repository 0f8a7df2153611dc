"""The console's HTTP: who asks, whether they may, and the page.

Laws: GET only; behind mutual TLS whoever has no role is refused, and what is refused says so to the log; without it, on a loopback address,
only this machine's own names are answered, so that no site elsewhere reaches it through a browser; a search is never begun by another site;
every answer carries the same security headers; so many requests at a time and no more.
Source: OWASP ASVS 5.0 V3 (web frontend security); Fetch Metadata (W3C); RFC 6265bis (SameSite).
"""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from certs.denying import Denied
from gateway.console import pages, searching
from gateway.console.access import NEIGHBOUR, Role, Room, Visitor, visitor
from gateway.console.pages import Console, Missing, Page, Visit
from gateway.console.receipt_file import receipt_file
from gateway.console.rendering import FOLDER, environment, render
from gateway.console.words import Telling, language
from gateway.ledger.records import LogUnusable
from gateway.model.refusal import Refusal

MOST_AT_ONCE: Final = 32
COOKIE: Final = "kuacheng-language"
_A_YEAR: Final = 365 * 24 * 3600
_GRACE_SECONDS: Final = 5.0
_LONGEST_PARAMETER: Final = 64
_log: Final = logging.getLogger("kuacheng.console")

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
    "Server": "kuacheng",
}
_STRICT: Final = "max-age=31536000"
_STATIC: Final[Mapping[str, str]] = {
    "console.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_MENU: Final = (
    (Room.OVERVIEW, "/"),
    (Room.EXCHANGES, "/exchanges"),
    (Room.CERTIFICATES, "/certificates"),
    (Room.AGREEMENTS, "/agreements"),
    (Room.CATALOGUE, "/catalogue"),
)
_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Door:
    """Where it listens. Without `tls` the host has to be a loopback address. `denied` are certificates that are revoked."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    roles: Callable[[], Mapping[str, Role]]
    denied: Callable[[], Collection[Denied]]


class _Refused(Exception):  # noqa: N818  named for what happened
    """No page: the status, and a text of gateway.console.words."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(status, said)
        self.status = status
        self.said = said


def mutual_tls(certificate: str, key: str, authorities: bytes) -> ssl.SSLContext:
    """TLS 1.3 for browsers with certificates of these authorities (PEM). Raises OSError, ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # every connection shows its certificate anew
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(cadata=authorities.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def serving(console: Console, door: Door) -> AsyncIterator[str]:
    """Serves within the context; yields the address, scheme and real port included. Raises OSError."""
    runner = web.AppRunner(application(console, door), access_log=None, shutdown_timeout=_GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, door.host, door.port, ssl_context=door.tls).start()
        host = f"[{door.host}]" if ":" in door.host else door.host
        yield f"{'https' if door.tls else 'http'}://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def application(console: Console, door: Door) -> web.Application:
    """All routes."""
    made = _Server(console, door)
    app = web.Application(client_max_size=1, middlewares=[made.wrapped])
    rooms: tuple[tuple[str, Room, Callable[[Console, Visit], Awaitable[Page]]], ...] = (
        ("/", Room.OVERVIEW, pages.overview),
        ("/cities/{part:[0-9]{6}}", Room.CITY, pages.city),
        ("/exchanges", Room.EXCHANGES, pages.exchanges),
        ("/certificates", Room.CERTIFICATES, pages.certificates),
        ("/agreements", Room.AGREEMENTS, pages.agreements),
        ("/catalogue", Room.CATALOGUE, pages.catalogue),
    )
    for path, room, page in rooms:
        app.router.add_get(path, partial(made.page, room, page), allow_head=False)
    app.router.add_get("/receipts/{part}", made.receipt, allow_head=False)
    app.router.add_get("/static/{part}", made.static, allow_head=False)
    return app


class _Server:
    """Answers requests. Belongs to one event loop."""

    def __init__(self, console: Console, door: Door) -> None:
        self._console = console
        self._door = door
        self._templates = environment()
        self._files = {name: (FOLDER / "static" / name).read_bytes() for name in _STATIC}
        self._inside = 0

    @web.middleware
    async def wrapped(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.Response:
        """The same headers on every answer, and a page for whatever goes wrong."""
        try:
            answer = await self._admitted(request, handler)
        except _Refused as refused:
            answer = self._sorry(request, refused)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if self._door.tls:
            answer.headers["Strict-Transport-Security"] = _STRICT
        self._keep_language(request, answer)
        return answer

    async def _admitted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.Response:
        if request.method != "GET":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "wrong-method")
        if self._door.tls is None and request.url.host not in _LOCAL_NAMES:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "wrong-host")
        if self._inside >= MOST_AT_ONCE:
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        self._inside += 1
        try:
            answer = await handler(request)
        except (web.HTTPNotFound, Missing):
            raise _Refused(HTTPStatus.NOT_FOUND, "missing") from None
        except (Refusal, LogUnusable, OSError) as error:
            _log.warning("the log could not be searched", extra={"kind": type(error).__name__})
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unrecorded") from None
        except (web.HTTPException, _Refused):
            raise
        except Exception:  # noqa: BLE001  our bug, whatever it is: an opaque page
            _log.exception("a page failed")
            raise _Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "broken") from None
        finally:
            self._inside -= 1
        if not isinstance(answer, web.Response):
            raise TypeError("an answer is whole")
        return answer

    async def page(self, room: Room, page: Callable[[Console, Visit], Awaitable[Page]], request: web.Request) -> web.Response:
        """A page of a room, if it may be entered."""
        made = await page(self._console, self._visit(request, room))
        return self._html(request, room, made)

    async def receipt(self, request: web.Request) -> web.Response:
        """A receipt as a file; who fetched it is recorded before it leaves."""
        visit = self._visit(request, Room.RECEIPT)
        try:
            wanted = searching.exchange_id(visit.part)
        except searching.NotAsked:
            raise Missing from None
        entries, _ = await pages.found(self._console, visit, wanted, "receipt")
        content = receipt_file(wanted, entries)
        if content is None:
            raise Missing
        headers = {"Content-Disposition": f'attachment; filename="receipt-{wanted}.json"'}
        return web.Response(body=content, content_type="application/json", headers=headers)

    async def static(self, request: web.Request) -> web.Response:
        """A style, a script or a picture; they are the same for everybody."""
        name = request.match_info["part"]
        if name not in self._files:
            raise Missing
        headers = {"Content-Type": _STATIC[name], "Cache-Control": "private, max-age=3600"}
        return web.Response(body=self._files[name], headers=headers)

    def _visit(self, request: web.Request, room: Room) -> Visit:
        """Raises _Refused."""
        who = self._visitor(request)
        if who is None or not who.may_enter(room):
            _log.warning("somebody was refused", extra={"kind": room.value})
            raise _Refused(HTTPStatus.FORBIDDEN, "denied")
        if room in (Room.EXCHANGES, Room.RECEIPT) and request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
            raise _Refused(HTTPStatus.FORBIDDEN, "elsewhere")
        query = {name: value[:_LONGEST_PARAMETER] for name, value in request.query.items()}
        return Visit(who, self._telling(request), query, request.match_info.get("part", ""))

    def _visitor(self, request: web.Request) -> Visitor | None:
        if self._door.tls is None:
            return NEIGHBOUR
        connection = request.transport and request.transport.get_extra_info("ssl_object")
        shown = connection.getpeercert(binary_form=True) if connection else None
        return visitor(shown, self._door.roles(), self._door.denied()) if shown else None

    def _html(self, request: web.Request, room: Room | None, page: Page) -> web.Response:
        telling, who = self._telling(request), self._visitor(request)
        values = {
            "t": telling,
            "lang": telling.language,
            "room": room,
            "role": who.role if who else "none",
            "open": {each.value for each, _ in _MENU if who and who.may_enter(each)},
            "menu": [{"room": each, "path": path} for each, path in _MENU if who and who.may_enter(each)],
            "path": request.path if room else "/",
            "other_language": _other_language(request, room, telling),
            "version": version("kuacheng"),
            **page.values,
        }
        text = render(self._templates, page.template, values)
        return web.Response(text=text, status=page.status, content_type="text/html")

    def _sorry(self, request: web.Request, refused: _Refused) -> web.Response:
        return self._html(
            request, None, Page("refused.html", {"status": refused.status.value, "said": refused.said}, refused.status.value)
        )

    def _telling(self, request: web.Request) -> Telling:
        asked, kept = request.query.get("lang"), request.cookies.get(COOKIE)
        return Telling(language(asked, kept, request.headers.get("Accept-Language", "")))

    def _keep_language(self, request: web.Request, answer: web.Response) -> None:
        if "lang" in request.query:
            chosen = self._telling(request).language
            secure = self._door.tls is not None
            answer.set_cookie(COOKIE, chosen, max_age=_A_YEAR, httponly=True, samesite="Strict", secure=secure)


def _other_language(request: web.Request, room: Room | None, telling: Telling) -> str:
    """The same page in the other language; of a page that is none, and of what was typed and does not read well, nothing comes back."""
    kept = {name: value for name, value in request.query.items() if searching.reads_well(name, value)} if room else {}
    other = {**kept, "lang": "en" if telling.language == "zh" else "zh"}
    return f"{request.path if room else '/'}?{urlencode(other)}"
