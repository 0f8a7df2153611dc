"""A department's machine as docs/deploying.md has it: /etc/kuacheng as the operator lays it, the cities beside it, somebody who asks."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.client import Answer, Client, Identity
from gateway.clock import SystemClock, entropy
from gateway.development.layout import CITIES, SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import start_city
from gateway.development.samples import samples
from tests.ports import free_port

STATE = "/var/lib/kuacheng"
FRONT = f"{STATE}/front"
"""Where a city's front-end database, which is a file here, is to be bound."""
PATIENCE = 60.0
_LAID = ("gateway.yaml", "agreements", "material", "secrets", "search-rights.yaml")


@dataclass(frozen=True)
class Office:
    """`etc` becomes /etc/kuacheng; the gateway that is started with it listens at `address`."""

    layout: Layout
    etc: Path
    address: str

    @property
    def front(self) -> Path:
        """The folder to bind at FRONT."""
        return _front(self.layout)

    async def ask(self) -> Answer:
        """One question that the city answers, by a departmental system with a certificate of its own."""
        pair = self.layout.pki.clients[WINDOW.client]
        who = Identity.from_files(pair.certificate, pair.key, self.layout.pki.gateway_ca)
        sample = next(each for each in samples() if each.client == WINDOW and each.outcome == "ISSUED")
        async with Client(self.address, who, server_name=SERVER_NAME) as client:
            return await client.query(
                evidence_type=sample.type,
                region=sample.region,
                holder=sample.holder,
                purpose=sample.purpose,
                legal_basis=sample.legal_basis,
                parameters=sample.parameters,
            )


@asynccontextmanager
async def office(folder: Path, owner: int) -> AsyncIterator[Office]:
    """With both cities up; what is laid belongs to `owner`, the user as whom the gateway runs."""
    layout = lay_out(folder / "dev", SystemClock().now(), entropy)
    cities = {region: await start_city(region, layout) for region in CITIES}
    try:
        address, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        write_configuration(layout, {region: each.said["url"] for region, each in cities.items()}, address, metrics)
        yield Office(layout, _laid(layout, folder / "etc", owner), address)
    finally:
        for each in cities.values():
            await each.stop()


async def holds(what: Callable[[], Any]) -> None:
    """Waits until it does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await asyncio.to_thread(what):
                return
            await asyncio.sleep(0.2)


def _laid(layout: Layout, etc: Path, owner: int) -> Path:
    etc.mkdir()
    for name in _LAID:
        given = layout.folder / name
        shutil.copytree(given, etc / name, symlinks=True) if given.is_dir() else shutil.copy(given, etc / name)
    text = (etc / "gateway.yaml").read_text()
    text = text.replace("file: ledger.db", f"file: {STATE}/ledger.db").replace(f"sqlite://{_front(layout)}", f"sqlite://{FRONT}")
    (etc / "gateway.yaml").write_text(f"{text}deny_list: {STATE}/revoked.json\nstate: {STATE}/records\n")
    for each in (etc, *etc.rglob("*"), _front(layout), *_front(layout).iterdir()):
        os.chown(each, owner, owner, follow_symlinks=False)
    return etc


def _front(layout: Layout) -> Path:
    return layout.folder / "front"
