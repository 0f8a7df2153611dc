"""What the tests of connectors and cities share: a development PKI, a clock that is set by hand, TLS servers, and cities as programs."""

import asyncio
import http.client
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.connectors import database
from adapters.connectors.settings import SystemSettings
from adapters.guomi.sm2 import PrivateKey
from certs.development import DevelopmentPki, write_development_pki
from gateway.clock import SystemClock
from tests.ports import free_port
from tests.postgresql import Server

ROOT = Path(__file__).parents[2]
REGIONS = {"guangzhou": "440100", "foshan": "440600"}
APP_KEY, PLATFORM_KEY = bytes([1] * 32), bytes([2] * 32)
SECRETS: dict[str, dict[str, dict[str, str]]] = {
    "guangzhou": {
        "g1": {
            "app_key": "test-application",
            "app_secret": "test-secret-1",
            "account": "gateway",
            "password": "test-secret-2",
            "org_code": "11440600M00000027C",
        },
        "g2": {"paasid": "test-account", "token": "test-token"},
        "g3": {"paasid": "test-account", "token": "test-token"},
    },
    "foshan": {
        "f1": {"access_id": "test-access", "access_token": "test-token"},
        "f2": {"sid": "test-sid", "app_secret": "test-secret", "aes_key": "000102030405060708090a0b0c0d0e0f"},
        "f3": {
            "app_code": "test-app",
            "sm4_key": "000102030405060708090a0b0c0d0e0f",
            "platform_private_key": PLATFORM_KEY.hex(),
            "app_key": PrivateKey(APP_KEY).public.point.hex(),
        },
        "f4": {"account": "test-account", "password": "test-password"},
    },
}
"""What each city has in its secrets file."""
CREDENTIALS: dict[str, dict[str, str]] = {
    "foshan.f3": {
        "app_code": "test-app",
        "sm4_key": "000102030405060708090a0b0c0d0e0f",
        "private_key": APP_KEY.hex(),
        "platform_key": PrivateKey(PLATFORM_KEY).public.point.hex(),
    }
}
"""What the gateway has where that is something else."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class SetClock:
    """A clock that stands until it is moved (gateway.ports.Clock)."""

    moment: datetime = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentPki:
    return write_development_pki(tmp_path_factory.mktemp("pki") / "pki", SystemClock().now(), [])


@pytest.fixture(scope="session")
def settings_of(pki: DevelopmentPki) -> Callable[..., SystemSettings]:
    """The settings of one system at an address, as the gateway would have them; parts may be replaced."""

    def make(name: str, url: str, **parts: Any) -> SystemSettings:
        city, _, interface = name.partition(".")
        settings = SystemSettings(
            name=name,
            url=url,
            server_name=f"{city}.test",
            authorities=pki.authorities[REGIONS[city]].certificate.read_bytes(),
            certificate=str(pki.gateway_client.certificate),
            key=str(pki.gateway_client.key),
            timeout=60.0,
            connections=16,
            credentials=CREDENTIALS.get(name) or SECRETS[city].get(interface, {}),
        )
        return replace(settings, **parts)

    return make


@pytest.fixture(scope="session")
def tls_server(pki: DevelopmentPki) -> Callable[..., AbstractAsyncContextManager[str]]:
    """A TLS server of Guangzhou's on loopback that hands each connection to a handler; its address."""

    @asynccontextmanager
    async def serve(handler: Handler, client_ca: Path = pki.gateway_ca) -> AsyncIterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.cities["440100"].certificate, pki.cities["440100"].key)
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
        try:
            yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()

    return serve


@dataclass
class City:
    """A city's program, and a hand on its controls."""

    url: str
    context: ssl.SSLContext
    process: subprocess.Popen[str] = field(repr=False)
    heard: int = 0
    front: str = ""

    def at(self, name: str) -> str:
        """Where one of its systems is reached."""
        return self.front if name == "foshan.f4" else self.url

    def control(self, method: str, path: str, order: object = None) -> Any:
        connection = http.client.HTTPSConnection(self.url.removeprefix("https://"), context=self.context, timeout=60)
        try:
            connection.request(method, f"/_simulator/{path}", json.dumps(order) if order else None)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def arm(self, interface: str, fault: str, **more: object) -> None:
        self.control("POST", "faults", {"interface": interface, "fault": fault, "times": 1, **more})

    def asked(self, path: str) -> int:
        """How many questions on this path the city has heard since the last time that somebody wanted to know."""
        entries = self.control("GET", f"tape?after={self.heard}")["entries"]
        self.heard = entries[-1]["seq"] if entries else self.heard
        return sum(path in entry["request"]["path"] for entry in entries)


def _front(folder: Path) -> str:
    return f"sqlite://{folder}/front.db"


def _city_s(city: str, folder: Path) -> dict[str, dict[str, str]]:
    """The secrets as the city has them, and where its front-end database is."""
    return {name: {**each, **({"database": _front(folder)} if name == "f4" else {})} for name, each in SECRETS[city].items()}


def _running(city: str, pki: DevelopmentPki, folder: Path) -> Iterator[City]:
    secrets, pair = folder / "secrets.json", pki.cities[REGIONS[city]]
    secrets.write_text(json.dumps(_city_s(city, folder)))
    files = {"--cert": pair.certificate, "--key": pair.key, "--client-ca": pki.gateway_ca, "--secrets": secrets}
    options = [str(each) for item in files.items() for each in item]
    command = [sys.executable, "-m", f"adapters.{city}.simulator", "--people", "40", "--companies", "30", *options]
    context = ssl.create_default_context(cafile=str(pki.authorities[REGIONS[city]].certificate))
    context.load_cert_chain(pki.gateway_client.certificate, pki.gateway_client.key)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield City(json.loads(process.stdout.readline())["url"], context, process, front=_front(folder))
        finally:
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def guangzhou(pki: DevelopmentPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    yield from _running("guangzhou", pki, tmp_path_factory.mktemp("guangzhou"))


@pytest.fixture(scope="module")
def foshan(pki: DevelopmentPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    yield from _running("foshan", pki, tmp_path_factory.mktemp("foshan"))


@dataclass
class FrontServer:
    """A PostgreSQL server that speaks TLS by both certificates."""

    server: Server
    further: str
    port: int

    @property
    def folder(self) -> Path:
        return self.server.folder

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start(self.further)


@pytest.fixture(scope="session")
def front_server(pki: DevelopmentPki) -> Iterator[FrontServer]:
    port = free_port()
    server, pair = Server.begin(), pki.cities["440600"]
    files = {
        "ssl_cert_file": pair.certificate.read_bytes(),
        "ssl_key_file": pair.key.read_bytes(),
        "ssl_ca_file": pki.gateway_ca.read_bytes(),
        "hba_file": b"local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n",
    }
    options = " ".join(f"-c {name}={server.write(name, content)}" for name, content in files.items())
    front = FrontServer(server, f"{options} -c ssl=on -c listen_addresses=127.0.0.1 -c port={port}", port)
    try:
        front.stop()
        front.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database, "_CONNECT_SECONDS", 30)  # it may just begin, on a machine that is busy
            yield front
    finally:
        server.end()


@pytest.fixture(scope="session")
def example() -> Callable[..., str]:
    """The first example of a city's interface page, after `after`, that holds all these words."""

    def find(city: str, *words: str, after: str = "") -> str:
        page = (ROOT / f"docs/interfaces/{city}.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page[page.index(after) :], re.MULTILINE | re.DOTALL)
        return next(block for block in blocks if all(word in block for word in words))

    return find
