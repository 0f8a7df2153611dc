"""Pebble, Let's Encrypt's ACME server for tests, with its DNS server: checks signatures, nonces and states, and fetches what it asked for.

Every name leads to this machine, to an address that no other program has; http-01 comes to a port of its own instead of 80; an account
needs an external binding.
"""

import json
import os
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import DEVNULL, Popen

from certs.authority import Authority
from certs.extensions import Profile, Usage
from tests.ports import accepted, free_port

EXTERNAL = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")


@dataclass(frozen=True)
class Pebble:
    """`authorities` is the file of the CA of its own HTTPS, `root` the CA (PEM) of what it issues, `dns` where TXT records are set."""

    directory: str
    authorities: Path
    root: bytes
    http_host: str
    http_port: int
    dns: str


@contextmanager
def pebble(folder: Path, now: datetime) -> Iterator[Pebble]:
    """Both processes, until the context ends."""
    listening, management, http, dns, records = (free_port() for _ in range(5))
    address = f"127.80.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF or 1}"
    files = _https(folder, now)
    config = {
        "listenAddress": f"127.0.0.1:{listening}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(files[0]),
        "privateKey": str(files[1]),
        "httpPort": http,
        "tlsPort": http,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": True,
        "externalAccountMACKeys": dict([EXTERNAL]),
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    quick = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
    served = f"-http01= -https01= -tlsalpn01= -dns01=127.0.0.1:{dns} -management=127.0.0.1:{records}"
    names = f"pebble-challtestsrv -defaultIPv6= -defaultIPv4={address} {served}"
    server = f"pebble -strict -config {folder / 'pebble.json'} -dnsserver 127.0.0.1:{dns}"
    with ExitStack() as stack:
        for command, ports in ((names, (records,)), (server, (management, listening))):
            process = stack.enter_context(Popen(command.split(), stdout=DEVNULL, stderr=DEVNULL, env=quick))
            stack.callback(process.kill)
            for port in ports:  # it says that it listens before it does
                accepted(port, lambda: process.poll() is None)  # noqa: B023  called at once
        yield Pebble(
            f"https://localhost:{listening}/dir",
            files[2],
            _got(f"https://localhost:{management}/roots/0", files[2]),
            address,
            http,
            f"http://127.0.0.1:{records}",
        )


def _https(folder: Path, now: datetime) -> tuple[Path, Path, Path]:
    authority = Authority.create("pebble's HTTPS", now, timedelta(days=9))
    profile = Profile(
        uri="spiffe://pebble.test/server",
        usages=frozenset({Usage.SERVER}),
        dns_names=("localhost",),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )
    leaf = authority.issue(profile, now, timedelta(days=1))
    files = folder / "https.pem", folder / "https.key", folder / "https-ca.pem"
    for path, content in zip(files, (leaf.certificate, leaf.key, authority.certificate_pem), strict=True):
        path.write_bytes(content)
    return files


def _got(url: str, authorities: Path) -> bytes:
    with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=str(authorities))) as answer:  # noqa: S310  a constant
        content: bytes = answer.read()
    return content
