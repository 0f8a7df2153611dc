"""What the tests of described interfaces share: a gateway.yaml that adds one by YAML alone, and the department behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.development import DevelopmentPki
from gateway.clock import SystemClock
from gateway.config import ConfigError, Loaded, load
from gateway.connecting import PROGRAMS, connector, problems
from gateway.model.agreement import Agreement
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.evidence import Evidence
from gateway.model.exchange import Permit, Route
from gateway.model.identity import Caller
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, Operator, Purpose, Query
from gateway.ports import CityAdapter
from gateway.stages.translate import inward, outward
from tests.adapters.configured.departments import CREDENTIALS, NAMES, Asked, Department

WRITTEN = Path(__file__).parent / "written"
_START, _END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
_GATEWAY = """\
version: 1
log: log.gateway.test/2026h2
listen: {{address: "127.0.0.1:0", certificate: {{file: {certificate}}}, key: {{file: {key}}}}}
regions:
  "440100":
    name: {{zh: 广州市, en: Guangzhou}}
    trust_domain: guangzhou.test
    authorities: {{file: {authorities}}}
    systems:
      aid:
        connector: guangzhou.aid
        url: {url}
        server_name: {server_name}
        authorities: {{file: {system_authorities}}}
        certificate: {{file: {certificate}}}
        key: {{file: {key}}}
        timeout: 60s
        credentials: {{{credentials}}}
catalogue: [{written}/legal-aid-record.yaml]
tables: [{written}/table.yaml]
interfaces: [{interface}]
agreements: [agreements.yaml]
ledger: {{file: ledger.db, key: {{file: log.key}}, holder_key: {{id: hk, file: holder.key}}}}
"""
_AGREEMENTS = """\
agreements:
  - id: aid-01
    department: 11440100M00000019P
    department_name: 广州市窗口（虚构）
    department_region: "440100"
    region: "440100"
    evidence: [{type: legal-aid-record, fields: all}]
    matters: [440600-0001]
    legal_bases: [STATUTORY_DUTY]
    valid: {from: 2026-01-01, to: 2036-12-31}
"""


def route(loaded: Loaded, number: str) -> Route:
    """The permitted question about this person."""
    (table,) = loaded.world.tables.values()
    person = Holder(HolderType.PERSON, "111", number, NAMES[number])
    purpose = Purpose("440600-0001", "法律援助审核", "FS0001", Operator("desk-1", "window", "经办乙"))
    query = Query("a-request", table.type.code, table.region, person, purpose, LegalBasis(LegalBasisKind.STATUTORY_DUTY, "条例"))
    caller = Caller("440600", "11440600M00000027C", "window", "spiffe://foshan.test/a", "f", "0", _START, _END)
    nobody: frozenset[Any] = frozenset()
    agreement = Agreement("aid-01", "440600", caller.department, "佛山", None, table.region, {}, nobody, nobody, _START, _END)
    return Route(Permit(caller, query, table.type, agreement, frozenset(table.type.fields)), table)


@dataclass
class Reached:
    """The gateway's side of one interface."""

    loaded: Loaded
    adapter: CityAdapter

    def question(self, number: str) -> CityRequest:
        return outward(route(self.loaded, number))

    async def ask(self, number: str, seconds: float = 60.0) -> CityAnswer | CityTicket:
        return await self.adapter.ask(self.question(number), seconds)

    async def evidence(self, number: str) -> tuple[Evidence, ...]:
        """What a caller would be given; none where the city says that it holds none."""
        answer = await self.ask(number)
        assert isinstance(answer, CityAnswer)
        return inward(answer, route(self.loaded, number), strict=False)


@dataclass
class Site:
    """A folder with a gateway.yaml in it."""

    folder: Path
    pki: DevelopmentPki

    def write(self, family: str, url: str, credentials: Mapping[str, str]) -> Path:
        """A gateway.yaml with one system, whose interface is the file of this family."""
        names = ", ".join(f"{name}: {{env: AID_{name.upper()}}}" for name in credentials)
        text = _GATEWAY.format(
            certificate=self.pki.gateway_client.certificate,
            key=self.pki.gateway_client.key,
            authorities=self.pki.authorities["440100"].certificate,
            url=url,
            # The PostgreSQL server of the tests shows a certificate of Foshan's.
            server_name="foshan.test" if url.startswith("postgresql") else "guangzhou.test",
            system_authorities=self.pki.authorities["440600" if url.startswith("postgresql") else "440100"].certificate,
            credentials=names,
            written=WRITTEN,
            interface=WRITTEN / f"{family}.yaml",
        )
        (self.folder / "gateway.yaml").write_text(text)
        return self.folder / "gateway.yaml"

    def load(self, family: str, url: str, credentials: Mapping[str, str] | None = None) -> Loaded:
        """The configuration; of the credentials those that the interface takes."""
        path = self.write(family, url, CREDENTIALS if credentials is None else credentials)
        environment = {f"AID_{name.upper()}": value for name, value in CREDENTIALS.items()}
        try:
            return load(path, environment, programs=PROGRAMS)
        except ConfigError as error:
            unknown = {each.path.rpartition(".")[2] for each in error.problems if each.message.startswith("unknown credential")}
            if credentials is not None or not unknown:
                raise
        return self.load(family, url, {name: value for name, value in CREDENTIALS.items() if name not in unknown})

    @asynccontextmanager
    async def reached(self, family: str, url: str) -> AsyncIterator[Reached]:
        loaded = self.load(family, url)
        assert await asyncio.to_thread(problems, loaded) == ()
        adapter = connector(loaded.systems["guangzhou.aid"], SystemClock())
        try:
            yield Reached(loaded, adapter)
        finally:
            await adapter.close()


@pytest.fixture
def site(tmp_path: Path, pki: DevelopmentPki) -> Site:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (("log.key", pem), ("holder.key", bytes(range(32))), ("agreements.yaml", _AGREEMENTS.encode())):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    return Site(tmp_path, pki)


@pytest.fixture
def served(tls_server: Callable[..., AbstractAsyncContextManager[str]]) -> Callable[..., AbstractAsyncContextManager[str]]:
    """The department's own server; its address."""

    def serve(department: Department) -> AbstractAsyncContextManager[str]:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while asked := await _heard(reader):
                status, body = department.answer(asked)
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            writer.close()

        return tls_server(speak)

    return serve


async def _heard(reader: asyncio.StreamReader) -> Asked | None:
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
