"""G1's client against a city of its own making, over real TLS: one log-in for all callers, one more when the city ends it, and files."""

import asyncio
import base64
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from adapters.connectors.settings import SystemSettings
from adapters.connectors.verdict import Unreached
from adapters.guangzhou.g1_client import G1Adapter
from adapters.guarding.guarded import Bounds, Guarded
from certs.development import DevelopmentPki
from gateway.clock import SystemClock
from gateway.model.city import CityFile, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.guangzhou.test_g1 import FACE, LICENCE

ASKED = CityRequest("guangzhou.g1", "auth", {"identity_number": "440604189002140210", "license_item_code": "100051003"})
FILE = CityFile("PDF", "4401052015AB12CD34")
CONTENT = b"%PDF-1.5 " + bytes(range(256)) * 900
GOOD = {"ack_code": "SUCCESS", "errors": [], "correlation_id": "", "data": None, "total_count": 0}


class Platform:
    """A licence platform that counts what it is asked, and ends tokens and spends codes as it is told."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.alive: set[str] = set()
        self.codes: set[str] = set()
        self.login_error = ""
        self.licences = 1
        self.remembers = True
        self.on_good: Callable[[], None] = lambda: None
        self.reached = asyncio.Event()
        self.let = asyncio.Event()
        self.let.set()
        self.archived: Callable[[], dict[str, object]] = self.filed
        self.pause: float | None = None
        self.down = False

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/license-app/v1/security/login", self.login)
        app.router.add_post("/license-app/v1/license/auth", self.auth)
        app.router.add_get("/license-app/v1/license/get_license", self.fetch)
        app.router.add_get("/license-app/v1/license/archive", self.archive)
        return app

    async def login(self, _: web.Request) -> web.Response:
        self.asked["login"] += 1
        self.reached.set()
        await self.let.wait()
        if self.login_error:
            return self.failed(self.login_error)
        token = f"{self.asked['login']:036d}"
        self.alive |= {token} if self.remembers else set()
        return self.good(access_token=token, expires_in=86400)

    async def auth(self, request: web.Request) -> web.Response:
        self.asked["auth"] += 1
        asked = await request.json()
        if request.query["access_token"] not in self.alive:
            return self.failed("10003")
        codes = [f"{self.asked['auth']:016x}{number:016x}" for number in range(self.licences)]
        self.codes |= set(codes)
        return self.good(correlation_id=asked["request_id"], auth_codes=codes, data=self.rows(codes), total_count=len(codes))

    def rows(self, codes: list[str]) -> list[dict[str, str]]:
        return [{"license_code": f"{FILE.reference[:-1]}{4 + place}", "auth_code": code} for place, code in enumerate(codes)]

    async def fetch(self, request: web.Request) -> web.Response:
        self.asked["fetch"] += 1
        code = request.query["auth_code"]
        if request.query["access_token"] not in self.alive:
            return self.failed("10003")
        if code not in self.codes:
            return self.failed("40002")
        self.codes.remove(code)
        return self.good(data={**LICENCE, "auth_code": code})

    async def archive(self, request: web.Request) -> web.StreamResponse:
        self.asked["archive"] += 1
        code = request.query["auth_code"]
        if request.query["access_token"] not in self.alive:
            return self.failed("10003")
        if code not in self.codes or not code.endswith("0" * 16):
            return self.failed("40001")
        self.codes.remove(code)
        return await self.drip(request) if self.pause else self.good(**self.archived())

    def filed(self, **other: object) -> dict[str, object]:
        return {"file_name": "结婚证.pdf", "file_data": base64.b64encode(CONTENT).decode(), **other}

    async def drip(self, request: web.Request) -> web.StreamResponse:
        """A sign at a time, each well before anybody's patience ends."""
        text = json.dumps({**GOOD, **self.filed()}).encode()
        answer = web.StreamResponse()
        await answer.prepare(request)
        for place in range(len(text)):
            await answer.write(text[place : place + 1])
            await asyncio.sleep(self.pause or 0)
        return answer

    def good(self, **parts: object) -> web.Response:
        self.on_good()
        answer = web.json_response({**GOOD, **parts})
        if self.down:
            answer.force_close()
        return answer

    def greet(self, *_: object) -> int | None:
        """What begins a handshake: none ends well as long as it is down."""
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR if self.down else None

    def failed(self, code: str) -> web.Response:
        return web.json_response({**GOOD, "ack_code": "FAILURE", "errors": [{"code": code, "message": ""}]})


@pytest.fixture
async def platform() -> Platform:
    return Platform()


@pytest.fixture
async def adapter(
    platform: Platform, pki: DevelopmentPki, settings_of: Callable[..., SystemSettings], clock: Any
) -> AsyncIterator[G1Adapter]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.cities["440100"].certificate, pki.cities["440100"].key)
    context.load_verify_locations(pki.gateway_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = platform.greet
    runner = web.AppRunner(platform.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    chance = iter(range(1, 10_000))
    settings = settings_of("guangzhou.g1", f"https://127.0.0.1:{runner.addresses[0][1]}")
    adapter = G1Adapter(settings, clock, lambda count: next(chance).to_bytes(count))
    try:
        yield adapter
    finally:
        await adapter.close()
        await runner.cleanup()


async def test_all_callers_share_one_login(adapter: G1Adapter, platform: Platform) -> None:
    platform.let.clear()
    asking = [asyncio.create_task(adapter.ask(ASKED, 60)) for _ in range(30)]
    await platform.reached.wait()
    platform.let.set()
    answers = await asyncio.gather(*asking)
    assert platform.asked == {"login": 1, "auth": 30, "fetch": 30}
    assert [answer.records[0]["data_fields"] for answer in answers] == [FACE] * 30
    assert not platform.codes


async def test_a_token_that_the_city_ends_is_renewed_once_for_all(adapter: G1Adapter, platform: Platform) -> None:
    await adapter.ask(ASKED, 60)
    platform.alive.clear()
    answers = await asyncio.gather(*(adapter.ask(ASKED, 60) for _ in range(20)))
    assert {answer.status for answer in answers} == {"SUCCESS"}
    assert (platform.asked["login"], platform.asked["auth"]) == (2, 41)


async def test_a_token_that_ends_between_the_calls(adapter: G1Adapter, platform: Platform) -> None:
    await adapter.ask(ASKED, 60)

    def end_tokens_once() -> None:
        platform.alive.clear()
        platform.on_good = lambda: None

    platform.on_good = end_tokens_once
    assert len((await adapter.ask(ASKED, 60)).records) == 1
    assert platform.asked == {"login": 2, "auth": 3, "fetch": 3}


async def test_a_city_that_never_takes_its_own_tokens_has_refused(adapter: G1Adapter, platform: Platform) -> None:
    platform.remembers = False
    with pytest.raises(Refusal) as caught:
        await adapter.ask(ASKED, 60)
    assert (caught.value.reason, caught.value.city_status, platform.asked["login"]) == (Reason.CITY_REFUSED, "10003", 2)


@pytest.mark.parametrize(("code", "reason"), [("10001", Reason.CITY_REFUSED), ("50001", Reason.CITY_UNAVAILABLE)])
async def test_a_login_that_fails_is_told_and_tried_again(
    adapter: G1Adapter, platform: Platform, code: str, reason: Reason
) -> None:
    platform.login_error = code
    told = await asyncio.gather(*(adapter.ask(ASKED, 60) for _ in range(5)), return_exceptions=True)
    assert {(each.reason, each.city_status) for each in told if isinstance(each, Refusal)} == {(reason, code)}
    assert (len(told), platform.asked) == (5, {"login": 1})
    platform.login_error = ""
    assert (await adapter.ask(ASKED, 60)).records


async def test_a_login_that_is_refused_is_not_repeated_for_every_question(adapter: G1Adapter, platform: Platform) -> None:
    platform.login_error = "10001"
    guard = Guarded("guangzhou.g1", adapter, Bounds(4, 4, 5.0), SystemClock(), lambda: 0.0)
    for _ in range(60):
        with pytest.raises(Refusal, match="CITY_REFUSED"):
            await guard.ask(ASKED, 60)
    assert platform.asked == {"login": 2}


async def test_a_login_that_hangs_ends_with_the_caller_and_not_with_its_time(adapter: G1Adapter, platform: Platform) -> None:
    platform.let.clear()
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await adapter.ask(ASKED, 0.05)
    platform.let.set()
    assert (await adapter.ask(ASKED, 60)).records
    assert platform.asked["login"] == 1


async def test_every_licence_is_fetched(adapter: G1Adapter, platform: Platform) -> None:
    platform.licences = 3
    assert len((await adapter.ask(ASKED, 60)).records) == 3
    platform.licences = 0
    answer = await adapter.ask(ASKED, 60)
    assert (answer.no_record, answer.status, platform.asked["fetch"]) == (True, "SUCCESS", 3)


async def test_the_deadline_is_for_all_calls_together(adapter: G1Adapter, platform: Platform, clock: Any) -> None:
    await adapter.ask(ASKED, 5)
    platform.licences, platform.on_good = 3, lambda: clock.pass_(3)
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await adapter.ask(ASKED, 5)
    assert platform.asked["fetch"] == 2


async def fetched(adapter: G1Adapter, file: CityFile = FILE, seconds: float = 60) -> bytes:
    async with adapter.fetch(ASKED, file, seconds) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_a_record_names_its_files_only_where_they_are_wanted(adapter: G1Adapter) -> None:
    assert (await adapter.ask(ASKED, 60)).files == ()
    assert (await adapter.ask(replace(ASKED, files=True), 60)).files == ((CityFile("OFD", FILE.reference), FILE),)


async def test_a_file_is_fetched_with_a_code_of_its_own(adapter: G1Adapter, platform: Platform) -> None:
    platform.licences = 3
    assert await fetched(adapter) == CONTENT
    assert platform.asked == {"login": 1, "auth": 1, "archive": 1}


async def test_tokens_that_end_before_the_file_are_renewed_and_nobody_keeps_a_connection(
    adapter: G1Adapter, platform: Platform
) -> None:
    await adapter.ask(ASKED, 60)

    def end_tokens_once() -> None:
        platform.alive.clear()
        platform.on_good = lambda: None

    platform.on_good = end_tokens_once
    async with asyncio.timeout(60):
        assert await asyncio.gather(*(fetched(adapter, seconds=60) for _ in range(20))) == [CONTENT] * 20
    assert platform.asked["login"] == 2
    platform.remembers = False
    platform.alive.clear()
    with pytest.raises(Refusal, match="CITY_REFUSED"):
        await fetched(adapter)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"file_data": None}, Reason.CITY_ANSWER_INVALID),
        ({"file_data": None, "file_url": "https://169.254.169.254/licence.pdf"}, Reason.CITY_ANSWER_INVALID),
        ({"file_name": "结婚证.ofd"}, Reason.CITY_ANSWER_INVALID),
        ({"file_data": "AAA"}, Reason.CITY_ANSWER_INVALID),
        ({"file_data": None, "data": {"file_data": "AAAA"}}, Reason.CITY_ANSWER_INVALID),
        ({"z": {"file_data": "AAAA"}}, None),
        ({"file_data": None, "ack_code": "FAILURE", "errors": [{"code": "40004"}]}, Reason.CITY_REFUSED),
        ({"file_data": None, "ack_code": "FAILURE", "errors": [{"code": "50001"}]}, Reason.CITY_UNAVAILABLE),
        ({"ack_code": "FAILURE", "errors": [{"code": "40004"}]}, Reason.CITY_REFUSED),
    ],
)
async def test_what_comes_instead_of_a_file(
    adapter: G1Adapter, platform: Platform, other: dict[str, object], reason: Reason | None
) -> None:
    platform.archived = lambda: platform.filed(**other)
    if reason is None:
        assert await fetched(adapter) == CONTENT
        return
    with pytest.raises(Refusal) as refused:
        await fetched(adapter)
    assert refused.value.reason is reason
    assert platform.asked["archive"] == 1


async def test_a_licence_that_is_no_more_is_not_fetched(adapter: G1Adapter, platform: Platform) -> None:
    for licences in (0, 1):
        platform.licences = licences
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            await fetched(adapter, replace(FILE, reference=f"{FILE.reference[:-1]}9"))
    assert platform.asked["archive"] == 0


async def test_a_city_that_drips_is_left_when_the_time_is_up(adapter: G1Adapter, platform: Platform) -> None:
    platform.pause = 0.001
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await fetched(adapter, seconds=0.4)


def goes_down_with_the_next_answer(platform: Platform) -> None:
    def down() -> None:
        platform.down = True

    platform.on_good = down


async def test_a_city_that_has_the_question_and_is_not_reached_again_is_not_asked_again(
    adapter: G1Adapter, platform: Platform
) -> None:
    guard = Guarded("guangzhou.g1", adapter, Bounds(4, 4, 5.0), SystemClock(), lambda: 0.0)
    await guard.ask(ASKED, 60)
    goes_down_with_the_next_answer(platform)
    with pytest.raises(Refusal, match="no connection") as caught:
        await guard.ask(ASKED, 60)
    assert (type(caught.value), caught.value.reason) == (Refusal, Reason.CITY_UNAVAILABLE)
    assert (platform.asked["auth"], guard.standing.tried_again) == (2, 0)


async def test_a_city_that_takes_the_token_no_more_and_is_not_reached_again_is_not_asked_again(
    adapter: G1Adapter, platform: Platform
) -> None:
    guard = Guarded("guangzhou.g1", adapter, Bounds(4, 4, 5.0), SystemClock(), lambda: 0.0)
    await guard.ask(ASKED, 60)
    platform.alive.clear()
    goes_down_with_the_next_answer(platform)
    with pytest.raises(Refusal, match="no connection") as caught:
        await guard.ask(ASKED, 60)
    assert (type(caught.value), platform.asked["auth"], guard.standing.tried_again) == (Refusal, 2, 0)


async def test_a_city_that_was_logged_in_to_and_is_not_reached_has_not_seen_the_question(
    adapter: G1Adapter, platform: Platform
) -> None:
    goes_down_with_the_next_answer(platform)
    with pytest.raises(Unreached):
        await adapter.ask(ASKED, 60)
    assert platform.asked == {"login": 1}


async def test_a_file_whose_code_was_given_and_that_is_not_reached_was_asked_for(adapter: G1Adapter, platform: Platform) -> None:
    await adapter.ask(ASKED, 60)
    goes_down_with_the_next_answer(platform)
    with pytest.raises(Refusal, match="no connection") as caught:
        await fetched(adapter)
    assert type(caught.value) is Refusal


def test_the_fake_speaks_as_the_page_does() -> None:
    assert json.loads(LICENCE["data_fields"]) == FACE  # type: ignore[arg-type]
