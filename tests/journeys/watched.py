"""A gateway with both cities, witnesses and evidence log that a real Prometheus watches, by our own rules; and what may befall it.

Laws: rules are those that are delivered, but for how long a condition must last: here it counts at once, and two minutes are two seconds.
"""

import asyncio
import fcntl
import json
import re
import signal
import sqlite3
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from certs.authority import Leaf
from certs.generations import activate, stage
from gateway.checking.everything import everything
from gateway.client import Client, ClientFailure, Identity, Unreachable
from gateway.client.identity import credentials
from gateway.clock import SystemClock
from gateway.development.city import City
from gateway.development.environment import Environment, describe
from gateway.development.layout import SERVER_NAME, WINDOW, Layout
from gateway.development.pages import PAGES
from gateway.development.processes import Started
from gateway.workers.control import ask, beside
from tests.journeys.conftest import question
from tests.ports import free_port

PATIENCE = 60.0
LATE = "social-insurance-proof"
"""Asked through tables, which take questions even of a city that is away."""


@dataclass(frozen=True)
class Watch:
    """A Prometheus server that watches the gateway."""

    address: str

    def query(self, expr: str) -> list[dict[str, Any]]:
        url = f"{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  our own
            found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return found

    async def sees(self, expr: str) -> bool:
        """Waits until it has an answer."""
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(self._found, expr):  # noqa: ASYNC110  Prometheus tells nobody
                await asyncio.sleep(0.1)
        return True

    async def fires(self, *alerts: str) -> bool:
        """Waits until each has fired, at any moment."""
        return all([await self.sees(f'max_over_time(ALERTS{{alertname="{each}",alertstate="firing"}}[1h])') for each in alerts])

    def fired(self) -> set[str]:
        """The names of all that have."""
        return {each["metric"]["alertname"] for each in self.query('max_over_time(ALERTS{alertstate="firing"}[1h])')}

    def _found(self, expr: str) -> list[dict[str, Any]]:
        with suppress(OSError):  # it is not up yet
            return self.query(expr)
        return []


@dataclass(frozen=True)
class Scene:
    """`kept` is a copy of the log as it was at the beginning."""

    up: Environment
    watch: Watch
    kept: Path

    @asynccontextmanager
    async def flooded(self) -> AsyncIterator[None]:
        """Somebody has 32 calls under way all the time, for a page that costs the gateway far more than it costs them."""
        pki = self.up.layout.pki
        pair = pki.clients[WINDOW.client]
        shown = credentials(Identity.from_files(pair.certificate, pair.key, pki.gateway_ca))
        async with grpc.aio.secure_channel(self.up.gateway, shown, (("grpc.ssl_target_name_override", SERVER_NAME),)) as channel:
            page = channel.unary_unary("/kuacheng.v1.DirectoryService/ListEvidenceTypes")

            async def again_and_again() -> None:
                while True:
                    try:
                        await page(b"", timeout=PATIENCE)
                    except grpc.aio.AioRpcError as error:
                        # What gRPC lets go by itself, which is what a flood brings about where the machine stands still besides.
                        if error.code() is not grpc.StatusCode.CANCELLED:
                            raise

            calls = [asyncio.create_task(again_and_again()) for _ in range(32)]
            try:
                yield
            finally:
                for each in calls:
                    each.cancel()
                ends = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ends), ends

    async def ask(self, region: str, times: int = 1) -> set[str]:
        """How so many questions at a time to this region end."""
        told = describe(self.up)
        sample = next(
            each for each in told["samples"] if (each["region"], each["outcome"]) == (region, "ISSUED") and each["type"] != LATE
        )
        pair = told["clients"][sample["client"]]
        identity = Identity.from_files(Path(pair["cert"]), Path(pair["key"]), Path(told["ca"]))
        async with Client(self.up.gateway, identity, server_name=SERVER_NAME, attempts=1) as client:
            ends = await asyncio.gather(
                *(client.query(**question(sample), deadline=PATIENCE) for _ in range(times)), return_exceptions=True
            )
        return {getattr(each, "reason", None) or each.outcome.value for each in ends if self._is_end(each)}

    async def knocks(self, leaf: Leaf) -> None:
        """Somebody comes with this certificate, and is not let in."""
        identity = Identity(leaf.certificate, leaf.key, self.up.layout.pki.authority("gateway").certificate_pem)
        async with Client(self.up.gateway, identity, server_name=SERVER_NAME, attempts=1) as client:
            with pytest.raises(Unreachable):
                await client.checkpoint()

    @staticmethod
    def _is_end(end: object) -> bool:
        if isinstance(end, BaseException) and not isinstance(end, ClientFailure):
            raise end
        return True

    async def reloads(self, text: str) -> str:
        """How the gateway takes this configuration."""
        self.up.layout.config.write_text(text)
        answer = await ask(beside(self.up.layout.config), {"do": "reload", "trigger": "command", "dry_run": False})
        return str(answer["result"])

    def put(self, files: dict[str, bytes]) -> None:
        """In force, whatever anybody says of it."""
        material = self.up.layout.material
        activate(material, stage(material, files, lambda _: ()).name, lambda _: ())

    def city(self, region: str) -> City:
        pki = self.up.layout.pki
        return City(self.up.cities[region], pki.gateway_client, pki.authorities[region].certificate)

    @property
    def gateway(self) -> Started:
        return self.up.processes[-1]

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Gives the gateway no processor."""
        self.gateway.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.gateway.process.send_signal(signal.SIGCONT)

    @contextmanager
    def log_held(self) -> Iterator[None]:
        """Keeps the turn to write the evidence log, as another program would."""
        with Path(f"{self.up.layout.ledger}-lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    async def check(self) -> dict[str, str]:
        """The faults that `kuacheng check` finds, by code."""
        lines = await everything(self.up.layout.config, {}, f"http://{self.up.metrics}/metrics", SystemClock())
        return {each.code: each.what for each in lines if each.code}

    async def mended(self, codes: set[str]) -> None:
        """Waits, as `check --wait` does, until it finds none of these."""
        async with asyncio.timeout(PATIENCE):
            while codes & (await self.check()).keys():  # noqa: ASYNC110  as above
                await asyncio.sleep(0.5)


def kept_log(layout: Layout) -> Path:
    """A copy of the log, as a backup makes it."""
    kept = layout.ledger.with_suffix(".kept")
    kept.touch(mode=0o600)
    with closing(sqlite3.connect(layout.ledger)) as here, closing(sqlite3.connect(kept)) as there:
        here.backup(there)
    return kept


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Watch]:
    rules = re.sub(r"for: \w+", "for: 0s", PAGES["deploy/prometheus/rules.yml"]()).replace("[2m]", "[2s]")
    (folder / "rules.yml").write_text(rules)
    scrape = {
        "job_name": "kuacheng",
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "static_configs": [{"targets": [target]}],
    }
    configured = {"global": {"evaluation_interval": "500ms"}, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(json.dumps(configured))
    port = free_port()
    options = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen(["prometheus", *options], stdout=log, stderr=log) as process,
    ):
        try:
            yield Watch(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
