"""REST through the real Envoy, as deploy/envoy/envoy.yaml has it: questions and refusals in JSON, and who is believed to ask."""

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.protobuf.json_format import MessageToDict

from certs.authority import Leaf
from certs.extensions import Profile, Usage
from deploy.envoy.__main__ import FOLDER, MADE, descriptors
from gateway.model.refusal import Reason
from tests.certs import faulty
from tests.gateway.rpc.house import House, house, papers, request
from tests.gateway.stages import builders
from tests.ports import accepted, free_port

ENVOY = Path(sys.executable).with_name("envoy")


@dataclass(frozen=True)
class Bridge:
    """Envoy before a gateway; `shown` is the certificate that a program shows to Envoy."""

    gateway: House
    url: str
    folder: Path

    async def call(self, method: str, path: str, leaf: Leaf | None = None, **more: Any) -> tuple[int, Any]:
        """Status and JSON, or text where it is none; without a `leaf` as the system itself."""
        return await self.as_who(context(self.folder, leaf or papers().sound), method, path, **more)

    async def as_who(self, tls: ssl.SSLContext, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
            session.request(method, self.url + path, **more) as answer,
        ):
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text


def write(folder: Path, name: str, certificate: bytes, key: bytes = b"") -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / ("tls.crt" if key else "ca.crt")).write_bytes(certificate)
    if key:
        (folder / name / "tls.key").write_bytes(key)


def context(folder: Path, leaf: Leaf | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=folder / "region" / "ca.crt")
    if leaf is not None:
        write(folder, "caller", leaf.certificate, leaf.key)
        made.load_cert_chain(folder / "caller" / "tls.crt", folder / "caller" / "tls.key")
    return made


def configured(folder: Path, address: str, port: int) -> None:
    """The file as it stands, with this test's addresses, names and identity; each must be there to be replaced."""
    text = (FOLDER / "envoy.yaml").read_text()
    gateway_port = address.rpartition(":")[2]
    for before, after in (
        ("port_value: 8444", f"port_value: {port}"),
        ("address: gateway.test, port_value: 8443", f"address: 127.0.0.1, port_value: {gateway_port}"),
        ("gateway.test", "localhost"),
        ("spiffe://foshan.test/department/11440600M00000027C/system/window", faulty.SOUND_URI),
    ):
        assert before in text, before
        text = text.replace(before, after)
    (folder / "envoy.yaml").write_text(text)
    (folder / "kuacheng.binpb").write_bytes(MADE.read_bytes())


def own_leaf(uri: str, usage: Usage) -> Leaf:
    hosts = ("localhost",) if usage is Usage.SERVER else ()
    profile = Profile(uri=uri, usages=frozenset({usage}), dns_names=hosts)
    return papers().regions.own.issue(profile, papers().now, timedelta(days=1))


@asynccontextmanager
async def running(folder: Path, port: int) -> AsyncIterator[None]:
    """Envoy, from the moment at which it accepts."""
    process = await asyncio.create_subprocess_exec(
        ENVOY, "-c", "envoy.yaml", "--concurrency", "1", "--log-level", "warn", "--use-dynamic-base-id", cwd=folder
    )
    try:
        await asyncio.to_thread(accepted, port, lambda: process.returncode is None)
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture(scope="module")
async def bridge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bridge]:
    folder = tmp_path_factory.mktemp("bridge")
    port = free_port()
    shown = own_leaf("spiffe://guangzhou.test/bridge", Usage.SERVER)
    write(folder, "bridge", shown.certificate, shown.key)
    write(folder, "region", papers().regions.own.certificate_pem)
    write(folder, "system", papers().sound.certificate, papers().sound.key)
    write(folder, "gateway", papers().gateway.certificate_pem)
    async with house() as gateway:
        configured(folder, gateway.address, port)
        async with running(folder, port):
            yield Bridge(gateway, f"https://localhost:{port}", folder)


def question(**changes: Any) -> dict[str, Any]:
    return MessageToDict(request(**changes), preserving_proto_field_name=True)


async def test_a_question_is_answered_in_json_and_the_gateway_knows_who_asks(bridge: Bridge) -> None:
    status, told = await bridge.call("POST", "/v1/evidence:query", json=question())
    assert (status, told["outcome"]) == (200, "OUTCOME_ISSUED")
    assert told["receipt"]["proof"]
    assert bridge.gateway.shown_by[-1].leaf == papers().sound.certificate


async def test_what_may_be_asked_is_read_by_get(bridge: Bridge) -> None:
    status, told = await bridge.call("GET", "/v1/evidence-types", params={"provider_region": "440600"})
    assert (status, [each["alias"] for each in told["evidence_types"]]) == (200, [builders.KIND.alias])
    status, told = await bridge.call("GET", "/v1/checkpoint")
    assert (status, bool(told["checkpoint"])) == (200, True)


async def test_a_refusal_is_json_with_its_reason(bridge: Bridge) -> None:
    status, told = await bridge.call("POST", "/v1/evidence:query", json=question(evidence_type="no-such-kind"))
    (info,) = [each for each in told["details"] if each["@type"].endswith("ErrorInfo")]
    assert (status, info["reason"]) == (400, Reason.UNKNOWN_EVIDENCE_TYPE.name)


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/v1/evidence-types", {"params": {"regoin": "440600"}}),
        ("GET", "/v1/nothing", {}),
        ("POST", "/v1/evidence:query", {"data": "{"}),
    ],
    ids=["a misspelt parameter", "an unknown path", "no JSON"],
)
async def test_mistakes_are_told_by_the_bridge(bridge: Bridge, method: str, path: str, more: dict[str, Any]) -> None:
    assert (await bridge.call(method, path, **more))[0] in (400, 404)


async def test_no_header_makes_a_caller_somebody_else(bridge: Bridge) -> None:
    forged = {"x-forwarded-client-cert": f"URI={faulty.SOUND_URI}-other", "x-forwarded-for": "192.0.2.1"}
    assert (await bridge.call("POST", "/v1/evidence:query", json=question(), headers=forged))[0] == 200
    assert bridge.gateway.shown_by[-1].leaf == papers().sound.certificate


@pytest.mark.parametrize("who", ["nobody", "another system of the department"])
async def test_only_the_system_itself_passes_the_bridge(bridge: Bridge, who: str) -> None:
    leaf = None if who == "nobody" else own_leaf(re.sub("[^/]+$", "other", faulty.SOUND_URI), Usage.CLIENT)
    with pytest.raises(aiohttp.ClientError):
        await bridge.as_who(context(bridge.folder, leaf), "GET", "/v1/regions")


def test_the_descriptor_set_is_up_to_date() -> None:
    assert MADE.read_bytes() == descriptors(), "run python -m deploy.envoy"
    done = subprocess.run([sys.executable, "-m", "deploy.envoy", "--check"], check=False)
    assert done.returncode == 0
