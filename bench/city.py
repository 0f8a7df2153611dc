"""Guangzhou's G2 at next to no cost: over mutual TLS and HTTP/1.1, one body a path, the simulator's own and made before.

Nothing is judged here, for what a city spends is not measured. Usage: python -m bench.city --help
"""

import argparse
import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import uvloop

from bench.serving import tls_options, until_ended

_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n"


class Requests(asyncio.Protocol):
    """One connection: of each whole request, head and body go to `asked`, and what that writes goes out."""

    def __init__(self, asked: Callable[[bytes, bytes, Callable[[bytes], None]], None]) -> None:
        self._asked = asked
        self._write: Callable[[bytes], None]
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        self._write = cast("asyncio.WriteTransport", transport).write

    def data_received(self, data: bytes) -> None:
        """Answers every request that is whole."""
        self._got += data
        while (end := self._got.find(_HEAD_ENDS)) >= 0:
            length = _LENGTH.search(self._got, 0, end)
            whole = end + len(_HEAD_ENDS) + (int(length[1]) if length else 0)
            if len(self._got) < whole:
                return
            head, body = self._got[:end], self._got[end + len(_HEAD_ENDS) : whole]
            self._got = self._got[whole:]
            self._asked(head, body, self._write)


def path(head: bytes) -> bytes:
    """What is asked for."""
    return head[: head.index(b"\r\n")].split(b" ")[1]


def _answers(folder: Path) -> Mapping[bytes, bytes]:
    """By path: a.b.json is the answer of /a/b."""
    bodies = {f"/{each.stem.replace('.', '/')}": each.read_bytes() for each in folder.iterdir()}
    return {where.encode(): _HEAD.format(len(body)).encode() + body for where, body in bodies.items()}


async def serve(options: argparse.Namespace, asked: Callable[[bytes, bytes, Callable[[bytes], None]], None]) -> None:
    """Until told to end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.cert, options.key)
    context.load_verify_locations(options.client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.get_running_loop().create_server(lambda: Requests(asked), "127.0.0.1", 0, ssl=context)
    await until_ended(url=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()


async def _serve(options: argparse.Namespace) -> None:
    answers = _answers(options.bodies)
    await serve(options, lambda head, _, write: write(answers[path(head)]))


def main() -> None:
    """Serve until told to end."""
    parser = tls_options("bench.city", __doc__)
    parser.add_argument("--bodies", type=Path, required=True, help="folder; a.b.json is the answer of POST /a/b")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
