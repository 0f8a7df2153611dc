"""Real handshakes on loopback, with Python's ssl and with grpcio: the development PKI works, and who gets through."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import grpc
import pytest

from certs.authority import Leaf
from certs.development import DevelopmentPki, KeyPair
from tests.certs.faulty import FAULTS, SOUND_URI, Authorities, sound

_METHOD = "/certs.test.Mirror/Show"
_SECONDS = 60
_HOSTS = ("localhost", "127.0.0.1")
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HTTP2_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def _context(purpose: ssl.Purpose, pair: KeyPair, trust: Path, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(trust))
    context.set_ciphers(ciphers)
    context.load_cert_chain(pair.certificate, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    # Python 3.13 is strict about extensions by default; the older ones must find nothing either.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def _ssl_peer(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> str:
    """The URI that a server reads in the certificate of a client who reached it as `host`."""

    async def show(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        names: tuple[tuple[str, str], ...] = writer.get_extra_info("peercert")["subjectAltName"]
        writer.write(dict(names)["URI"].encode())
        writer.close()

    listener = await asyncio.start_server(show, "127.0.0.1", 0, ssl=server)
    async with listener, asyncio.timeout(_SECONDS):
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=host)
        shown = await reader.read()
        writer.close()
        return shown.decode()


@pytest.mark.parametrize("host", ["gateway.test", *_HOSTS])
async def test_a_department_reaches_the_gateway_by_ssl(pki: DevelopmentPki, host: str) -> None:
    server = _context(ssl.Purpose.CLIENT_AUTH, pki.gateway_server, pki.callers_ca)
    client = _context(ssl.Purpose.SERVER_AUTH, pki.clients["guangzhou-window"], pki.gateway_ca)
    assert await _ssl_peer(server, client, host) == SOUND_URI


@pytest.mark.parametrize(("region", "domain"), [("440100", "guangzhou.test"), ("440600", "foshan.test")])
async def test_the_gateway_reaches_each_city_by_ssl(pki: DevelopmentPki, region: str, domain: str) -> None:
    server = _context(ssl.Purpose.CLIENT_AUTH, pki.cities[region], pki.gateway_ca)
    client = _context(ssl.Purpose.SERVER_AUTH, pki.gateway_client, pki.authorities[region].certificate)
    for host in (domain, *_HOSTS):
        assert await _ssl_peer(server, client, host) == "spiffe://gateway.test/gateway/development"


async def test_a_city_is_not_taken_for_the_other(pki: DevelopmentPki) -> None:
    server = _context(ssl.Purpose.CLIENT_AUTH, pki.cities["440600"], pki.gateway_ca)
    client = _context(ssl.Purpose.SERVER_AUTH, pki.gateway_client, pki.authorities["440100"].certificate)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        await _ssl_peer(server, client, "localhost")


async def _show(_: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    seen: Mapping[str, Iterable[bytes]] = context.auth_context()
    return b"\n".join([*seen.get("peer_spiffe_id", []), *seen["x509_pem_cert"]])


@asynccontextmanager
async def _gateway(leaf: Leaf, trust: bytes) -> AsyncIterator[int]:
    """A grpc server that wants a client certificate by `trust`, and shows each client its own; gives its port."""
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {"Show": grpc.unary_unary_rpc_method_handler(_show)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("certs.test.Mirror", handlers),))
    pairs = [(leaf.key, leaf.certificate)]
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(pairs, trust, require_client_auth=True))
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


async def _ask(target: str, trust: bytes, leaf: Leaf | None, name: str | None = None) -> bytes:
    """What the server shows to a client with this certificate. Raises grpc.aio.AioRpcError where none connects."""
    pair = (leaf.key, leaf.certificate) if leaf else (None, None)
    options = (("grpc.ssl_target_name_override", name),) if name else ()
    async with grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(trust, *pair), options) as channel:
        show: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_METHOD)
        return await show(b"", timeout=_SECONDS)


async def test_a_department_reaches_the_gateway_by_grpc(pki: DevelopmentPki) -> None:
    leaf, trust = pki.clients["foshan-window"].read(), pki.gateway_ca.read_bytes()

    uri = b"spiffe://foshan.test/department/11440600M00000027C/system/window"
    async with _gateway(pki.gateway_server.read(), pki.callers_ca.read_bytes()) as port:
        shown = {await _ask(f"{host}:{port}", trust, leaf) for host in _HOSTS}
        shown.add(await _ask(f"127.0.0.1:{port}", trust, leaf, "gateway.test"))
    assert shown == {uri + b"\n" + leaf.certificate}


async def test_nobody_connects_without_a_certificate_or_with_the_wrong_trust(pki: DevelopmentPki) -> None:
    leaf, trust = pki.clients["foshan-window"].read(), pki.gateway_ca.read_bytes()

    async def refused(port: int, given: tuple[bytes, Leaf | None]) -> grpc.StatusCode:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await _ask(f"127.0.0.1:{port}", *given)
        return error.value.code()

    async with _gateway(pki.gateway_server.read(), pki.callers_ca.read_bytes()) as port:
        codes = [await refused(port, given) for given in ((trust, None), (pki.callers_ca.read_bytes(), leaf))]
    assert codes == [grpc.StatusCode.UNAVAILABLE] * 2


async def _passes_grpc(port: int, trust: bytes, leaf: Leaf) -> bool:
    try:
        shown = await _ask(f"127.0.0.1:{port}", trust, leaf)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return False
        raise
    return shown.endswith(leaf.certificate)


async def _passes_openssl(port: int, context: ssl.SSLContext) -> bool:
    """Whether the server begins to speak HTTP/2 to a client on OpenSSL, which presents what grpcio would not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    try:
        writer.write(_HTTP2_PREFACE + _HTTP2_SETTINGS)
        return (await reader.read(9))[3:4] == _HTTP2_SETTINGS[3:4]
    except (ssl.SSLError, ConnectionError):
        return False
    finally:
        writer.close()


async def test_which_faults_tls_lets_through(
    pki: DevelopmentPki, authorities: Authorities, now: datetime, tmp_path: Path
) -> None:
    """What passes here the gateway itself must refuse; what it then sees is the certificate that was presented."""
    callers = authorities.own.certificate_pem + authorities.other.certificate_pem
    made = {"sound": sound(authorities, now)} | {name: fault.make(authorities, now) for name, fault in FAULTS.items()}
    expected = {"sound": True} | {name: fault.passes_tls for name, fault in FAULTS.items()}

    def context(name: str, leaf: Leaf) -> ssl.SSLContext:
        pair = KeyPair(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        pair.certificate.write_bytes(leaf.certificate)
        pair.key.write_bytes(leaf.key)
        made = _context(ssl.Purpose.SERVER_AUTH, pair, pki.gateway_ca, ciphers="DEFAULT:@SECLEVEL=0")
        made.set_alpn_protocols(["h2"])
        return made

    async def verdicts(port: int, name: str, leaf: Leaf) -> tuple[bool, bool]:
        by_grpc = await _passes_grpc(port, trust, leaf)
        return by_grpc, await _passes_openssl(port, context(name, leaf))

    trust = pki.gateway_ca.read_bytes()
    async with _gateway(pki.gateway_server.read(), callers) as port, asyncio.timeout(_SECONDS):
        seen = {name: await verdicts(port, name, leaf) for name, leaf in made.items()}
    assert seen == {name: (passes, passes) for name, passes in expected.items()}
