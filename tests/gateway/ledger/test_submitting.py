"""The client's side of add-checkpoint: its bytes, what each answer means, and how it travels."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from gateway.ledger.note import Note
from gateway.ledger.submitting import AHEAD, Behind, Cosigned, Failure, Fault, HttpPost, Reply, meaning, submission
from gateway.witness.submission import Submission
from tests.gateway.witness.growing import AT, GrowingLog, witness

LOG = GrowingLog().grow(20)
TEXT = Note.parse(LOG.note()).text
CITY, OTHER = witness("witness.test/1"), witness("witness.test/2")


def said(status: int, body: str = "", old: int = 5, now: int = AT) -> Cosigned | Behind:
    return meaning(Reply(status, body.encode()), CITY.verifier, TEXT, old, now)


@pytest.mark.parametrize("old", [0, 1, 16, 20])
def test_a_witness_reads_what_we_write(old: int) -> None:
    found = Submission.parse(submission(old, LOG.proof(old), LOG.note()))
    assert (found.old, found.proof, found.text) == (old, LOG.proof(old), LOG.note())


def test_a_cosignature_is_taken_from_among_others() -> None:
    line = CITY.line(TEXT, AT)
    assert said(200, line) == Cosigned(line, AT)
    assert said(200, OTHER.line(TEXT, AT) + line) == Cosigned(line, AT)


def test_a_conflict_says_where_to_prove_from() -> None:
    assert said(409, "12\n") == Behind(12)
    assert said(409, "0\n") == Behind(0)


FAULTS = {
    "a conflict with the size we named": (409, "5\n", Fault.FORKED),
    "a conflict with a larger tree than ours": (409, "21\n", Fault.ROLLED_BACK),
    "a conflict without its newline": (409, "12", Fault.ANSWER_INVALID),
    "a conflict in words": (409, "twelve\n", Fault.ANSWER_INVALID),
    "a conflict with two sizes": (409, "12\n13\n", Fault.ANSWER_INVALID),
    "a proof that does not verify": (422, "", Fault.FORKED),
    "an unknown origin": (404, "", Fault.REFUSED),
    "no trust": (403, "", Fault.REFUSED),
    "a fault": (500, "", Fault.REFUSED),
    "a redirection": (302, "", Fault.REFUSED),
    "nothing": (200, "", Fault.ANSWER_INVALID),
    "a line of somebody else": (200, OTHER.line(TEXT, AT), Fault.ANSWER_INVALID),
    "a line for another text": (200, CITY.line(TEXT.replace("20", "21"), AT), Fault.ANSWER_INVALID),
    "a second text": (200, f"further\n\n{CITY.line(TEXT, AT)}", Fault.ANSWER_INVALID),
    "a page": (200, "<html>\n<p>welcome\n", Fault.ANSWER_INVALID),
    "a moment too far ahead": (200, CITY.line(TEXT, AT + AHEAD + 1), Fault.ANSWER_INVALID),
}


@pytest.mark.parametrize("name", FAULTS)
def test_any_other_answer_is_a_failure_that_says_why(name: str) -> None:
    status, body, fault = FAULTS[name]
    with pytest.raises(Failure) as failure:
        said(status, body)
    assert failure.value.fault is fault
    assert str(failure.value).startswith(fault.value)


def test_a_clock_a_little_ahead_is_forgiven() -> None:
    assert said(200, CITY.line(TEXT, AT + AHEAD)) == Cosigned(CITY.line(TEXT, AT + AHEAD), AT + AHEAD)


def test_bytes_that_are_no_text_are_a_failure() -> None:
    with pytest.raises(Failure):
        meaning(Reply(200, b"\xff\xfe\n"), CITY.verifier, TEXT, 0, AT)


@pytest.fixture
def answering() -> Callable[..., Any]:
    """`async with answering(handler) as url`."""

    @asynccontextmanager
    async def served(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/add-checkpoint", handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/add-checkpoint"
        finally:
            await runner.cleanup()

    return served


async def test_bytes_travel_as_they_are(answering: Any) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(status=422, body=await request.read())

    async with answering(echo) as url, HttpPost() as post:
        assert await post(url, LOG.submission(5)) == Reply(422, LOG.submission(5))


async def test_a_redirection_is_not_followed(answering: Any) -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:1/")

    async with answering(elsewhere) as url, HttpPost() as post:
        assert (await post(url, b"")).status == 307


async def test_an_endless_answer_is_given_up(answering: Any) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"a" * 65536)
        return response

    async with answering(endless) as url, HttpPost() as post:
        with pytest.raises(OSError, match="too long"):
            await post(url, b"")


async def test_a_witness_that_is_silent_or_gone_or_misnamed_is_an_os_error(answering: Any) -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with answering(silent) as url, HttpPost(seconds=0.05) as post:
        with pytest.raises(OSError, match="Timeout"):
            await post(url, b"")
    async with HttpPost() as post:
        for gone in (url, "no address at all", "http://"):
            with pytest.raises(OSError):  # noqa: PT011  its kind is all there is to know
                await post(gone, b"")


async def test_nothing_is_sent_before_it_is_open() -> None:
    with pytest.raises(RuntimeError):
        await HttpPost()("http://127.0.0.1:1", b"")
