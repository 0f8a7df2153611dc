"""How the bench's own callers get into a gateway of tests/gateway/rpc/house.py."""

import ssl
from pathlib import Path

from bench.hostile import Door
from tests.gateway.rpc.house import House, papers

NAME = "localhost"
"""In the certificate of such a gateway."""


def door(gateway: House, folder: Path) -> Door:
    """For the caller whom the agreements of the house allow; its certificate lies in the folder then."""
    for name, content in (("pem", papers().sound.certificate), ("key", papers().sound.key)):
        (folder / name).write_bytes(content)
    tls = ssl.create_default_context(cadata=papers().gateway.certificate_pem.decode())
    tls.load_cert_chain(folder / "pem", folder / "key")
    tls.set_alpn_protocols(["h2"])
    host, _, port = gateway.address.rpartition(":")
    return Door(host, int(port), tls)
