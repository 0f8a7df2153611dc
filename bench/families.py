"""What a question costs over each interface family: the whole development environment, each interface asked alone, in turn.

CPU is that of the gateway's process, an answer; the pass-through of `python -m bench` is measured in the same rounds, on the same core. The
simulators behind are the real ones and share the other core with the load, so queries a second mean nothing here.
Usage: python -m bench.families [--seconds 4] [--rounds 3] [--only g1 f4]
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from bench.load import Ask, asking, saturated
from bench.machine import Cores, cpu_seconds, described, pinned
from bench.stage import Question, passing, prepared, serving
from gateway.config import survey_tables
from gateway.development.environment import Environment, environment
from gateway.development.layout import SERVER_NAME
from gateway.development.processes import start
from gateway.development.samples import Sample, samples

ASKED: Final = ("g1", "g2", "g3", "f1", "f2", "f3", "f4")
BARE: Final = "pass-through"
_REFERENCE: Final = "g2"
_IN_FLIGHT: Final = 16
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


async def measure(up: Environment, asked: Mapping[str, Sample], rounds: int, seconds: float, cores: Cores) -> Mapping[str, float]:
    """Milliseconds of CPU an answer, by interface and of the pass-through; medians of the rounds."""
    gateway = up.processes[-1].process.pid
    _pin(gateway, cores.measured)
    questions = {name: await prepared(each, up.layout, up.gateway) for name, each in asked.items()}
    async with _pass_through(up, questions[_REFERENCE], cores) as (proxy, address):
        costs: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, question in questions.items():
                costs.setdefault(name, []).append(await _cost(up, question, gateway, up.gateway, seconds))
            costs.setdefault(BARE, []).append(await _cost(up, questions[_REFERENCE], proxy, address, seconds))
    return {name: median(each) for name, each in costs.items()}


async def _cost(up: Environment, question: Question, pid: int, address: str, seconds: float) -> float:
    asks: Sequence[Ask]
    pki = up.layout.pki
    async with asking(address, pki.gateway_ca.read_bytes(), SERVER_NAME, pki.clients[question.client]) as asks:
        await saturated(asks, question.fresh, _IN_FLIGHT, _WARMING)
        before = cpu_seconds(pid)
        seen = await saturated(asks, question.fresh, _IN_FLIGHT, seconds)
        return (cpu_seconds(pid) - before) * 1e3 / seen.answers


@asynccontextmanager
async def _pass_through(up: Environment, question: Question, cores: Cores) -> AsyncIterator[tuple[int, str]]:
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


def _pin(pid: int, core: int) -> None:
    """All its threads, those to come included."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it may have ended meanwhile
            os.sched_setaffinity(int(task.name), {core})


def told(asked: Mapping[str, Sample], costs: Mapping[str, float]) -> str:
    """The table, ready for docs/performance.md."""
    bare = costs[BARE]
    rows = [
        f"| {name.upper()} | {asked[name].type} | {costs[name]:.2f} ms | {costs[name] / bare:.2f} | "
        f"{costs[name] / costs[_REFERENCE]:.2f} |"
        for name in asked
    ]
    head = ("| interface | asked for | CPU an answer | over the pass-through | over G2 |", "|---|---|---|---|---|")
    return "\n".join((*head, *rows, f"| pass-through | | {bare:.2f} ms | 1 | |"))


async def _run(options: argparse.Namespace, cores: Cores) -> None:
    asked = chosen(options.only)
    with tempfile.TemporaryDirectory() as folder:
        async with environment(Path(folder) / "dev") as up:
            print(told(asked, await measure(up, asked, options.rounds, options.seconds, cores)), flush=True)


def main() -> int:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each interface in each round (default 4)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="+", choices=ASKED, default=ASKED, help="these interfaces, beside the one they are held against"
    )
    options = parser.parse_args()
    cores = Cores.of_this_machine()
    print(f"{described()}; {_IN_FLIGHT} in flight", flush=True)
    with pinned(cores.other):
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        with runner:
            runner.run(_run(options, cores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
