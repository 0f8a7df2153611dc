"""What a question costs over each interface family: each interface asked alone, in turn, as many in flight as `python -m bench` has.

CPU is that of the gateway's process, an answer; the bare pass-through of `python -m bench` is measured in the same rounds, on the same
core. The simulators answer the first question, and `bench.replaying` and `bench.department` the others as that was answered: a simulator is
slower than the gateway, and what a gateway spends that waits for a slow city is another question, which --simulators asks. F3's answers are
enciphered under a key of each question, and are always the simulator's.
Usage: python -m bench.families [--seconds 4] [--rounds 3] [--only g1 f4] [--simulators]
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from bench.comparison import COST_MARK, IN_FLIGHT
from bench.load import Ask, Seen, asking, paced, saturated
from bench.machine import Cores, cpu_seconds, described, pinned
from bench.stage import Question, passing, prepared, reaching, serving
from gateway.clock import SystemClock, entropy
from gateway.config import survey_tables
from gateway.development.layout import CITIES, SERVER_NAME, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start, start_city, start_gateway
from gateway.development.samples import Sample, samples

ASKED: Final = ("g1", "g2", "g3", "f1", "f2", "f3", "f4")
BARE: Final = "pass-through"
_REFERENCE: Final = "g2"
_SM2: Final = frozenset({"f3"})
"""What needs SM2, for which there is no mark."""
_FRONT: Final = "440600"
"""The region with a front-end database, F4."""
_ENCIPHERED: Final = "/fsyb/api/v1/"
"""How F3's paths begin."""
_ANY: Final = "127.0.0.1:0"
_WARMING: Final = 0.5


def chosen(only: Sequence[str] = ASKED) -> Mapping[str, Sample]:
    """One question for each of these interfaces and the reference: the first sample that it answers with evidence."""
    coverage = survey_tables(("shipped",), ("shipped",), Path()).coverage
    interfaces = {(each.region, each.type): each.system.rpartition(".")[2] for each in coverage}
    found: dict[str, Sample] = {}
    for each in samples():
        if each.outcome == "ISSUED":
            found.setdefault(interfaces[each.region, each.type], each)
    return {name: found[name] for name in ASKED if name in only or name == _REFERENCE}


@dataclass(frozen=True, slots=True)
class Up:
    """The gateway with the cities behind it: its process, and where it serves."""

    layout: Layout
    pid: int
    gateway: str


@asynccontextmanager
async def cities(folder: Path, cores: Cores, *, simulators: bool) -> AsyncIterator[Up]:
    """Everything up within the context; questions go to the simulators themselves, or to who replays them. Raises StartError."""
    layout, urls = lay_out(folder, SystemClock().now(), entropy), dict[str, str]()
    async with AsyncExitStack() as stack:

        async def up(starting: Awaitable[Started]) -> Started:
            started = await starting
            stack.push_async_callback(started.stop)
            return started

        for region in CITIES:
            urls[region] = str((await up(start_city(region, layout))).said["url"])
            if not simulators:
                options = (*serving(layout, region), *reaching(layout, urls[region], region), "--through", _ENCIPHERED)
                urls[region] = str((await up(start(f"{region}-replayed", ("bench.replaying", *options), folder))).said["url"])
        write_configuration(layout, urls, _ANY, _ANY)
        if not simulators:
            slow, prompt = layout.front(_FRONT).removeprefix("sqlite://"), str(folder / "prompt.db")
            await up(start("department", ("bench.department", "--front", prompt, "--other", slow), folder))
            layout.config.write_text(layout.config.read_text().replace(slow, prompt))
        with pinned(cores.measured):
            gateway = await up(start_gateway(layout))
        yield Up(layout, gateway.process.pid, str(gateway.said["gateway"]))


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU an answer, and answers a second; medians of the rounds. `bare_ms`: what the pass-through takes at that rate."""

    cpu_ms: float
    rate: float
    bare_ms: float


async def measure(up: Up, asked: Mapping[str, Sample], rounds: int, seconds: float, cores: Cores) -> Mapping[str, Cost]:
    """By interface, and the pass-through as fast as it goes."""
    questions = {name: await prepared(each, up.layout, up.gateway) for name, each in asked.items()}
    async with _pass_through(up, questions[_REFERENCE], cores) as (proxy, address):
        saturating = partial(saturated, in_flight=IN_FLIGHT, seconds=seconds)
        costs: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for name, question in questions.items():
                costs.setdefault(name, []).append(await _cost(up, question, up.pid, up.gateway, saturating))
            costs.setdefault(BARE, []).append(await _cost(up, questions[_REFERENCE], proxy, address, saturating))
        found = {}
        for name, each in costs.items():
            cpu, rate = (median(part) for part in zip(*each, strict=True))
            bare = cpu
            if name != BARE:
                bare, _ = await _cost(up, questions[_REFERENCE], proxy, address, partial(paced, rate=rate, seconds=seconds))
            found[name] = Cost(cpu, rate, bare)
        return found


async def _cost(
    up: Up, question: Question, pid: int, address: str, asking_so: Callable[..., Awaitable[Seen]]
) -> tuple[float, float]:
    asks: Sequence[Ask]
    pki = up.layout.pki
    async with asking(address, pki.gateway_ca.read_bytes(), SERVER_NAME, pki.clients[question.client]) as asks:
        await saturated(asks, question.fresh, IN_FLIGHT, _WARMING)
        before = cpu_seconds(pid)
        seen = await asking_so(asks, question.fresh)
        return (cpu_seconds(pid) - before) * 1e3 / seen.answers, seen.rate


@asynccontextmanager
async def _pass_through(up: Up, question: Question, cores: Cores) -> AsyncIterator[tuple[int, str]]:
    """The bare one, before a backend that has this answer: its pid and address."""
    answers = up.layout.folder / "answers"
    answers.mkdir()
    (answers / f"{question.kind}.bin").write_bytes(question.answer)
    backend = await start("backend", ("bench.backend", *serving(up.layout), "--answers", str(answers)), up.layout.folder)
    try:
        with pinned(cores.measured):
            arguments = ("bench.proxy", *passing(up.layout, str(backend.said["address"])))
            proxy = await start("proxy", arguments, up.layout.folder)
        try:
            yield proxy.process.pid, str(proxy.said["address"])
        finally:
            await proxy.stop()
    finally:
        await backend.stop()


def added(name: str, costs: Mapping[str, Cost]) -> float:
    """What this interface takes besides the pass-through, as a multiple of it."""
    return costs[name].cpu_ms / costs[BARE].cpu_ms - 1


def told(asked: Mapping[str, Sample], costs: Mapping[str, Cost]) -> str:
    """The table, ready for docs/performance.md."""
    bare, rows = costs[BARE].cpu_ms, list[str]()
    for name, each in asked.items():
        one, more = costs[name], added(name, costs)
        rows.append(
            f"| {name.upper()} | {each.type} | {one.cpu_ms:.2f} ms | {more + 1:.2f} | {more:.2f} | {one.rate:.0f} | "
            f"{one.bare_ms:.2f} ms | {one.cpu_ms / one.bare_ms:.2f} |"
        )
    head = (
        "| interface | asked for | CPU an answer | over the pass-through | added | a second | pass-through at that rate | over that |",
        "|---|---|---|---|---|---|---|---|",
    )
    return "\n".join((*head, *rows, f"| pass-through | | {bare:.2f} ms | 1 | | {costs[BARE].rate:.0f} | | |"))


async def _run(options: argparse.Namespace, cores: Cores) -> list[str]:
    """Prints the table; the interfaces that miss the mark."""
    asked = chosen(options.only)
    with tempfile.TemporaryDirectory() as folder:
        async with cities(Path(folder) / "dev", cores, simulators=options.simulators) as up:
            costs = await measure(up, asked, options.rounds, options.seconds, cores)
    print(told(asked, costs), flush=True)
    return [name.upper() for name in asked if name not in _SM2 and added(name, costs) > COST_MARK]


def main() -> int:
    """Runs it and prints the table; 1 where the mark is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each interface in each round (default 4)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="+", choices=ASKED, default=ASKED, help="these interfaces, beside the one they are held against"
    )
    parser.add_argument("--simulators", action="store_true", help="let the simulators answer every question")
    options = parser.parse_args()
    cores = Cores.of_this_machine()
    print(f"{described()}; {IN_FLIGHT} in flight", flush=True)
    with pinned(cores.other):
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        with runner:
            missed = runner.run(_run(options, cores))
    print(
        f"MISSED: {', '.join(missed)} add more than {COST_MARK} times the pass-through" if missed else "the mark is kept",
        flush=True,
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
