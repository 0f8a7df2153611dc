"""Through the real Envoy, as deploy/envoy/front.yaml has it: the gateway knows who asks, below an intermediate CA too."""

from datetime import timedelta
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs import subject
from certs.authority import Leaf
from certs.extensions import Usage
from deploy.envoy.__main__ import FOLDER
from gateway.model.identity import Anchor, Trust
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.presented import HEADER
from tests.certs import faulty
from tests.deploy.envoy.test_bridge import own_leaf, running, write
from tests.gateway.rpc.house import PATIENCE, house, papers, request
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


def configured(folder: Path, address: str, port: int) -> None:
    """The file as it stands, with this test's addresses and name; each must be there to be replaced."""
    text = (FOLDER / "front.yaml").read_text()
    for before, after in (
        ("port_value: 8443", f"port_value: {port}"),
        ("port_value: 8444", f"port_value: {address.rpartition(':')[2]}"),
        ("gateway.inside.test", "localhost"),
    ):
        assert before in text, before
        text = text.replace(before, after)
    (folder / "envoy.yaml").write_text(text)


async def test_the_gateway_knows_who_asks_by_the_chain_that_was_shown_to_envoy(tmp_path: Path) -> None:
    believed, caller = below_an_intermediate()
    shown, proxy = own_leaf("spiffe://gateway.test/front", Usage.SERVER), own_leaf(PROXY, Usage.CLIENT)
    write(tmp_path, "front", shown.certificate, shown.key)
    write(tmp_path, "proxy", proxy.certificate, proxy.key)
    write(tmp_path, "regions", believed.anchors[faulty.OWN_TRUST_DOMAIN].authorities)
    write(tmp_path, "inside", papers().gateway.certificate_pem)
    port = free_port()
    credentials = grpc.ssl_channel_credentials(papers().regions.own.certificate_pem, caller.key, caller.certificate)
    async with house() as gateway:
        gateway.turn(trust=believed)
        configured(tmp_path, gateway.address, port)
        async with running(tmp_path, port), grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
            forged = ((HEADER, f"URI={faulty.SOUND_URI}-other"),)
            answer = await EvidenceServiceStub(channel).Query(request(), timeout=PATIENCE, metadata=forged)
        assert answer.receipt.proof
        (facts,) = (each.facts for each in gateway.entries() if "caller_system" in each.facts)
    assert (facts["caller_system"], facts["caller_through"]) == (faulty.SYSTEM, PROXY)
