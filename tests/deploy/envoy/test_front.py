"""Through the real Envoy, as deploy/envoy/front.yaml has it: the gateway knows who asks, below an intermediate CA too, and what is too much
is refused before it, in the gateway's own words.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from certs import subject
from certs.authority import Leaf
from certs.extensions import Usage
from deploy.envoy import front
from gateway.client.failure import QueryRefused, of
from gateway.model.identity import Anchor, Trust
from gateway.model.refusal import Reason
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.presented import HEADER
from tests.certs import faulty
from tests.deploy.envoy.test_bridge import own_leaf, running, write
from tests.gateway.rpc.house import PATIENCE, House, house, papers, request
from tests.gateway.stages.test_identify import authority, certificate, for_clients, named, pem
from tests.ports import free_port

PROXY = subject.department_system(faulty.OWN_TRUST_DOMAIN, faulty.CREDIT_CODE, "front-proxy")


def below_an_intermediate() -> tuple[Trust, Leaf]:
    """A trust that has a second CA of the caller's region, and a caller two steps below that CA."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    life = (papers().now - timedelta(days=1), papers().now + timedelta(days=1))
    root = authority(root_key, 1, "root", life, issuer=certificate([], name="root"), issuer_key=root_key)
    middle = authority(middle_key, 0, "middle", life, issuer=root, issuer_key=root_key)
    leaf = certificate([named(faulty.SOUND_URI), for_clients()], issuer=middle, issuer_key=middle_key, key=key, life=life)
    anchor = Anchor("440100", faulty.OWN_TRUST_DOMAIN, papers().regions.own.certificate_pem + pem(root))
    believed = Trust("below", {**papers().trust().anchors, anchor.trust_domain: anchor}, front_proxy=PROXY)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return believed, Leaf(pem(leaf, middle), secret)


@asynccontextmanager
async def fronted(folder: Path, before: str = "", after: str = "") -> AsyncIterator[tuple[House, grpc.aio.Channel]]:
    """A gateway behind Envoy, and a channel of a caller to Envoy; the file as it stands, but that `before` in it is `after`."""
    believed, caller = below_an_intermediate()
    shown, proxy = own_leaf("spiffe://gateway.test/front", Usage.SERVER), own_leaf(PROXY, Usage.CLIENT)
    write(folder, "front", shown.certificate, shown.key)
    write(folder, "proxy", proxy.certificate, proxy.key)
    write(folder, "regions", believed.anchors[faulty.OWN_TRUST_DOMAIN].authorities)
    write(folder, "inside", papers().gateway.certificate_pem)
    port = free_port()
    credentials = grpc.ssl_channel_credentials(papers().regions.own.certificate_pem, caller.key, caller.certificate)
    async with house() as gateway:
        gateway.turn(trust=believed)
        text = front.adapted(port, int(gateway.address.rpartition(":")[2]), "localhost")
        assert before in text
        (folder / "envoy.yaml").write_text(text.replace(before, after))
        async with running(folder, port), grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
            yield gateway, channel


async def refusal(stub: EvidenceServiceStub) -> QueryRefused:
    """As the gateway's own client reads what a question comes to."""
    try:
        await stub.Query(request(), timeout=PATIENCE)
    except grpc.aio.AioRpcError as error:
        told = of(error)
        assert isinstance(told, QueryRefused), told
        return told
    raise AssertionError("answered")


async def test_the_gateway_knows_who_asks_by_the_chain_that_was_shown_to_envoy(tmp_path: Path) -> None:
    async with fronted(tmp_path) as (gateway, channel):
        forged = ((HEADER, f"URI={faulty.SOUND_URI}-other"),)
        answer = await EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE, metadata=forged)
        assert answer.receipt.proof
        (facts,) = (each.facts for each in gateway.entries() if "caller_system" in each.facts)
    assert (facts["caller_system"], facts["caller_through"]) == (faulty.SYSTEM, PROXY)


async def test_what_is_too_much_is_refused_before_the_gateway_in_its_words(tmp_path: Path) -> None:
    async with fronted(tmp_path, "max_requests: 192", "max_requests: 2") as (gateway, channel):
        stub = EvidenceServiceStub(channel)
        gateway.city.hold()
        inside = [asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE)) for _ in range(2)]
        await gateway.city.asked(2)
        told = [await refusal(stub) for _ in range(40)]
        healthy = await HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        gateway.city.release()
        answers = await asyncio.gather(*inside)
    assert healthy.status == health_pb2.HealthCheckResponse.SERVING
    assert all(each.receipt.proof for each in answers)
    assert {(each.reason, each.code) for each in told} == {(Reason.OVERLOADED.name, grpc.StatusCode.RESOURCE_EXHAUSTED)}
    advised = {each.told.retry_after for each in told}
    assert len(advised) > 1
    assert advised <= {0.5, 0.8, 1.2, 1.5}
    assert len(gateway.city.requests) == len(inside)


def test_words_that_are_not_the_gateways_are_put_right() -> None:
    text = front.FILE.read_text()
    assert text.count("value: CAgS") == 4
    assert front.spoken(text.replace("value: CAgS", "value: AAAA").replace("too many exchanges", "too much")) == text
