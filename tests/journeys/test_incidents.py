"""Three incidents, with real faults, walked by docs/first-ten-minutes.md: the alert fires in a real Prometheus, `check` says what the page
says, and what the page calls mended is mended.
"""

import asyncio
import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from certs.extensions import Profile, Usage
from certs.generations import activate, judged, stage
from gateway.checking.everything import everything
from gateway.client import Client, ClientFailure, Identity
from gateway.clock import SystemClock
from gateway.development.environment import Environment, describe, environment
from gateway.development.layout import SERVER_NAME
from gateway.development.pages import PAGES
from gateway.development.processes import start_city
from gateway.development.watching.alerts import ALERTS
from tests.journeys.conftest import question

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-ten-minutes.md").read_text()
PATIENCE = 30.0
LATE = "social-insurance-proof"
"""Asked through tables, which take questions even of a city that is away."""
NAME = re.compile(r"\b(?:kuacheng|grpc_server)_[a-z_]+|\bup\b")

pytestmark = pytest.mark.needs("prometheus")


@dataclass(frozen=True)
class Watch:
    """A Prometheus server that watches the gateway."""

    address: str

    def query(self, expr: str) -> list[dict[str, Any]]:
        url = f"{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  our own
            found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return found

    async def fires(self, alert: str) -> bool:
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(self.query, f'ALERTS{{alertname="{alert}",alertstate="firing"}}'):  # noqa: ASYNC110  Prometheus tells nobody
                await asyncio.sleep(0.2)
        return True


@dataclass(frozen=True)
class Scene:
    up: Environment
    watch: Watch

    async def ask(self, region: str, times: int = 1) -> set[str]:
        """How so many questions at a time to this region end."""
        told = describe(self.up)
        sample = next(
            each for each in told["samples"] if (each["region"], each["outcome"]) == (region, "ISSUED") and each["type"] != LATE
        )
        pair = told["clients"][sample["client"]]
        identity = Identity.from_files(Path(pair["cert"]), Path(pair["key"]), Path(told["ca"]))
        async with Client(self.up.gateway, identity, server_name=SERVER_NAME, attempts=1) as client:
            ends = await asyncio.gather(*(client.query(**question(sample)) for _ in range(times)), return_exceptions=True)
        return {getattr(each, "reason", None) or each.outcome.value for each in ends if self._is_end(each)}

    @staticmethod
    def _is_end(end: object) -> bool:
        if isinstance(end, BaseException) and not isinstance(end, ClientFailure):
            raise end
        return True

    async def check(self) -> dict[str, str]:
        """The faults that `kuacheng check` finds, by code."""
        lines = await everything(self.up.layout.config, {}, f"http://{self.up.metrics}/metrics", SystemClock())
        return {each.code: each.what for each in lines if each.code}

    async def mended(self, codes: set[str]) -> None:
        """Waits, as `check --wait` does, until it finds none of these."""
        async with asyncio.timeout(PATIENCE):
            while codes & (await self.check()).keys():  # noqa: ASYNC110  as above
                await asyncio.sleep(0.5)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Watch]:
    rules = re.sub(r"for: \w+", "for: 0s", PAGES["deploy/prometheus/rules.yml"]())
    (folder / "rules.yml").write_text(rules)
    scrape = {
        "job_name": "kuacheng",
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "static_configs": [{"targets": [target]}],
    }
    configured = {"global": {"evaluation_interval": "500ms"}, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(json.dumps(configured))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("incidents")
    async with environment(folder / "dev") as up:
        with prometheus(folder, up.metrics) as watch:
            async with asyncio.timeout(PATIENCE):
                while not await asyncio.to_thread(_ready, watch):  # noqa: ASYNC110  as above
                    await asyncio.sleep(0.1)
            yield Scene(up, watch)


def _ready(watch: Watch) -> bool:
    try:
        return bool(watch.query('up{job="kuacheng"} == 1'))
    except OSError:
        return False


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def promised(title: str) -> tuple[set[str], set[str]]:
    """What the page says: alerts, and codes of `check`."""
    alerts, codes = re.search(r"Alert: (.*?)\. `check` says: (.*?)\.\n", section(title)).groups()  # type: ignore[union-attr]
    return set(alerts.split(", ")), set(re.split(r", | or ", codes))


async def test_every_metric_of_rules_and_dashboards_is_exported_by_the_gateway_that_runs(scene: Scene) -> None:
    with urllib.request.urlopen(f"http://{scene.up.metrics}/metrics", timeout=PATIENCE) as answer:  # noqa: ASYNC210  our own
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.read().decode(), re.MULTILINE))
    exported = set(types) | {f"{name}_bucket" for name, kind in types.items() if kind == "histogram"} | {"up"}
    boards = [json.loads(text()) for name, text in PAGES.items() if name.startswith("deploy/grafana/")]
    asked = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    named = {name for expr in (*asked, *(each.expr for each in ALERTS)) for name in NAME.findall(expr)}
    assert len(named) > 25
    assert named <= exported


async def test_a_city_that_does_not_answer(scene: Scene) -> None:
    alerts, codes = promised("A city does not answer")
    city = next(each for each in scene.up.processes if each.name == "foshan")
    await city.stop()
    assert await scene.ask("440600", times=30) == {"CITY_UNAVAILABLE"}
    assert all([await scene.watch.fires(each) for each in alerts])
    found = await scene.check()
    assert codes & found.keys() == {"city-unreachable"}
    assert found["city-unreachable"].startswith("440600 ")
    assert await scene.ask("440100") == {"ISSUED"}, "other cities are not touched"
    again = await start_city("440600", scene.up.layout, "--listen", scene.up.cities["440600"].removeprefix("https://"))
    try:
        await scene.mended({*codes, "breaker-open"})
        assert await scene.ask("440600") == {"ISSUED"}
    finally:
        await again.stop()


async def test_an_evidence_log_that_takes_nothing(scene: Scene) -> None:
    alerts, codes = promised("The evidence log takes nothing")
    ledger, away = scene.up.layout.ledger, scene.up.layout.ledger.with_suffix(".away")
    ledger.rename(away)
    ledger.write_bytes(b"not a log " * 1000)
    assert await scene.ask("440100") == {"LEDGER_UNAVAILABLE"}
    assert all([await scene.watch.fires(each) for each in alerts])
    assert codes & (await scene.check()).keys() == {"log-unusable"}
    away.replace(ledger)
    await scene.mended(codes)
    assert await scene.ask("440100") == {"ISSUED"}


async def test_a_certificate_that_ends(scene: Scene) -> None:
    alerts, codes = promised("A certificate ends")
    layout, now = scene.up.layout, SystemClock().now()
    profile = Profile(uri="spiffe://gateway.test/gateway/development", usages=frozenset({Usage.SERVER}), dns_names=(SERVER_NAME,))
    before = {each: (layout.material / "current" / each).read_bytes() for each in ("server.pem", "server.key")}
    old = layout.pki.authority("gateway").issue(profile, now - timedelta(days=60), timedelta(days=61))
    _put(scene, {"server.pem": old.certificate, "server.key": old.key})
    assert all([await scene.watch.fires(each) for each in alerts])
    found = await scene.check()
    assert codes & found.keys() == {"renewal-due"}
    assert "server.pem" in found["renewal-due"]
    activate(layout.material, stage(layout.material, before, partial(judged, now=now)).name, partial(judged, now=now))
    await scene.mended(codes)


def _put(scene: Scene, files: dict[str, bytes]) -> None:
    material = scene.up.layout.material
    activate(material, stage(material, files, lambda _: ()).name, lambda _: ())
