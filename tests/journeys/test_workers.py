"""Two workers serve one address as one gateway: real processes, certificates changed, crashed, restarted and reloaded under questions."""

import asyncio
import json
import os
import re
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
from gateway.rpc.rotating import NotShown
from gateway.workers.control import ask, beside
from tests.gateway.living import caller, fingerprint, put_unjudged, renewed, rotate
from tests.gateway.living import met as met_by

KIND = "housing-record"
PATIENCE = 60.0
ATTEMPTS = 6
"""Of one call, for who loses its connection again and again while workers come and go."""
BREATH = 0.04
"""Between two questions of one caller: the machine is shared with what is tested."""
RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.25s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    # As docs/certificates-rotation.md asks of whoever has no SDK.
                    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
                },
            }
        ]
    }
)

STOOD_STILL = re.compile(
    r"the listener does not accept our own connection|(connection to|handshake with) ourselves( failed)?: TimeoutError"
)
"""What a worker says that had no time to see what it shows: of no configuration, but of the machine."""


@dataclass
class Up:
    layout: Layout
    gateway: Started
    question: Question
    told: str
    """What a service manager has heard when the gateway said that it serves."""
    killed: int = 0
    """Workers that could not say in the evidence log that they stopped."""

    @property
    def address(self) -> str:
        return str(self.gateway.said["gateway"])

    def log(self) -> str:
        return (self.layout.folder / "gateway.log").read_text()

    def refusals(self) -> list[str]:
        """The lines of the log by which a worker kept the configuration that it had."""
        return [each for each in self.log().splitlines() if '"the new configuration is refused' in each]

    def client(self) -> Client:
        return Client(self.address, caller(self.layout), server_name=SERVER_NAME, attempts=ATTEMPTS)

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
        return Counter([await self._met() for _ in range(12)])

    async def _met(self) -> str:
        class Serving:
            address = self.address

        while True:
            try:
                return await met_by(Serving())  # type: ignore[arg-type]
            except NotShown as error:
                if not isinstance(error.__cause__, TimeoutError):  # or the machine stood still
                    raise


@dataclass
class Asking:
    """Questions, one after another on each connection, until it is enough."""

    enough: asyncio.Event = field(default_factory=asyncio.Event)
    ends: Counter[str] = field(default_factory=Counter)

    async def by_sdk(self, client: Client) -> None:
        while not self.enough.is_set():
            await self.once(client)
            await asyncio.sleep(BREATH)

    async def once(self, client: Client) -> None:
        sample = next(each for each in samples() if each.type == KIND and each.client == WINDOW)
        answer = await client.query(
            evidence_type=KIND,
            region=sample.region,
            holder=sample.holder,
            purpose=sample.purpose,
            legal_basis=sample.legal_basis,
            parameters=sample.parameters,
        )
        self.ends[f"sdk {answer.outcome}"] += 1

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
    arguments = ("gateway.cli", "serve", "--config", str(layout.config), "--workers", "2", "-o", "json")
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(layout.folder / "notify"))
        manager.setblocking(False)
        patch.setenv("NOTIFY_SOCKET", str(layout.folder / "notify"))
        gateway = await start("gateway", arguments, layout.folder)
        told = manager.recv(200).decode()
    up = Up(layout, gateway, await asked_once(KIND, layout, gateway.said["gateway"]), told)
    yield up
    gateway.process.terminate()
    try:
        status = await asyncio.wait_for(gateway.process.wait(), PATIENCE)
    finally:
        await gateway.stop()
        await city.stop()
    assert status == 0
    with Log.open(layout.ledger) as log:
        verdict = log.verify()
        assert (verdict.sound, verdict.open_exchanges) == (True, ())
        acts = Counter(each.entry.facts["act"] for each in log.entries(kind=EntryKind.ACT, limit=1000))
    assert acts["GATEWAY_STOPPED"] == acts["GATEWAY_STARTED"] - up.killed, "all stopped in order but for those that were killed"
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

        async def one_more_and_both_are_met() -> bool:
            """The kernel chooses who takes a connection: all that there are may be with one of the two."""
            async with up.client() as client:
                await asking.once(client)
            return min(await handled(up)) > 1

        await holds(lambda: sum(asking.ends.values()) > 30)
        await holds(one_more_and_both_are_met)
    await watch.look()
    await watch.close()
    counted = await handled(up)
    assert len(set(up.gateway.said["metrics"])) == len(set(up.gateway.said["workers"])) == len(counted) == 2
    assert sum(counted) == sum(asking.ends.values()) + 1, "the first question is the fixture's"
    assert min(counted) > 1, "or this shows nothing of two"
    seen = watch.history.traffic()
    assert seen is not None
    assert round(seen.a_second * seen.seconds) == sum(asking.ends.values()), "the console counts what both have done"


def test_a_service_manager_is_told_when_both_serve(up: Up) -> None:
    assert up.told == f"READY=1\nSTATUS=serving on {up.address} with 2 workers"


async def test_a_rotation_reaches_every_worker_under_questions(up: Up) -> None:
    before = len(up.refusals())
    async with questions(up):
        for _ in range(2):
            await rotated(up)
    assert not [each for each in up.refusals()[before:] if not STOOD_STILL.search(each)]


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
    up.killed += 1

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
    before = len(up.refusals())
    shown, leaves = await up.shown(), renewed(up.layout)
    put_unjudged(up.layout, {**leaves, "server.key": renewed(up.layout)["server.key"]})
    assert (await up.order("reload"))["result"] == "refused"
    await holds(lambda: len(up.refusals()) >= before + 2)
    assert await up.shown() == shown
    await rotated(up)


async def test_health_is_that_of_every_worker(up: Up) -> None:
    told: dict[str, Any] = {}

    async def all_answer() -> bool:
        """A worker that the machine has kept from its turn for three seconds is, rightly, not counted."""
        told.update(await up.order("health"))
        return not told["problems"]

    await holds(all_answer)
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


async def handled(up: Up) -> list[float]:
    """Questions that each worker has counted."""
    scraped = [await asyncio.to_thread(scrape, each) for each in up.gateway.said["metrics"]]
    return [sum(float(line.split()[-1]) for line in each.splitlines() if _counts(line)) for each in scraped]


def scrape(address: str) -> str:
    with urlopen(f"http://{address}/metrics") as answer:
        return str(answer.read().decode())


def _counts(line: str) -> bool:
    return line.startswith("grpc_server_handled_total") and 'grpc_method="Query"' in line


async def rotated(up: Up) -> None:
    """A new certificate, until every worker shows it. One whose look at itself the machine held up is given the next one."""
    while True:
        stalls, leaves = _stalls(up), renewed(up.layout)
        rotate(up.layout, leaves)

        async def ended(leaf: bytes = leaves["server.pem"], stalls: int = stalls) -> bool:
            return _stalls(up) > stalls or await _all_show(up, leaf)

        await holds(ended)
        if _stalls(up) == stalls:
            return


def _stalls(up: Up) -> int:
    return sum(bool(STOOD_STILL.search(each)) for each in up.refusals())


async def _all_show(up: Up, leaf: bytes) -> bool:
    return set(await up.shown()) == {fingerprint(leaf)}
