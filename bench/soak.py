"""A gateway under what a bad day brings: idle connections and questions for minutes, five times what it can do, and peers who misbehave.

Laws: the gateway is the ordinary one, `kuacheng serve`, in a process of its own with its log on the disk; questions are asked by the clock
and not by the answers; what was answered must be in the log, which must verify. `make soak`.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.request import urlopen

import grpc
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from bench.front import believed, fronted
from bench.hostile import HOSTILE, Door
from bench.load import ISSUED, Ends, asking
from bench.machine import Stalls, cpu_seconds, described, loop_seconds, resident_mb
from bench.overload import Way, overload, way
from bench.stage import REGION, Question, asked_once, start_quick_city
from bench.verdicts import Verdicts, trend
from gateway.clock import SystemClock, entropy
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start_gateway
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind

KIND: Final = "housing-record"
GROWTH_MARK: Final = 50.0
"""Bytes a question that memory may grow by after the second minute: less than the smallest object that could be forgotten with each."""
LAG_MARK: Final = 0.050
HOSTILE_MARK: Final = 4_096 * 24 / 1024
"""MiB that peers who misbehave may cost: as many connections as are allowed (`listen.connections`), 24 KiB each."""

_NOBODY: Final = "https://127.0.0.1:1"
_LAG: Final = "kuacheng_event_loop_lag_seconds"
_PATIENCE: Final = 20.0
_SETTLING: Final = 120
_FEW, _MANY = 4, 100


@dataclass(frozen=True, slots=True)
class Load:
    """What is done. `rate` in questions a second, `burst` in seconds of each of the shorter parts."""

    idle: int
    rate: float
    seconds: float
    burst: float


@dataclass
class Soak:
    """What is up, and what was seen."""

    layout: Layout
    gateway: Started
    question: Question
    door: Door
    asked: int = 1
    verdicts: Verdicts = field(default_factory=Verdicts)

    def memory(self) -> float:
        """MB."""
        return resident_mb(self.gateway.process.pid)

    def spent(self) -> float:
        """Seconds of processor so far."""
        return cpu_seconds(self.gateway.process.pid)

    def busy(self) -> float:
        """Seconds in which its event loop had something to do so far."""
        return loop_seconds(self.gateway.process.pid)

    def way(
        self, name: str, door: Door, connections: int, besides: Callable[[], float] = lambda: 0.0
    ) -> AbstractAsyncContextManager[Way]:
        """Connections to this door of the gateway's; `besides` are the seconds of processor of what stands before it."""
        return way(name, door, connections, self.question.fresh, spent=lambda: self.spent() + besides(), busy=self.busy)

    async def lag(self) -> dict[float, float]:
        """How many wakes of the event loop were late by at most so much, by seconds; empty where it is not metered."""

        def read() -> str:
            with urlopen(f"http://{self.gateway.said['metrics']}/metrics") as answer:
                return str(answer.read().decode())

        families = text_string_to_metric_families(await asyncio.to_thread(read))
        samples = [each for family in families for each in family.samples if each.name == f"{_LAG}_bucket"]
        return {float(each.labels["le"]): each.value for each in samples}


async def steady(soak: Soak, load: Load) -> None:
    """Idle connections and questions, for minutes."""
    tell = soak.verdicts.add
    print(f"\n{load.idle} idle connections, {load.rate:g} questions a second, {load.seconds:g} s", flush=True)
    before, peers = soak.memory(), await soak.door.peers(load.idle)
    tell(f"memory before, and with {load.idle} idle connections", f"{before:.0f} MB, {soak.memory():.0f} MB")
    seen, lag = list[float](), await soak.lag()
    with Stalls(soak.layout.folder) as machine:
        async with soak.way("here", soak.door, _FEW) as through:
            ends = await through.paced(load.rate, load.seconds, lambda: seen.append(soak.memory()), patient=True)
    soak.asked += through.answered
    _tell_memory(soak, load, seen)
    what = f"{load.rate:g} questions a second for {load.seconds / 60:g} min"
    seen_ends = (
        f"ended as {dict(ends.told)}{_when(ends)}; {ends.again} times one was told OVERLOADED, and came again when it was told to"
    )
    tell(what, seen_ends, "nothing lost", kept=set(ends.told) == {ISSUED})
    tell("latency", f"p50 {ends.quantile_ms(0.5):.1f} ms, p99 {ends.quantile_ms(0.99):.1f} ms")
    _tell_lag(soak, lag, await soak.lag())
    tell(
        "the machine meanwhile",
        f"another process woke {machine.late * 1e3:.0f} ms late at most, a page was durable within {machine.durable * 1e3:.0f} ms",
    )
    left = sum(not each.ended.done() for each in peers)
    tell("idle connections that still stand", f"{left} of {load.idle}", "all", kept=left == load.idle)
    for each in peers:
        each.transport.abort()


def _when(ends: Ends) -> str:
    """When those were due that were not answered."""
    spans = ((told, span) for told in ends.told if told != ISSUED for span in ends.spans(told))
    return "".join(f"; {count} {told} due {began:.1f} to {until:.1f} s" for told, (began, until, count) in spans)


def _tell_memory(soak: Soak, load: Load, seen: Sequence[float]) -> None:
    """By the second. Until the log's page cache is full, growth is no finding."""
    if len(seen) < 2 * _SETTLING:
        soak.verdicts.add("memory", f"{seen[0]:.0f} MB at first, {seen[-1]:.0f} MB at the end; too short a time to judge by")
        return
    settled = seen[_SETTLING:]
    a_question = trend(settled) * 1e6 / load.rate
    grown = f"{median(settled[:60]):.0f} MB in the third minute, {median(settled[-60:]):.0f} MB in the last; "
    trended = f"trend {trend(settled) * 60:+.2f} MB a minute, {a_question:+.0f} bytes a question"
    mark = f"no growth after the second minute: less than {GROWTH_MARK:.0f} bytes a question"
    soak.verdicts.add("memory", grown + trended, mark, kept=a_question < GROWTH_MARK)


def _tell_lag(soak: Soak, before: dict[float, float], after: dict[float, float]) -> None:
    counts = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    bound = min(bound for bound, count in counts.items() if count >= 0.99 * counts[float("inf")])
    seen, mark = f"at most {bound * 1e3:.0f} ms late in 99 of 100", f"{LAG_MARK * 1e3:.0f} ms"
    soak.verdicts.add("event loop", seen, mark, kept=bound <= LAG_MARK)


async def overloaded(soak: Soak, load: Load) -> None:
    """The gateway itself, over few connections and over many, and behind Envoy, which is there to refuse in its place."""
    async with fronted(soak.layout, str(soak.gateway.said["gateway"])) as front:
        for name, door, besides, in_words in (
            ("the gateway alone", soak.door, lambda: 0.0, False),
            ("behind Envoy", front.door, lambda: cpu_seconds(front.pid), True),
        ):
            for connections in (_FEW, _MANY):
                async with soak.way(name, door, connections, besides) as through:
                    await overload(through, load.burst, soak.verdicts, in_words=in_words)
                soak.asked += through.answered


async def hostile(soak: Soak, load: Load) -> None:
    """Each kind of peer who misbehaves, while others ask."""
    async with soak.way("here", soak.door, _FEW) as through:
        calm = await through.paced(20.0, load.burst)
        print(f"\nwhile others misbehave, 20 questions a second; calm p99 {calm.quantile_ms(0.99):.0f} ms", flush=True)
        kinds: dict[str, Callable[..., Any]] = {**HOSTILE, "metadata of 64 KB": soak_metadata(soak)}
        for name, misbehave in kinds.items():
            enough, before = asyncio.Event(), soak.memory()
            doing = asyncio.create_task(misbehave(soak.door, enough))
            ends = await through.paced(20.0, load.burst)
            most = soak.memory()
            enough.set()
            told = await doing
            harmless = set(ends.told) == {ISSUED} and most - before <= HOSTILE_MARK
            words = f"others: {dict(ends.told)}, p99 {ends.quantile_ms(0.99):.0f} ms (calm {calm.quantile_ms(0.99):.0f}); "
            mark = f"others answered, {HOSTILE_MARK:.0f} MB"
            soak.verdicts.add(f"{name}: {told}", f"{words}{most - before:+.0f} MB", mark, kept=harmless)
    soak.asked += through.answered


def soak_metadata(soak: Soak) -> Callable[[Door, asyncio.Event], Awaitable[str]]:
    """Calls whose metadata is four times what is taken, over connections of their own."""

    async def send(_: Door, enough: asyncio.Event) -> str:
        pair, told = soak.layout.pki.clients[WINDOW.client], Counter[str]()
        async with asking(str(soak.gateway.said["gateway"]), soak.layout.pki.gateway_ca.read_bytes(), SERVER_NAME, pair) as asks:
            while not enough.is_set():
                try:
                    await asks[0](soak.question.fresh(), timeout=_PATIENCE, metadata=(("x-flood", "y" * 65_536),))
                    told["OK"] += 1
                except grpc.aio.AioRpcError as error:
                    told[error.code().name] += 1
        return str(dict(told))

    return send


def check_log(soak: Soak) -> None:
    """What was answered is what was recorded."""
    with Log.open(soak.layout.ledger) as log:
        verdict = log.verify()
        outcomes = Counter(each.entry.facts.get("result") for each in log.entries(kind=EntryKind.OUTCOME, limit=10**9))
    issued = outcomes[ISSUED]
    sound = verdict.sound and not verdict.open_exchanges
    seen = f"{issued} answers recorded, {soak.asked} received; {'verified' if sound else 'NOT sound'}"
    soak.verdicts.add("the evidence log afterwards", seen, "the same, verified", kept=sound and issued == soak.asked)


async def run(folder: Path, load: Load) -> Verdicts:
    """Everything, printed as it goes."""
    layout = lay_out(folder, SystemClock().now(), entropy)
    async with AsyncExitStack() as stack:
        city = await start_quick_city(layout, [KIND])
        stack.push_async_callback(city.stop)
        write_configuration(layout, {REGION: city.said["url"], "440600": _NOBODY}, "127.0.0.1:0", "127.0.0.1:0")
        believed(layout)
        gateway = await start_gateway(layout)
        stack.push_async_callback(gateway.stop)
        address = str(gateway.said["gateway"])
        soak = Soak(layout, gateway, await asked_once(KIND, layout, address), Door.of(layout, address))
        await steady(soak, load)
        await overloaded(soak, load)
        await hostile(soak, load)
        soak.verdicts.add("the gateway", f"still runs, {soak.memory():.0f} MB", "", kept=gateway.process.returncode is None)
    check_log(soak)
    return soak.verdicts


def main() -> int:
    """Runs it; 1 where a mark is missed."""
    options = _options()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(f"{described()}; load average {os.getloadavg()[0]:.1f}", flush=True)
    load = Load(options.idle, options.rate, options.minutes * 60, options.burst)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.folder) as folder:
        verdicts = uvloop.run(run(Path(folder).absolute() / "dev", load))
    missed = verdicts.missed
    print(f"\n{verdicts.table()}\n\n{f'MISSED: {len(missed)}' if missed else 'every mark is kept'}", flush=True)
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of questions beside idle connections (default 10)")
    parser.add_argument("--idle", type=int, default=2000, help="connections that only stay (default 2000)")
    parser.add_argument("--rate", type=float, default=300.0, help="questions a second (default 300)")
    parser.add_argument("--burst", type=float, default=20.0, help="seconds of each of the other parts (default 20)")
    parser.add_argument("--folder", type=Path, default=Path(".kuacheng"), help="on the disk for the log (default .kuacheng)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
