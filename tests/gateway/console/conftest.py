"""A gateway with both its cities out of reach, and two consoles beside it: one behind mutual TLS, one on this machine only."""

import asyncio
import io
import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar

from certs.authority import Authority
from certs.custody import write_key
from certs.extensions import Profile, Usage
from gateway import storage
from gateway.app import gateway
from gateway.client import Client, Identity, QueryRefused
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.console.access import Role
from gateway.console.running import Running, console
from gateway.console.watching import Watch
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.samples import samples
from gateway.ledger.reading import Log
from gateway.model.exchange import Entry, EntryKind
from gateway.telemetry.access import configure
from tests.gateway.rpc.house import PATIENCE

HOSTILE = '"><script>alert(1)</script>'
HOSTILE_ID = "00000000-0000-4000-8000-00000000dead"
STRANGER = "stranger"
SELDOM = 3600.0
"""Seconds between two looks: none comes meanwhile that would undo what a test has changed."""
NOW = SystemClock().now()
CONSOLE = """
console:
  address: 127.0.0.1:0
  certificate: {{file: {certificate}}}
  key: {{file: {key}}}
  authorities: {{file: administrators.pem}}
  roles:
    system: [spiffe://administrators.test/administrator/system]
    security: [spiffe://administrators.test/administrator/security]
    audit: [spiffe://administrators.test/administrator/audit]
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    cookies: str


@dataclass(frozen=True)
class House:
    layout: Layout
    tls: Running
    local: Running
    exchange: str
    metrics: str
    said: io.StringIO

    def entries(self) -> tuple[Entry, ...]:
        with Log.open(self.layout.ledger) as log:
            return tuple(each.entry for each in log.entries(limit=10_000))

    async def get(self, who: str, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """By somebody with a certificate; by somebody at this machine, for the role local."""
        address = self.local.address if who == Role.LOCAL else self.tls.address
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as session,
            session.request(
                method,
                f"{address}{path}",
                headers=headers,
                allow_redirects=False,
                ssl=self.trust(who),
                server_hostname=self._name(who),
            ) as answer,
        ):
            return Answer(answer.status, dict(answer.headers), await answer.text(), str(answer.cookies))

    def trust(self, who: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.layout.pki.gateway_ca))
        if who != Role.LOCAL:
            context.load_cert_chain(self.layout.folder / f"{who}.pem", self.layout.folder / f"{who}.key")
        return context

    def _name(self, who: str) -> str | None:
        return None if who == Role.LOCAL else SERVER_NAME


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    layout = lay_out(folder, NOW, entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    local = layout.config.with_name("local.yaml")
    local.write_text(layout.config.read_text() + "console: {address: 127.0.0.1:0}\n")
    administrators(layout)
    loaded, said = load(layout.config, {}), io.StringIO()
    await _hostile(layout)
    configure(said)
    async with gateway(loaded, said) as up:
        exchange = await _asked(layout, up.address)
        metrics = f"http://{up.metrics}/metrics"
        with looks() as looked:
            async with (
                console(layout.config, {}, [metrics], interval=SELDOM) as tls,
                console(local, {}, [metrics], interval=SELDOM) as beside,
            ):
                for _ in ("tls", "beside") * 2:  # each before it serves, and beside that
                    await asyncio.wait_for(looked.acquire(), PATIENCE)
                yield House(layout, tls, beside, exchange, metrics, said)


@contextmanager
def looks() -> Iterator[asyncio.Semaphore]:
    """Released whenever a console has looked at everything."""
    done, look = asyncio.Semaphore(0), Watch.look

    async def counted(watch: Watch) -> None:
        await look(watch)
        done.release()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Watch, "look", counted)
        yield done


@pytest.fixture(scope="package")
async def stands(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    async with house(tmp_path_factory.mktemp("console") / "dev") as found:
        yield found
    root.handlers[:] = before
    root.setLevel(level)


def administrators(layout: Layout) -> None:
    authority = Authority.create("administrators CA", NOW - timedelta(days=1), timedelta(days=30))
    (layout.folder / "administrators.pem").write_bytes(authority.certificate_pem)
    for who in ("system", "security", "audit", STRANGER):
        profile = Profile(uri=f"spiffe://administrators.test/administrator/{who}", usages=frozenset({Usage.CLIENT}))
        leaf = authority.issue(profile, NOW, timedelta(days=1))
        (layout.folder / f"{who}.pem").write_bytes(leaf.certificate)
        write_key(layout.folder / f"{who}.key", leaf.key)
    listen = load(layout.config, {}).settings.listen
    section = CONSOLE.format(certificate=listen.certificate.file, key=listen.key.file)
    layout.config.write_text(layout.config.read_text() + section)


async def _hostile(layout: Layout) -> None:
    """An entry whose every free text would be markup, as no codec of ours would let it in."""
    ledger = storage.ledger(load(layout.config, {}))
    facts = {
        "caller_department_name": HOSTILE,
        "detail": HOSTILE,
        "evidence_type": HOSTILE,
        "a_newer_fact": HOSTILE,
        "reason": HOSTILE,
    }
    await ledger.append(Entry(EntryKind.REFUSED, HOSTILE_ID, NOW, facts))
    await ledger.close()


async def _asked(layout: Layout, address: str) -> str:
    """The id of an exchange that ended badly, for the city is not there."""
    sample = samples()[0]
    pair = layout.pki.clients[WINDOW.client]
    identity = Identity.from_files(pair.certificate, pair.key, layout.pki.gateway_ca)
    async with Client(address, identity, server_name=SERVER_NAME, attempts=1) as client:
        with pytest.raises(QueryRefused) as failure:
            await client.query(
                evidence_type=sample.type,
                region=sample.region,
                holder=sample.holder,
                purpose=sample.purpose,
                legal_basis=sample.legal_basis,
                parameters=sample.parameters,
            )
    return failure.value.told.exchange_id
