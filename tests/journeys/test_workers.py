"""Two workers serve one address as one gateway: real processes, certificates changed, crashed, restarted and reloaded under questions."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.request import urlopen

import grpc
import pytest

from bench.stage import METHOD, Question, asked_once, start_quick_city
from gateway.client import Client
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.console.watching import Watch
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start
from gateway.development.samples import samples
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind
from gateway.workers.control import ask, beside
from tests.gateway.living import caller, fingerprint, put_unjudged, renewed, rotate
from tests.gateway.living import met as met_by

KIND = "housing-record"
PATIENCE = 20.0
BREATH = 0.04
"""Between two questions of one caller: the machine is shared with what is tested."""
RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)


@dataclass
class Up:
    layout: Layout
    gateway: Started
    question: Question
    told: str
    """What a service manager has heard when the gateway said that it serves."""

    @property
    def address(self) -> str:
        return str(self.gateway.said["gateway"])

    def log(self) -> str:
        return (self.layout.folder / "gateway.log").read_text()

    def client(self) -> Client:
        return Client(self.address, caller(self.layout), server_name=SERVER_NAME)

    def plain(self) -> grpc.aio.Channel:
        """As somebody would connect who has no SDK of ours, with retries as gRPC has them."""
        who = caller(self.layout)
        options = (("grpc.ssl_target_name_override", SERVER_NAME), ("grpc.service_config", RETRIES))
        credentials = grpc.ssl_channel_credentials(who.authorities, who.key, who.certificate)
        return grpc.aio.secure_channel(self.address, credentials, (*options, ("grpc.use_local_subchannel_pool", 1)))

    async def order(self, what: str, **more: Any) -> Any:
        return await ask(beside(self.layout.config), {"do": what, **more})

    async def command(self, *arguments: str) -> tuple[int, Any]:
        """The same as somebody types it."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway.cli", "reload", "-c", str(self.layout.config), "-o", "json", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    async def shown(self) -> Counter[str]:
        """The certificates that twelve connections meet."""

        class Serving:
            address = self.address

        return Counter([await met_by(Serving()) for _ in range(12)])  # type: ignore[arg-type]


@dataclass
class Asking:
    """Questions, one after another on each connection, until it is enough."""

    enough: asyncio.Event = field(default_factory=asyncio.Event)
    ends: Counter[str] = field(default_factory=Counter)

    async def by_sdk(self, client: Client) -> None:
        sample = next(each for each in samples() if each.type == KIND and each.client == WINDOW)
        while not self.enough.is_set():
            answer = await client.query(
                evidence_type=KIND,
                region=sample.region,
                holder=sample.holder,
                purpose=sample.purpose,
                legal_basis=sample.legal_basis,
                parameters=sample.parameters,
            )
            self.ends[f"sdk {answer.outcome}"] += 1
            await asyncio.sleep(BREATH)

    async def by_grpc(self, channel: grpc.aio.Channel, question: Question) -> None:
        while not self.enough.is_set():
            try:
                await channel.unary_unary(METHOD)(question.fresh(), timeout=PATIENCE)
                self.ends["grpc OK"] += 1
            except grpc.aio.AioRpcError as error:
                self.ends[f"grpc {error.code().name} {error.details()}"] += 1
            await asyncio.sleep(BREATH)


@asynccontextmanager
async def questions(up: Up) -> AsyncIterator[Asking]:
    """Go on while the context lasts."""
    asking = Asking()
    clients, channels = [up.client() for _ in range(3)], [up.plain() for _ in range(2)]
    tasks = [asyncio.create_task(asking.by_sdk(each)) for each in clients]
    tasks += [asyncio.create_task(asking.by_grpc(each, up.question)) for each in channels]
    try:
        yield asking
    finally:
        asking.enough.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*tasks)
        await asyncio.gather(*(each.close() for each in (*clients, *channels)))


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Up]:
    layout = lay_out(tmp_path_factory.mktemp("workers") / "dev", SystemClock().now(), entropy)
    city = await start_quick_city(layout, [KIND])
    nobody = "https://127.0.0.1:1"
    write_configuration(layout, {"440100": city.said["url"], "440600": nobody}, "127.0.0.1:0", "127.0.0.1:0")
    arguments = ("-m", "gateway.cli", "serve", "--config", str(layout.config), "--workers", "2", "-o", "json")
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(layout.folder / "notify"))
        manager.setblocking(False)
        patch.setenv("NOTIFY_SOCKET", str(layout.folder / "notify"))
        gateway = await start("gateway", arguments, layout.folder)
        told = manager.recv(200).decode()
    yield Up(layout, gateway, await asked_once(KIND, layout, gateway.said["gateway"]), told)
    status = await gateway.stop()
    await city.stop()
    assert status == 0
    with Log.open(layout.ledger) as log:
        verdict = log.verify()
        assert (verdict.sound, verdict.open_exchanges) == (True, ())
        acts = Counter(each.entry.facts["act"] for each in log.entries(kind=EntryKind.ACT, limit=1000))
    assert acts["GATEWAY_STOPPED"] == acts["GATEWAY_STARTED"] - 1, "all stopped in order but for the one that was killed"
    assert not layout.config.with_suffix(".control").exists()


async def holds(what: Callable[[], Any]) -> None:
    """Waits until it does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = what()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.05)


async def test_both_serve_and_each_has_metrics(up: Up) -> None:
    watch = console(up)
    await watch.look()
    async with questions(up) as asking:
        await holds(lambda: sum(asking.ends.values()) > 30)
    await watch.look()
    await watch.close()
    scraped = [await asyncio.to_thread(scrape, each) for each in up.gateway.said["metrics"]]
    handled = [sum(float(line.split()[-1]) for line in each.splitlines() if _counts(line)) for each in scraped]
    assert len(set(up.gateway.said["metrics"])) == len(set(up.gateway.said["workers"])) == len(handled) == 2
    assert sum(handled) == sum(asking.ends.values()) + 1, "the first question is the fixture's"
    assert min(handled) > 1, "or this shows nothing of two"
    seen = watch.history.traffic()
    assert seen is not None
    assert round(seen.a_second * seen.seconds) == sum(asking.ends.values()), "the console counts what both have done"


def test_a_service_manager_is_told_when_both_serve(up: Up) -> None:
    assert up.told == f"READY=1\nSTATUS=serving on {up.address} with 2 workers"


async def test_a_rotation_reaches_every_worker_under_questions(up: Up) -> None:
    async with questions(up):
        for _ in range(2):
            leaves = renewed(up.layout)
            rotate(up.layout, leaves)
            await holds(lambda leaves=leaves: _all_show(up, leaves["server.pem"]))
    assert "refused" not in up.log()


async def test_restarted_one_by_one_nobody_who_retries_loses_a_call(up: Up) -> None:
    before = up.gateway.said["workers"]
    async with questions(up) as asking:
        told = await up.order("restart")
        seen = sum(asking.ends.values())
        await holds(lambda: sum(asking.ends.values()) > seen + 20)
    assert told["result"] == "restarted"
    assert not set(told["workers"]) & set(before)
    assert set(asking.ends) == {"sdk ISSUED", "grpc OK"}, asking.ends


async def test_one_that_is_killed_is_replaced(up: Up) -> None:
    told = await up.order("reload", dry_run=True)
    os.kill(told["workers"][0], signal.SIGKILL)

    async def replaced() -> bool:
        now = await up.order("reload", dry_run=True)
        return len(now["workers"]) == 2 and now["workers"] != told["workers"]

    await holds(replaced)
    assert "a worker ended and is replaced" in up.log()


async def test_a_reload_says_what_changes_and_is_of_all_or_none(up: Up) -> None:
    file = up.layout.folder / "agreements" / "development.yaml"
    text = file.read_text()
    file.write_text("".join(line for line in text.splitlines(keepends=True) if KIND not in line))
    changed = [each for each in (await up.order("reload", dry_run=True))["changes"] if each["kind"] == "agreement"]
    assert changed
    assert all(each["how"] == "changed" for each in changed)
    async with up.client() as client:
        assert KIND in {each.alias for each in await client.evidence_types()}, "a dry run changes nothing"
        status, told = await up.command()
        assert (status, told["result"], len(told["workers"])) == (0, "applied", 2)
        assert (await up.order("reload"))["result"] == "unchanged"
    assert await offered(up) == {False}
    file.write_text("agreements: nonsense")
    status, told = await up.command()
    assert (status, told["result"]) == (1, "refused")
    assert "development.yaml" in told["problems"][0]
    assert await offered(up) == {False}
    file.write_text(text)
    up.gateway.process.send_signal(signal.SIGHUP)

    async def again() -> bool:
        return await offered(up) == {True}

    await holds(again)


async def test_what_one_worker_cannot_show_none_does(up: Up) -> None:
    shown, leaves = await up.shown(), renewed(up.layout)
    put_unjudged(up.layout, {**leaves, "server.key": renewed(up.layout)["server.key"]})
    assert (await up.order("reload"))["result"] == "refused"
    assert await up.shown() == shown
    rotate(up.layout, renewed(up.layout))
    await holds(lambda: up.log().count('"the new configuration is refused') >= 2)


async def test_health_is_that_of_every_worker(up: Up) -> None:
    told = await up.order("health")
    assert (told["result"], told["problems"], len(told["workers"])) == ("serving", [], 2)


async def test_where_no_gateway_listens_that_is_wrong_use(up: Up) -> None:
    status, told = await up.command("--control", str(up.layout.folder / "nobody"))
    assert status == 2
    assert "no gateway listens on" in told


async def offered(up: Up) -> set[bool]:
    """What eight connections are offered, so that both workers are met but for once in a hundred."""
    found = set[bool]()
    for _ in range(8):
        async with up.client() as client:
            found.add(KIND in {each.alias for each in await client.evidence_types()})
    return found


def console(up: Up) -> Watch:
    """What the console knows of both workers."""
    scrapes = [partial(asyncio.to_thread, scrape, each) for each in up.gateway.said["metrics"]]
    return Watch(lambda: load(up.layout.config, {}), scrapes, SystemClock(), lambda *_: (0.9,))


def scrape(address: str) -> str:
    with urlopen(f"http://{address}/metrics") as answer:
        return str(answer.read().decode())


def _counts(line: str) -> bool:
    return line.startswith("grpc_server_handled_total") and 'grpc_method="Query"' in line


async def _all_show(up: Up, leaf: bytes) -> bool:
    return set(await up.shown()) == {fingerprint(leaf)}
