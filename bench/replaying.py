"""A city that answers at next to no cost what another answered once: over mutual TLS and HTTP/1.1, by path and SOAPAction.

The other is asked when a path is asked for the first time. So what a gateway spends can be measured without a slow city behind it; what
that city would judge of each question is not judged. A nonce of the question that the answer repeats is the new question's. What is
enciphered under a key of each question cannot be replayed, and goes to the other (--through). Usage: python -m bench.replaying --help
"""

import argparse
import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

import uvloop

from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpRequest, HttpResponse
from bench import behind
from bench.city import path, serve
from bench.serving import tls_options

_OURS: Final = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding", "date", "server"})
"""Fields of a head that belong to one connection, or to one length."""

_NONCE: Final = re.compile(rb"[0-9a-f]{32}")

Write = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, as bytes, and the nonces of the question that it repeats, by their place among the question's."""

    whole: bytes
    repeated: Mapping[int, bytes]

    @classmethod
    def to(cls, question: bytes, whole: bytes) -> Self:
        """The answer to this question."""
        return cls(whole, {place: nonce for place, nonce in enumerate(_NONCE.findall(question)) if nonce in whole})

    def again(self, question: bytes) -> bytes:
        """The same to another question."""
        whole = self.whole
        if self.repeated:
            nonces = _NONCE.findall(question)
            for place, nonce in self.repeated.items():
                whole = whole.replace(nonce, nonces[place])
        return whole


class Replaying:
    """What was answered, by path and SOAPAction."""

    def __init__(self, city: HttpClient, through: Sequence[bytes]) -> None:
        self._city = city
        self._through = tuple(through)
        self._answers: dict[tuple[bytes, str], Answer] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def asked(self, head: bytes, body: bytes, write: Write) -> None:
        """Answers now, or once the other has."""
        fields = dict(_field(line) for line in head.decode("latin-1").split("\r\n")[1:])
        key = path(head), fields.get("soapaction", "")
        if key in self._answers:
            write(self._answers[key].again(body))
            return
        request = HttpRequest(head[: head.index(b" ")].decode(), key[0].decode(), _carried(fields), body)
        task = asyncio.create_task(self._ask(key, request, write))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, key: tuple[bytes, str], request: HttpRequest, write: Write) -> None:
        whole = _written(await self._city.send(request, behind.SECONDS))
        if not key[0].startswith(self._through):
            self._answers[key] = Answer.to(request.body, whole)
        write(whole)


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


def _carried(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in _OURS}


def _written(answer: HttpResponse) -> bytes:
    fields = _carried({name.lower(): value for name, value in answer.headers.items()}) | {"content-length": str(len(answer.body))}
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + answer.body


async def _serve(options: argparse.Namespace) -> None:
    await serve(options, Replaying(behind.client(options), [each.encode() for each in options.through]).asked)


def main() -> None:
    """Serve until told to end."""
    parser = tls_options("bench.replaying", __doc__)
    behind.add_options(parser)
    parser.add_argument("--through", action="append", default=[], help="paths that begin so go to the other each time")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
