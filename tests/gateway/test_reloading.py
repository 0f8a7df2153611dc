"""A running gateway takes up what its files say now, all of it or none of it, under calls that do not notice."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from certs.generations import activate, judged, stage
from gateway.app import Running, gateway
from gateway.client import Client, Identity, QueryRefused
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, load
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.model.refusal import Reason
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

    def write(self, text: str, /) -> int:
        written = super().write(text)
        asyncio.get_running_loop().call_soon_threadsafe(self._news.set)
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


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return lay_out(tmp_path_factory.mktemp("reloading") / "dev", NOW, entropy)


@pytest.fixture(autouse=True)
def _whole(layout: Layout) -> None:
    """Each test begins with its own configuration; of generations there are ever more."""
    write_configuration(layout, CITIES, "127.0.0.1:0", "127.0.0.1:0")


@asynccontextmanager
async def running(layout: Layout) -> AsyncIterator[tuple[Running, Said]]:
    said = Said()
    configure(said)
    async with gateway(read(layout), said, lambda: read(layout)) as serving:
        yield serving, said


def read(layout: Layout) -> Loaded:
    return load(layout.config, {})


def rotate(layout: Layout, changes: Mapping[str, bytes]) -> str:
    judge = partial(judged, now=NOW)
    return activate(layout.material, stage(layout.material, changes, judge).name, judge).name


def pair(name: str, leaf: Leaf) -> Mapping[str, bytes]:
    return {f"{name}.pem": leaf.certificate, f"{name}.key": leaf.key}


def renewed(layout: Layout, authority: Authority | None = None) -> Mapping[str, bytes]:
    """Both of our leaves, anew."""
    ca, uri = authority or layout.pki.authority("gateway"), "spiffe://gateway.test/gateway/development"
    server = Profile(uri=uri, usages=frozenset({Usage.SERVER}), dns_names=(SERVER_NAME,))
    client = Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
    return {**pair("server", ca.issue(server, NOW, LIFE)), **pair("client", ca.issue(client, NOW, LIFE))}


def caller(layout: Layout, leaf: Leaf | None = None, trusting: bytes = b"") -> Identity:
    shown = leaf or layout.pki.clients[WINDOW.client].read()
    return Identity(shown.certificate, shown.key, trusting or layout.pki.gateway_ca.read_bytes())


def client(serving: Running, identity: Identity) -> Client:
    return Client(serving.address, identity, server_name=SERVER_NAME)


async def met(serving: Running) -> str:
    host, _, port = serving.address.rpartition(":")
    return await rotating._leaf(host, int(port))


def fingerprint(pem: bytes) -> str:
    return rotating.Shown(pem, b"", b"").fingerprint()


async def test_another_generation_is_taken_up_without_a_signal(layout: Layout) -> None:
    async with running(layout) as (serving, said), client(serving, caller(layout)) as standing:
        await standing.evidence_types()
        for count in (1, 2):
            made = renewed(layout)
            name = rotate(layout, made)
            line = (await said.heard("kuacheng.reload", count))[-1]
            assert (line["level"], line["trigger"], line["generation"]) == ("INFO", "generation", name)
            assert await met(serving) == fingerprint(made["server.pem"])
            await standing.evidence_types()
            async with client(serving, caller(layout)) as new:
                await new.evidence_types()


def test_cities_are_asked_with_the_new_certificate_and_old_connections_are_let_finish(layout: Layout) -> None:
    before = read(layout)
    rotate(layout, renewed(layout))
    after = read(layout)
    for name, system in after.systems.items():
        assert system != before.systems[name]
        assert Path(system.certificate).is_file()
        assert Path(system.certificate).parent.name > Path(before.systems[name].certificate).parent.name


async def test_a_caller_under_a_new_authority_of_its_region_is_known_from_then_on(layout: Layout) -> None:
    new = Authority.create("foshan CA 2", NOW, timedelta(days=30))
    uri = f"spiffe://foshan.test/department/{WINDOW.credit_code}/system/{WINDOW.system}"
    leaf = new.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), NOW, LIFE)
    old = layout.pki.authorities["440600"].certificate.read_bytes()
    async with running(layout) as (serving, _):
        rotate(layout, {"authorities/440600.pem": old + new.certificate_pem})
        assert await serving.reload("test") == ()
        async with client(serving, caller(layout, leaf)) as under_new, client(serving, caller(layout)) as under_old:
            await under_new.evidence_types()
            await under_old.evidence_types()
            rotate(layout, {"authorities/440600.pem": new.certificate_pem})
            assert await serving.reload("test") == ()
            await under_new.evidence_types()
            with pytest.raises(QueryRefused) as refused:
                await under_old.evidence_types()
            assert refused.value.reason == Reason.CALLER_UNKNOWN.name, "its connection stands, and yet it is nobody now"
    rotate(layout, {"authorities/440600.pem": old})


async def test_a_bad_generation_is_refused_with_its_reason_and_the_old_one_stays(layout: Layout) -> None:
    async with running(layout) as (serving, said), client(serving, caller(layout)) as standing:
        before = await met(serving)
        bad = dict(renewed(layout)) | {"server.key": renewed(layout)["server.key"]}
        # As somebody would who writes by hand what `kuacheng certs` would have refused.
        activate(layout.material, stage(layout.material, bad, lambda _: ()).name, lambda _: ())
        (line,) = await said.heard("kuacheng.reload", 1)
        assert line["level"] == "ERROR"
        assert "the private key does not belong to its certificate" in str(line["problems"])
        assert await met(serving) == before
        await standing.evidence_types()
        rotate(layout, renewed(layout))
        assert (await said.heard("kuacheng.reload", 2))[-1]["level"] == "INFO"
        assert await met(serving) != before


async def test_what_takes_a_restart_is_said(layout: Layout) -> None:
    async with running(layout) as (serving, _):
        text = layout.config.read_text()
        layout.config.write_text(text.replace("log: log.gateway.test/development", "log: log.gateway.test/other"))
        (told,) = await serving.reload("test")
        assert told.startswith("log changed, and that takes a restart")


async def test_agreements_change_with_the_rest(layout: Layout) -> None:
    file = layout.folder / "agreements" / "development.yaml"
    async with running(layout) as (serving, _), client(serving, caller(layout)) as standing:
        assert [each.alias for each in await standing.evidence_types()][1:]
        text = file.read_text()
        file.write_text("agreements: nonsense")
        assert "agreements" in (await serving.reload("test"))[0]
        assert [each.alias for each in await standing.evidence_types()][1:]
        file.write_text(text.replace("fields: all}\n      - {type: housing-record, fields: all}", "fields: all}"))
        assert await serving.reload("test") == ()
        assert "housing-record" not in {each.alias for each in await standing.evidence_types()}
