"""Three incidents, with real faults, walked by docs/first-ten-minutes.md: the alert fires in a real Prometheus, `check` says what the page
says, and what the page calls mended is mended.

Law: one test, for each step needs the scene as those before it left it, and the last has all alerts.
"""

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from certs import bundle
from certs.authority import Authority
from certs.extensions import Profile, Usage
from certs.generations import activate, discard, judged, stage
from gateway import reauthenticating, renewals
from gateway.clock import SystemClock
from gateway.development import environment as development
from gateway.development.layout import INTERFACES, SERVER_NAME, Layout
from gateway.development.pages import PAGES
from gateway.development.processes import Started, start_city, start_gateway
from gateway.development.watching.alerts import ALERTS
from tests.certs.listing import crl
from tests.journeys.unhurried import waiting
from tests.journeys.watched import PATIENCE, Scene, kept_log, prometheus
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-ten-minutes.md").read_text()
NAME = re.compile(r"\b(?:kuacheng|grpc_server)_[a-z_]+|\bup\b")


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Cities and metrics have ports of their own, which nobody else is given while their program is away."""

    async def start(region: str, layout: Layout, *further: str) -> Started:
        return await start_city(region, layout, *at_a_port(), *further)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(development, "start_city", start)
        patch.setattr(development, "_ANY", at_a_port()[1])
        async with development.environment(folder / "dev") as up:
            with prometheus(folder, up.metrics) as watch:
                await watch.sees('up{job="kuacheng"} == 1')
                yield Scene(up, watch, kept_log(up.layout))


def at_a_port() -> tuple[str, str]:
    return "--listen", f"127.0.0.1:{free_port()}"


@pytest.mark.needs("prometheus")
@pytest.mark.timeout(600)
async def test_each_incident_is_noticed_told_and_mended_as_the_page_says(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        for step in STEPS:
            await step(here)
        assert here.watch.fired() == {each.name for each in ALERTS}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def promised(title: str) -> tuple[set[str], set[str]]:
    """What the page says: alerts, and codes of `check`."""
    alerts, codes = re.search(r"Alert: (.*?)\. `check` says: (.*?)\.\n", section(title)).groups()  # type: ignore[union-attr]
    return set(alerts.split(", ")), set(re.split(r", | or ", codes))


async def every_metric_of_rules_and_dashboards_is_exported_by_the_gateway_that_runs(scene: Scene) -> None:
    with urllib.request.urlopen(f"http://{scene.up.metrics}/metrics", timeout=PATIENCE) as answer:  # noqa: ASYNC210  our own
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.read().decode(), re.MULTILINE))
    exported = set(types) | {f"{name}_bucket" for name, kind in types.items() if kind == "histogram"} | {"up"}
    boards = [json.loads(text()) for name, text in PAGES.items() if name.startswith("deploy/grafana/")]
    asked = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    named = {name for expr in (*asked, *(each.expr for each in ALERTS)) for name in NAME.findall(expr)}
    assert len(named) > 25
    assert named <= exported


async def what_an_operator_brings_about(scene: Scene) -> None:
    """A configuration that is wrong, one that lets too few in, a CA that is to be retired, a revocation list that nobody renews, a
    deny-list that is none, and a folder where a file belongs.
    """
    layout, now = scene.up.layout, SystemClock().now()
    denied, asked = layout.folder / "revoked.json", reauthenticating.beside(layout.ledger)
    denied.write_bytes("名单".encode()[:-1])
    asked.mkdir()
    text, foshan = layout.config.read_text(), "    trust_domain: foshan.test\n"
    assert await scene.reloads(text + "nonsense: 1\n") == "refused"
    (layout.folder / "foshan.crl").write_bytes(crl(layout.pki.authority("440600"), now - timedelta(hours=30), number=1))
    listed = text.replace(foshan, f'{foshan}    revocation_lists: ["foshan.crl"]\n    revocation_grace: 30h\n')
    assert await scene.reloads(listed + "limits:\n  in_flight: 2\n") == "applied"
    old = (layout.material / "current/authorities/440600.pem").read_bytes()
    after = Authority.create("foshan CA 2", now - timedelta(days=1), timedelta(days=365))
    both = bundle.added(old, after.certificate_pem)
    scene.put({"authorities/440600.pem": bundle.tainted(both, bundle.members(old)[0].fingerprint, now)})
    assert await scene.ask("440100", times=20) >= {"OVERLOADED"}
    assert await scene.watch.fires("ReloadRefused", "Overloaded", "CallersOnOldAuthority")
    assert await scene.watch.fires("RevocationListOverdue", "RevocationListEndsSoon", "DenyListUnread", "BackgroundWorkFails")
    denied.unlink()
    asked.rmdir()
    assert await scene.reloads(text) == "applied"


async def what_nobody_renews_puts_in_force_or_vouches_for(scene: Scene) -> None:
    """A renewer that ran last when it was due, seven hours ago, a generation that waits for a person, a CA's responder that is away,
    and a department's certificate that is over.
    """
    layout, now = scene.up.layout, SystemClock().now()
    renewals.note(layout.ledger, "failed", (now - timedelta(hours=7)).timestamp())
    uri = "spiffe://gateway.test/gateway/development"
    profile = Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
    leaf = layout.pki.authority("gateway").issue(profile, now, timedelta(days=3))
    waiting = stage(layout.material, {"client.pem": leaf.certificate, "client.key": leaf.key}, partial(judged, now=now))
    text, foshan = layout.config.read_text(), "    trust_domain: foshan.test\n"
    asked = '    ocsp: {responder: "http://127.0.0.1:1", unreachable: refuse, refresh: 1s}\n'
    assert await scene.reloads(text.replace(foshan, foshan + asked)) == "applied"
    assert await scene.ask("440100") == {"CALLER_UNKNOWN"}
    over = layout.pki.authority("440600").issue(profile, now - timedelta(days=3), timedelta(days=1))
    await scene.knocks(over)
    assert await scene.watch.fires("RenewalOverdue", "GenerationWaits", "OcspSilent", "CallersCannotConnect")
    discard(layout.material, waiting.name)
    assert await scene.reloads(text) == "applied"
    async with asyncio.timeout(PATIENCE):
        while await scene.ask("440100") != {"ISSUED"}:  # until it is known everywhere that no responder is asked any more
            pass


async def more_than_a_process_can_do(scene: Scene) -> None:
    """And nobody is refused in words for it, so that no other metric tells."""
    alerts, _ = promised("Callers are lost before we see them")
    async with scene.flooded():
        assert await scene.watch.fires(*alerts)


async def what_is_slow(scene: Scene) -> None:
    """A city, the evidence log, and the process itself."""
    text = scene.up.layout.config.read_text()
    # What the gateway is held up below must not be taken for the city's.
    assert await scene.reloads(waiting("guangzhou", PATIENCE)(text)) == "applied"
    assert await scene.ask("440100") == {"ISSUED"}
    assert await scene.watch.sees('kuacheng_city_seconds_count{region="440100"}')
    await an_entry_waits(scene)
    for each in INTERFACES["440100"][:3]:
        await scene.city("440100").break_(each, "latency", 1, seconds=5.2)
    late = asyncio.create_task(scene.ask("440100"))
    for _ in range(2):
        with scene.held_up():
            await scene.watch.sees("up == 0")
        await scene.watch.sees("up == 1")
    assert await late == {"ISSUED"}
    await scene.city("440100").mend()
    assert await scene.watch.fires("CitySlow", "LedgerSlow", "EventLoopLags")
    assert await scene.reloads(text) == "applied"


async def an_entry_waits(scene: Scene) -> None:
    """For most of a second; again, where the machine let it wait for longer than a gateway does."""
    async with asyncio.timeout(PATIENCE):
        ended = set[str]()
        while ended != {"ISSUED"}:
            with scene.log_held():
                waiting = asyncio.create_task(scene.ask("440100"))
                await asyncio.wait([waiting], timeout=0.8)
            ended = await waiting


async def a_city_that_does_not_answer(scene: Scene) -> None:
    alerts, codes = promised("A city does not answer")
    city = next(each for each in scene.up.processes if each.name == "foshan")
    await city.stop()
    assert await scene.ask("440600", times=30) == {"CITY_UNAVAILABLE"}
    assert await scene.watch.fires(*alerts)
    assert await scene.ask("440600") == {"CITY_UNAVAILABLE"}
    assert await scene.watch.fires("CityFailing")
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


async def an_evidence_log_that_takes_nothing(scene: Scene) -> None:
    alerts, codes = promised("The evidence log takes nothing")
    ledger, away = scene.up.layout.ledger, scene.up.layout.ledger.with_suffix(".away")
    ledger.rename(away)
    ledger.write_bytes(b"not a log " * 1000)
    assert await scene.ask("440100") == {"LEDGER_UNAVAILABLE"}
    assert await scene.watch.fires(*alerts)
    assert codes & (await scene.check()).keys() == {"log-unusable"}
    assert await scene.ask("440100", times=20) == {"LEDGER_UNAVAILABLE"}
    assert await scene.watch.fires("ErrorBudgetBurnsFast", "ErrorBudgetBurns", "ErrorBudgetBurnsSlowly")
    away.replace(ledger)
    await scene.mended(codes)
    assert await scene.ask("440100") == {"ISSUED"}


async def a_certificate_that_ends(scene: Scene) -> None:
    alerts, codes = promised("A certificate ends")
    layout, now = scene.up.layout, SystemClock().now()
    profile = Profile(uri="spiffe://gateway.test/gateway/development", usages=frozenset({Usage.SERVER}), dns_names=(SERVER_NAME,))
    before = {each: (layout.material / "current" / each).read_bytes() for each in ("server.pem", "server.key")}
    old = layout.pki.authority("gateway").issue(profile, now - timedelta(days=60), timedelta(days=61))
    scene.put({"server.pem": old.certificate, "server.key": old.key})
    assert await scene.watch.fires(*alerts)
    found = await scene.check()
    assert codes & found.keys() == {"renewal-due"}
    assert "server.pem" in found["renewal-due"]
    activate(layout.material, stage(layout.material, before, partial(judged, now=now)).name, partial(judged, now=now))
    await scene.mended(codes)


async def a_log_that_was_put_back(scene: Scene) -> None:
    layout = scene.up.layout
    await scene.gateway.stop()
    for each in layout.folder.glob("ledger.db*"):
        each.unlink()
    scene.kept.replace(layout.ledger)
    (layout.folder / "witnessed.note").unlink()
    again = await start_gateway(layout)
    try:
        assert await scene.watch.fires("WitnessSeesFork", "CheckpointOld")
    finally:
        await again.stop()


STEPS: tuple[Callable[[Scene], Awaitable[None]], ...] = (
    every_metric_of_rules_and_dashboards_is_exported_by_the_gateway_that_runs,
    what_an_operator_brings_about,
    what_nobody_renews_puts_in_force_or_vouches_for,
    more_than_a_process_can_do,
    what_is_slow,
    a_city_that_does_not_answer,
    an_evidence_log_that_takes_nothing,
    a_certificate_that_ends,
    a_log_that_was_put_back,
)
