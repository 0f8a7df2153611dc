"""The gateway's own connections to a city, through the real nginx: the city sees the certificate whose key lies in the token."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpRequest
from adapters.connectors.settings import SystemSettings
from certs.authority import Leaf
from certs.extensions import Profile, Usage
from tests.deploy.nginx.following import Site
from tests.gateway.rpc.house import PATIENCE, papers

pytestmark = [pytest.mark.needs("softhsm"), pytest.mark.needs("nginx")]
ASK = HttpRequest("POST", "/ask", {"Content-Type": "text/plain"}, b"question")


def city_s(name: str) -> Leaf:
    profile = Profile(uri=f"spiffe://foshan.test/{name}", usages=frozenset({Usage.SERVER}), dns_names=(name,))
    return papers().regions.other.issue(profile, papers().now, timedelta(days=1))


@asynccontextmanager
async def city(folder: Path, name: str, seen: list[bytes]) -> AsyncIterator[str]:
    """A city's server of this name that demands a certificate of the gateway's CA; which it was shown, and with what question."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.extend((writer.get_extra_info("ssl_object").getpeercert(binary_form=True), await reader.readexactly(len(ASK.body))))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer")
        await writer.drain()
        writer.close()

    leaf = city_s(name)
    (folder / "shown.pem").write_bytes(leaf.key + leaf.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=papers().gateway.certificate_pem.decode())
    context.load_cert_chain(folder / "shown.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def settings(site: Site, port: int, who: str) -> SystemSettings:
    """As the page has them."""
    return SystemSettings(
        name="foshan.test",
        url=f"https://127.0.0.1:{port}/",
        server_name="127.0.0.1",
        authorities=(site.folder / "inside/ca.crt").read_bytes(),
        certificate=str(site.folder / who / "certificate.pem"),
        key=str(site.folder / who / "key.pem"),
        timeout=PATIENCE,
        connections=1,
        credentials={},
    )


@asynccontextmanager
async def out(site: Site, address: str, who: str = "issued/to-egress") -> AsyncIterator[HttpClient]:
    """The way to the city at this address, through nginx."""
    port = site.configured("egress.conf", **{"server 127.0.0.1:8446": f"server {address}"})
    with site.running("egress.conf", port):
        client = HttpClient(settings(site, port, who))
        try:
            yield client
        finally:
            await client.close()


async def test_the_city_is_shown_the_certificate_whose_key_lies_in_the_token(site: Site, tmp_path: Path) -> None:
    seen: list[bytes] = []
    async with city(tmp_path, "city.test", seen) as address, out(site, address) as client:
        answer = await client.send(ASK, PATIENCE)
    assert (answer.status, answer.body) == (200, b"answer")
    assert seen == [ssl.PEM_cert_to_DER_cert((site.folder / "city/tls.crt").read_text()), ASK.body]
    assert not any(each.is_file() for each in (site.folder / "tmp").rglob("*"))


async def test_a_city_of_another_name_gets_no_question(site: Site, tmp_path: Path) -> None:
    seen: list[bytes] = []
    async with city(tmp_path, "elsewhere.test", seen) as address, out(site, address) as client:
        assert (await client.send(ASK, PATIENCE)).status == 502
    assert seen == []


async def test_a_certificate_of_another_ca_is_not_let_out(site: Site, tmp_path: Path) -> None:
    seen: list[bytes] = []
    sound = site.folder / "stranger"
    sound.mkdir(exist_ok=True)
    (sound / "certificate.pem").write_bytes(papers().sound.certificate)
    (sound / "key.pem").write_bytes(papers().sound.key)
    async with city(tmp_path, "city.test", seen) as address, out(site, address, "stranger") as client:
        assert (await client.send(ASK, PATIENCE)).status == 400
    assert seen == []
