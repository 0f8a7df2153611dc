"""Asks one witness for its cosignature: the question's bytes, what the answer means, and how both travel.

Laws: a cosignature is taken from the key that the policy names and nobody else, over the text that was sent and nothing else; whatever
a witness answers, it is Cosigned, Behind, or a Failure that says why; an answer is read up to a limit.
Source: C2SP tlog-witness, add-checkpoint, the client's side.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self

from gateway.ledger.checkpoint import Checkpoint, encoded
from gateway.ledger.note import Note, Verifier, signed

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 10.0
"""That a witness has for its answer."""
AHEAD: Final = 300
"""Seconds that a witness's clock may be ahead of ours."""

_MOST_BYTES: Final = 1 << 16
_TEXT: Final = "text/plain; charset=utf-8"
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class Fault(Enum):
    """Why there is no cosignature."""

    UNREACHABLE = "does not answer"
    REFUSED = "refuses"
    FORKED = "has cosigned another tree than ours"
    ROLLED_BACK = "has cosigned a larger tree than our log holds"
    ANSWER_INVALID = "gives an answer that is none"


class Failure(Exception):  # noqa: N818  named for what happened
    """No cosignature: the fault, and what was seen of it. Never holds what the witness wrote."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail

    def __str__(self) -> str:
        """For people."""
        return f"{self.fault.value}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness's line, and its moment in POSIX seconds."""

    line: str
    moment: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The witness has last cosigned a tree of this size: prove from there."""

    size: int


Post = Callable[[str, bytes], Awaitable[Reply]]
"""Sends a body to a URL. Raises OSError, which holds its time-outs too."""


def submission(old: int, proof: Sequence[bytes], checkpoint: str) -> bytes:
    """The body: the size the witness knows, the proof from it, and the signed checkpoint."""
    return "\n".join([f"old {old}", *(encoded(each) for each in proof), "", checkpoint]).encode()


def meaning(reply: Reply, verifier: Verifier, text: str, old: int, now: int) -> Cosigned | Behind:
    """What the answer to `text`, submitted from `old`, says. Raises Failure."""
    if reply.status == HTTPStatus.OK:
        return _cosigned(reply.body, verifier, text, now)
    if reply.status == HTTPStatus.CONFLICT:
        return _behind(reply.body, Checkpoint.parse(text), old)
    if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise Failure(Fault.FORKED, "it does not accept that our tree extends the one it has cosigned")
    raise Failure(Fault.REFUSED, f"with HTTP status {reply.status}")


def _cosigned(body: bytes, verifier: Verifier, text: str, now: int) -> Cosigned:
    try:
        lines = [f"{line}\n" for line in body.decode().removesuffix("\n").split("\n")]
        moments = [(line, Note.parse(signed(text, [line])).verified([verifier]).get(verifier)) for line in lines]
    except ValueError as error:
        raise Failure(Fault.ANSWER_INVALID, "its signature lines do not verify") from error
    for line, moment in moments:
        if moment is not None and moment <= now + AHEAD:
            return Cosigned(line, moment)
        if moment is not None:
            raise Failure(Fault.ANSWER_INVALID, f"its clock is {moment - now} seconds ahead of ours")
    raise Failure(Fault.ANSWER_INVALID, "none of its signature lines is by the key of the policy")


def _behind(body: bytes, checkpoint: Checkpoint, old: int) -> Behind:
    stated = _SIZE.fullmatch(body)
    if not stated:
        raise Failure(Fault.ANSWER_INVALID, "its conflict names no size")
    size = int(stated[1])
    if size == old:
        raise Failure(Fault.FORKED, f"of {size} entries")
    if size > checkpoint.size:
        raise Failure(Fault.ROLLED_BACK, f"{size} entries, and ours has {checkpoint.size}")
    return Behind(size)


class HttpPost:
    """A Post over aiohttp: `async with HttpPost() as post`. No redirects, no proxies of the environment."""

    def __init__(self, trust: ssl.SSLContext | None = None, seconds: float = SECONDS, kind: str = _TEXT) -> None:
        """`trust` for https addresses, the system's authorities if None; `kind` of what is sent, as Content-Type has it."""
        self._trust = trust
        self._kind = kind
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Ready to send."""
        import aiohttp  # a gateway without witnesses need not wait for it

        connector = aiohttp.TCPConnector(ssl=self._trust or True)
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends its connections."""
        if self._session is not None:
            await self._session.close()

    async def __call__(self, url: str, body: bytes) -> Reply:
        """As Post says."""
        import aiohttp

        if self._session is None:
            raise RuntimeError("nothing is sent before `async with`")
        headers = {"Content-Type": self._kind}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return Reply(response.status, await _limited(response.content))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OSError(type(error).__name__) from error


async def _limited(content: aiohttp.StreamReader) -> bytes:
    try:
        await content.readexactly(_MOST_BYTES)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    raise OSError("the answer is too long")
