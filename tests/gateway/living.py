"""A gateway as `kuacheng dev` lays it out, in this process, whose files a test changes while it runs."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from certs.generations import activate, judged, stage
from gateway.app import Running, gateway
from gateway.client import Client, Identity
from gateway.clock import SystemClock
from gateway.config import Loaded, load
from gateway.development.layout import SERVER_NAME, WINDOW, Layout
from gateway.rpc import rotating
from gateway.telemetry.access import configure
from tests.gateway.rpc.house import PATIENCE

NOW = SystemClock().now()
LIFE = timedelta(days=3)
CITIES = {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}


class Said(io.StringIO):
    """What the gateway logs; wakes whoever waits for a line."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def write(self, text: str, /) -> int:
        written = super().write(text)
        self._loop.call_soon_threadsafe(self._news.set)
        return written

    def lines(self, logger: str) -> list[dict[str, object]]:
        found = [json.loads(each) for each in self.getvalue().splitlines()]
        return [each for each in found if each.get("logger") == logger]

    async def heard(self, logger: str, lines: int) -> list[dict[str, object]]:
        async with asyncio.timeout(PATIENCE):
            while len(found := self.lines(logger)) < lines:
                self._news.clear()
                await self._news.wait()
        return found


@asynccontextmanager
async def running(layout: Layout, again: Callable[[], Loaded] | None = None) -> AsyncIterator[tuple[Running, Said]]:
    """`again` reads the configuration for a reload."""
    said = Said()
    configure(said)
    async with gateway(read(layout), said, read=again or (lambda: read(layout))) as serving:
        yield serving, said


def read(layout: Layout) -> Loaded:
    return load(layout.config, {})


def rotate(layout: Layout, changes: Mapping[str, bytes]) -> str:
    judge = partial(judged, now=SystemClock().now())
    return activate(layout.material, stage(layout.material, changes, judge).name, judge).name


def put_unjudged(layout: Layout, changes: Mapping[str, bytes | None]) -> None:
    """As somebody would who writes by hand what `kuacheng certs` would have refused."""
    activate(layout.material, stage(layout.material, changes, lambda _: ()).name, lambda _: ())


def pair(name: str, leaf: Leaf) -> Mapping[str, bytes]:
    return {f"{name}.pem": leaf.certificate, f"{name}.key": leaf.key}


def renewed(layout: Layout, authority: Authority | None = None) -> Mapping[str, bytes]:
    """Both of our leaves, anew."""
    ca, uri = authority or layout.pki.authority("gateway"), "spiffe://gateway.test/gateway/development"
    server = Profile(uri=uri, usages=frozenset({Usage.SERVER}), dns_names=(SERVER_NAME,))
    client = Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
    now = SystemClock().now()
    return {**pair("server", ca.issue(server, now, LIFE)), **pair("client", ca.issue(client, now, LIFE))}


def caller(layout: Layout, leaf: Leaf | None = None, trusting: bytes = b"") -> Identity:
    shown = leaf or layout.pki.clients[WINDOW.client].read()
    return Identity(shown.certificate, shown.key, trusting or layout.pki.gateway_ca.read_bytes())


def client(serving: Running, identity: Identity) -> Client:
    return Client(serving.address, identity, server_name=SERVER_NAME)


async def met(serving: Running) -> str:
    host, _, port = serving.address.rpartition(":")
    return await rotating._leaf(await rotating._connected(host, int(port)))


def fingerprint(pem: bytes) -> str:
    return rotating.Shown(pem, b"", b"").fingerprint()
