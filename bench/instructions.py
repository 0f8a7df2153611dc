"""What an exchange costs, function by function, and the same on a busy machine as on a quiet one: instructions are counted, not time.

`kuacheng serve` runs in valgrind, some fifty times slower, with a model of this machine's caches; while it answers, callgrind counts.
So what it does by the clock (looking at files, its own lag) is there fifty times too often, and SHA-256 costs more than where a processor
has instructions of its own for it.
Needs valgrind, and Python 3.12 or later, by whose perf trampolines callgrind tells Python functions apart.
Usage: python -m bench.instructions housing-record [--seconds 30] [--lines 60] [--without-log]
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import uvloop

from bench.callgrind import Cost, by_function
from bench.load import Ask, asking, saturated
from bench.stage import ANSWERS, REGION, Question, asked_once, start_quick_city
from gateway.clock import SystemClock, entropy
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import AS_A_CHILD, StartError

_IN_FLIGHT: Final = 6
"""More would wait for more than the two seconds after which gRPC lets them go."""
_WARMING: Final = 20.0
_PATIENCE: Final = 300.0
_LINES_OF_A_FAULT: Final = 20
_NOBODY: Final = "https://127.0.0.1:1"
_CACHES: Final = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,8,64")


@dataclass(frozen=True, slots=True)
class Slow:
    """The gateway in valgrind, and where callgrind writes."""

    process: Process
    address: str
    counted: Path

    @property
    def trampolines(self) -> Path:
        """Where Python writes its map, which perf expects there."""
        return Path(tempfile.gettempdir()) / f"perf-{self.process.pid}.map"

    async def control(self, *what: str) -> None:
        """Tells callgrind something."""
        told = await asyncio.create_subprocess_exec("callgrind_control", *what, str(self.process.pid), stdout=PIPE, stderr=PIPE)
        await told.communicate()


async def count(kind: str, folder: Path, seconds: float, *, log: bool) -> tuple[int, Mapping[str, Cost]]:
    """How many were answered meanwhile, and what each Python function cost for all of them."""
    layout = lay_out(folder / "stage", SystemClock().now(), entropy)
    city = await start_quick_city(layout, [kind])
    write_configuration(layout, {REGION: city.said["url"], "440600": _NOBODY}, "127.0.0.1:0", "127.0.0.1:0")
    try:
        async with _slow(layout, log=log) as gateway:
            asked = await asked_once(kind, layout, gateway.address)
            async with _asking(layout, gateway) as asks:
                answers = await _counted(gateway, asks, asked, seconds)
            with gateway.counted.with_name(f"{gateway.counted.name}.1").open() as profile, gateway.trampolines.open() as names:
                return answers, by_function(profile, names)
    finally:
        await city.stop()


async def _counted(gateway: Slow, asks: Sequence[Ask], asked: Question, seconds: float) -> int:
    await saturated(asks, asked.fresh, _IN_FLIGHT, _WARMING)
    await gateway.control("-i", "on")
    await saturated(asks, asked.fresh, _IN_FLIGHT, _WARMING / 4)
    await gateway.control("-z")
    seen = await saturated(asks, asked.fresh, _IN_FLIGHT, seconds)
    await gateway.control("-d")
    return seen.answers


@asynccontextmanager
async def _slow(layout: Layout, *, log: bool) -> AsyncIterator[Slow]:
    counted = layout.folder / "callgrind.out"
    valgrind = ("--tool=callgrind", "--instr-atstart=no", "--cache-sim=yes", "--fair-sched=yes", *_CACHES)
    serving = ("gateway.cli",) if log else ("bench.unrecorded",)
    program = (*AS_A_CHILD, *serving, "serve", "--config", str(layout.config), "-o", "json")
    with (layout.folder / "valgrind.log").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            "valgrind",
            *valgrind,
            f"--callgrind-out-file={counted}",
            *program,
            stdin=PIPE,
            stdout=PIPE,
            stderr=said,
            env={**os.environ, "PYTHONPERFSUPPORT": "1"},
        )
    try:
        ready = await _ready(process, layout.folder / "valgrind.log")
        yield (slow := Slow(process, str(ready["gateway"]), counted))
    finally:
        process.terminate()
        await process.wait()
    slow.trampolines.unlink()


async def _ready(process: Process, said: Path) -> Mapping[str, object]:
    """Its ready line. Raises StartError with the end of what it said instead, for the folder goes with this program."""
    if process.stdout is None:
        raise RuntimeError("started without a pipe")
    try:
        found: Mapping[str, object] = json.loads(await asyncio.wait_for(process.stdout.readline(), _PATIENCE))
    except (TimeoutError, ValueError):
        raise StartError(f"the gateway did not come up in valgrind; the last it said:\n{_end_of(said)}") from None
    return found


def _end_of(said: Path) -> str:
    return "\n".join(said.read_text(errors="replace").splitlines()[-_LINES_OF_A_FAULT:])


def _asking(layout: Layout, gateway: Slow) -> AbstractAsyncContextManager[Sequence[Ask]]:
    pair = layout.pki.clients[WINDOW.client]
    return asking(gateway.address, layout.pki.gateway_ca.read_bytes(), SERVER_NAME, pair)


def _told(answers: int, costs: Mapping[str, Cost], lines: int) -> str:
    """A table of what one exchange cost, each function with all that it called."""
    here = f"{Path.cwd()}/"
    rows = [f"{answers} answers; of one: thousands of instructions, of reckoned cycles, calls"]
    for name, cost in islice(costs.items(), lines):
        instructions, cycles, calls = cost.instructions / answers / 1e3, cost.cycles / answers / 1e3, cost.calls / answers
        rows.append(f"{instructions:9.1f} {cycles:9.1f} {calls:7.1f}  {name.replace(here, '')}")
    return "\n".join(rows)


def _missing() -> str:
    """What this machine lacks for it."""
    if sys.version_info < (3, 12):
        return "Python 3.12 or later is needed: earlier ones tell callgrind nothing of their functions"
    return "" if shutil.which("valgrind") else "valgrind is needed: apt-get install valgrind"


def main() -> None:
    """Counts and prints."""
    parser = argparse.ArgumentParser(prog="bench.instructions", description=__doc__)
    parser.add_argument("kind", choices=sorted(ANSWERS), help="what is asked for")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long callgrind counts")
    parser.add_argument("--lines", type=int, default=60, help="how many functions are printed, the dearest first")
    parser.add_argument("--without-log", action="store_true", help="with a log that keeps nothing")
    options = parser.parse_args()
    if missing := _missing():
        sys.exit(missing)
    with tempfile.TemporaryDirectory() as folder:
        counting = count(options.kind, Path(folder), options.seconds, log=not options.without_log)
        try:
            answers, costs = uvloop.run(counting)
        except StartError as error:
            sys.exit(str(error))
    sys.stdout.write(f"{_told(answers, costs, options.lines)}\n")


if __name__ == "__main__":
    main()
