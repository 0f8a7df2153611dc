"""How it is proven to an ACME CA that a name is ours: by a page of ours that it fetches, or by a record that a program sets.

Laws: what proves is there from before the CA is told until it has looked; the page server has nothing else; a program gets a name and a
value, no key, and has a time to end in.
Standard: RFC 8555 sections 8.3 (http-01) and 8.4 (dns-01).
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from socketserver import TCPServer
from threading import Thread
from typing import Any, Final

from certs.acme import Proof
from certs.issuing import IssueRefused

PATIENCE: Final = 300.0
"""Seconds that a program has: a record has to be seen by the CA's resolvers."""

_IDLE: Final = 10.0
_TOLD: Final = 300


@dataclass(frozen=True, slots=True)
class Page:
    """http-01: served on an address of ours while the CA looks. The CA comes to port 80 of the name."""

    host: str
    port: int
    challenge: str = "http-01"

    @contextmanager
    def proving(self, proofs: Sequence[Proof]) -> Iterator[None]:
        """As Prover."""
        pages = {each.place: each.text.encode() for each in proofs}
        try:
            server = _Server((self.host, self.port), partial(_Handler, pages))
        except OSError as error:
            told = f"cannot answer http-01 on {self.host}:{self.port}: {error.strerror}; see that the address is free and may be used"
            raise IssueRefused(told) from error
        serving = Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True)
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            serving.join()
            server.server_close()


@dataclass(frozen=True, slots=True)
class Record:
    """dns-01: a program is called with `present` or `cleanup`, the name of a TXT record, and its value."""

    command: Sequence[str]
    patience: float = PATIENCE
    challenge: str = "dns-01"

    @contextmanager
    def proving(self, proofs: Sequence[Proof]) -> Iterator[None]:
        """As Prover."""
        set_ = list[Proof]()
        try:
            for each in proofs:
                set_.append(each)
                self._call("present", each)
            yield
        finally:
            for each in set_:
                self._call("cleanup", each)

    def _call(self, act: str, proof: Proof) -> None:
        called = f"{self.command[0]} {act} {proof.place}"
        try:
            done = subprocess.run(  # noqa: S603  the configuration names it, no shell reads it
                [*self.command, act, proof.place, proof.text], capture_output=True, timeout=self.patience, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise IssueRefused(f"{called} did not end within {self.patience:g} seconds; run it by hand to see why") from error
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip()[-_TOLD:]
            raise IssueRefused(f"{called} ended with status {done.returncode}: {told}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without HTTPServer's look for our name in the DNS, which takes as long as that is silent and is used by nothing here."""
        TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    """Gives the pages and nothing else."""

    timeout = _IDLE
    server_version = "kuacheng"
    sys_version = ""

    def __init__(self, pages: Mapping[str, bytes], *rest: Any) -> None:
        self._pages = pages
        super().__init__(*rest)

    def do_GET(self) -> None:
        """The page, or that there is none."""
        page = self._pages.get(self.path)
        self.send_response(HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *_: object) -> None:
        """Who asks is the CA's affair."""
