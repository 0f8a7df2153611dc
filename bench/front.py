"""Envoy before a gateway, as deploy/envoy/front.yaml has it, on one thread.

Law: the file as it is delivered, but for addresses and the name in the gateway's certificate.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from bench.hostile import Door
from bench.stage import REGION
from certs import subject
from certs.authority import Leaf
from certs.development import TRUST_DOMAINS
from certs.extensions import Profile, Usage
from deploy.envoy.front import adapted
from gateway.clock import SystemClock
from gateway.development.layout import SERVER_NAME, Layout

PROXY: Final = subject.department_system(TRUST_DOMAINS[REGION], "11440100M00000019P", "front-proxy")
"""Whom the gateway believes about who calls: `listen.front_proxy`."""
_PATIENCE: Final = 20.0
_LISTEN: Final = "listen:\n"


@dataclass(frozen=True, slots=True)
class Front:
    """A way in through Envoy, and Envoy's process."""

    door: Door
    pid: int


def believed(layout: Layout) -> None:
    """The configuration believes what the proxy says of who calls. Raises ValueError where it has no place for that."""
    text = layout.config.read_text()
    if _LISTEN not in text:
        raise ValueError(f"{layout.config.name} does not say where to listen")
    layout.config.write_text(text.replace(_LISTEN, f"{_LISTEN}  front_proxy: {PROXY}\n", 1))


@asynccontextmanager
async def fronted(layout: Layout, gateway: str) -> AsyncIterator[Front]:
    """Up within the context, before the gateway at this address. Raises OSError where it does not come up."""
    folder = layout.folder / "envoy"
    port = _unused()
    _lay(layout, folder, adapted(port, int(gateway.rpartition(":")[2]), SERVER_NAME))
    arguments = ("-c", "envoy.yaml", "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id")
    process = await asyncio.create_subprocess_exec(Path(sys.executable).with_name("envoy"), *arguments, cwd=folder)
    try:
        await _accepts(port, process)
        yield Front(Door.of(layout, f"127.0.0.1:{port}"), process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _lay(layout: Layout, folder: Path, text: str) -> None:
    now, pki = SystemClock().now(), layout.pki
    proxy = pki.authority(REGION).issue(Profile(uri=PROXY, usages=frozenset({Usage.CLIENT})), now, timedelta(days=1))
    pairs: dict[str, Leaf] = {"front": pki.gateway_server.read(), "proxy": proxy}
    for name, leaf in pairs.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "tls.crt").write_bytes(leaf.certificate)
        (folder / name / "tls.key").write_bytes(leaf.key)
    for name, authorities in (("regions", pki.callers_ca), ("inside", pki.gateway_ca)):
        (folder / name).mkdir()
        (folder / name / "ca.crt").write_bytes(authorities.read_bytes())
    (folder / "envoy.yaml").write_text(text)


def _unused() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _accepts(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            if process.returncode is not None:
                raise OSError(f"Envoy ended with {process.returncode}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
