"""The witness over HTTP: one call, POST /add-checkpoint, and the cosignature for an answer.

Laws: nobody is asked who they are, for the log's signature is what counts; what was not put on the disk is not cosigned; a fault of
ours is a 503 and says nothing of the inside.
Source: C2SP tlog-witness; C2SP tlog-cosignature (cosignature/v1).
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from aiohttp import web

from gateway.ledger.note import Algorithm, Signer
from gateway.witness.record import Record
from gateway.witness.submission import LARGEST, Forked, Logs, Refused, Submission, vouch

PATH: Final = "/add-checkpoint"

_READ_SECONDS: Final = 10.0
_GRACE_SECONDS: Final = 5.0
_log: Final = logging.getLogger("kuacheng.witness")


@dataclass(frozen=True, slots=True)
class Witness:
    """Who cosigns, which logs it watches, and what it remembers of them; `now` gives the moment, aware."""

    signer: Signer
    logs: Logs
    record: Record
    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        if self.signer.verifier.algorithm is not Algorithm.COSIGNATURE_V1:
            raise RuntimeError("a witness signs with cosignature/v1 only")

    def cosign(self, submission: Submission) -> str:
        """The signature line for what extends the log. Blocks on the disk. Raises Refused, sqlite3.Error."""
        moment = self.record.advance(submission, int(self.now().timestamp()))
        return self.signer.line(submission.note.text, moment)


@asynccontextmanager
async def serving(witness: Witness, host: str, port: int) -> AsyncIterator[str]:
    """Serves within the context; yields host:port with the real port. Raises OSError."""
    with ThreadPoolExecutor(1, "kuacheng-witness") as hand:
        runner = web.AppRunner(_application(witness, hand), access_log=None, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            bound = runner.addresses[0][1]
            yield f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"
        finally:
            await runner.cleanup()


def _application(witness: Witness, hand: ThreadPoolExecutor) -> web.Application:
    async def add_checkpoint(request: web.Request) -> web.Response:
        try:
            submission = Submission.parse(await _body(request))
            vouch(submission, witness.logs)
            # One thread: the record is one connection, and submissions queue where they would queue anyway.
            line = await asyncio.get_running_loop().run_in_executor(hand, witness.cosign, submission)
        except Refused as refused:
            _tell(refused)
            return _response(refused.status, refused.text, refused.content_type)
        except (sqlite3.Error, OSError):
            _log.exception("a checkpoint could not be recorded")
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot record now; try again later\n")
        return _response(HTTPStatus.OK, line)

    application = web.Application(client_max_size=LARGEST)
    application.router.add_post(PATH, add_checkpoint)
    return application


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the submission did not arrive in time\n") from None


def _response(status: HTTPStatus, text: str, content_type: str = "text/plain; charset=utf-8") -> web.Response:
    # The header as it stands: aiohttp would add a charset to text/x.tlog.size, and clients compare it whole.
    return web.Response(status=status, body=text.encode(), headers={"Content-Type": content_type})


def _tell(refused: Refused) -> None:
    if isinstance(refused, Forked):
        _log.error("a log has signed two trees of one size; both notes are kept: kuacheng witness show")
    elif refused.status is HTTPStatus.UNPROCESSABLE_ENTITY:
        _log.warning("a signed checkpoint came whose proof does not verify")
