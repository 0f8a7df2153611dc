"""`python -m bench`: the gateway beside a bare pass-through, on the same core, in one run of about three minutes.

Ratios hold between machines and moments; single figures do not. Nothing else should run meanwhile. What is measured, and how to read it,
stands in docs/performance.md.
"""

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Final

import uvloop

from bench.comparison import COST_MARK, IN_FLIGHT, compare_cost, compare_latency
from bench.machine import Cores, described, fsync_ms, pinned, resident_mb
from bench.stage import ANSWERS, Stage, stage
from bench.starting import help_seconds
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind

LEDGER_MARK: Final = 1.35
"""The most that it may cost, as a multiple of the same gateway with a log that keeps nothing."""
HELP_MARK: Final = 0.3
"""Seconds that `kuacheng --help` may take."""
MEMORY_MARK: Final = 150
"""MB that an idle gateway may hold."""


def main() -> int:
    """Runs it all and prints it; 1 where a mark is missed."""
    options = _options()
    cores = Cores.of_this_machine()
    versions = ", ".join(f"{name} {version(name)}" for name in ("grpcio", "httptools", "uvloop"))
    _say(f"{described()}; CPython {python_version()}, {versions}")
    if cores.shared:
        _say("ONE CORE ONLY: load and backends take time from what is measured, so only CPU a query means anything")
    else:
        _say(f"gateway and pass-through on core {cores.measured} in turn, load and what stands behind them on core {cores.other}")
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    took = help_seconds()
    _say(f"kuacheng --help: {took:.2f} s (mark {HELP_MARK})")
    with pinned(cores.other), tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        _say(f"a page made durable here: {fsync_ms(Path(folder)):.2f} ms")
        missed = uvloop.run(_measure(Path(folder).absolute() / "stage", options, cores))
    missed += [f"kuacheng --help took {took:.2f} s"] if took > HELP_MARK else []
    _say("\nevery mark is kept" if not missed else f"\nMISSED: {'; '.join(missed)}")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    kinds = ["housing-record", "social-insurance-proof"]
    parser.add_argument("--seconds", type=float, default=1.2, help="of each run at saturation (default 1.2)")
    parser.add_argument("--rounds", type=int, default=9, help="A B A B ... at saturation (default 9; 0 for none)")
    parser.add_argument("--kinds", nargs="+", choices=sorted(ANSWERS), default=kinds, help=f"default {' '.join(kinds)}")
    parser.add_argument("--rates", nargs="*", type=int, default=[100, 300], help="queries a second for latency (default 100 300)")
    parser.add_argument("--folder", type=Path, default=Path(".kuacheng"), help="on the disk for the log (default .kuacheng)")
    return parser.parse_args()


async def _measure(folder: Path, options: argparse.Namespace, cores: Cores) -> list[str]:
    """Prints each comparison; what misses its mark, in words."""
    missed = []
    async with stage(folder, options.kinds, cores) as up:
        _say(f"kuacheng serve: serving after {up.gateway.ready_after:.2f} s")
        _say(f"idle: gateway {up.gateway.idle_mb:.0f} MB (mark {MEMORY_MARK}), pass-through {up.proxy.idle_mb:.0f} MB")
        if up.gateway.idle_mb > MEMORY_MARK:
            missed.append(f"an idle gateway holds {up.gateway.idle_mb:.0f} MB")
        for each in up.questions if options.rounds else ():
            _say(f"\n{each.kind}: {each.told}; {IN_FLIGHT} in flight, {options.rounds} rounds of {options.seconds:g} s")
            compared = await compare_cost(up, each, options.rounds, options.seconds, cores)
            _say(compared.told)
            _say(f"  gateway / pass-through, CPU a query: {compared.ratio:.2f} (mark {COST_MARK})")
            _say(f"  gateway / the same with a null ledger: {compared.log_ratio:.2f} (mark {LEDGER_MARK})")
            _say(f"  floor / pass-through: {compared.floor_ratio:.2f}")
            if compared.log_ratio > LEDGER_MARK:
                missed.append(f"{each.kind} costs {compared.log_ratio:.2f} times the same without a log")
            if compared.ratio > COST_MARK:
                missed.append(f"{each.kind} costs {compared.ratio:.2f} times the pass-through")
        for rate in options.rates:
            _say(f"\n{up.questions[0].kind} at {rate} a second, open loop, in milliseconds")
            _say(await compare_latency(up, up.questions[0], rate))
        _say(f"\nafter it: gateway {resident_mb(up.gateway.pid):.0f} MB, pass-through {resident_mb(up.proxy.pid):.0f} MB")
    _check_log(up)
    return missed


def _check_log(up: Stage) -> None:
    """What was measured is what was recorded: the log verifies, and every question has its two entries."""
    with Log.open(up.layout.ledger) as log:
        verdict, acts = log.verify(), len(log.entries(kind=EntryKind.ACT))
    if not verdict.sound or verdict.open_exchanges or verdict.entries - acts != 2 * up.asked.gateway:
        raise SystemExit(f"the log does not hold what was asked: {verdict.entries} entries of {up.asked.gateway} questions")
    _say(f"evidence log: {verdict.entries} entries of {up.asked.gateway} questions and {acts} acts, verified")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
