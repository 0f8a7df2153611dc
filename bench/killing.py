"""Writers of one evidence log, killed with SIGKILL under load, again and again: what was acknowledged is there, and is proven.

Each round starts several programs on the same file, kills them one after the other while the rest go on, and then looks at the log: it
verifies; every entry that was ever acknowledged stands where it was told to stand; every checkpoint that was ever handed out recomputes;
whoever opens the file next is told of every exchange that was left open, and of no other.
Usage: python -m bench.killing [--rounds N] [--writers N] [--folder FOLDER]
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.keys import new_key, signers
from gateway.ledger.note import Signer
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.tree import leaf_hash
from gateway.model.exchange import Entry, EntryKind, Recorded

ROOT = Path(__file__).parents[1]
LOG = "log.gateway.test/killing"
AT = datetime(2026, 5, 9, 7, 35, 25, tzinfo=UTC)
CALLERS = 32
LOCK_TIMEOUT = 30.0
"""Seconds; how long a writer waits for the others is not what is tried here."""


class Lost(AssertionError):  # noqa: N818 - named for what befell
    """Something that was acknowledged is not there, or is not proven."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a writer was told of one entry."""

    exchange_id: str
    kind: str
    index: int
    leaf: str
    proof: str


@dataclass
class Tally:
    """What was found in all rounds."""

    kills: int = 0
    acknowledged: list[Acknowledged] = field(default_factory=list)
    entries: int = 0
    left_open: int = 0


def log_key() -> tuple[Signer, ...]:
    """The key of all writers."""
    return signers(LOG, [new_key(b"k".__mul__)])


def write(path: Path, name: str) -> None:
    """Append for ever, and say of each entry on standard output that it is acknowledged."""

    def acknowledge(entry: Entry, recorded: Recorded) -> None:
        told = (entry.exchange_id, entry.kind.value, recorded.index, recorded.leaf.hex(), recorded.proof)
        os.write(1, json.dumps(told).encode() + b"\n")

    async def caller(ledger: SqliteLedger, number: int) -> None:
        for n in range(10**9):
            exchange = f"{name}-{number}-{n}"
            intent = Entry(EntryKind.INTENT, exchange, AT, {"padding": "p" * 400}, exchange)
            for entry in (intent, Entry(EntryKind.OUTCOME, exchange, AT, {"result": "ISSUED"})):
                acknowledge(entry, await ledger.append(entry))

    async def run() -> None:
        entropy = random.Random(name).randbytes  # noqa: S311 - nonces
        ledger = SqliteLedger.open(path, log=LOG, signers=log_key(), entropy=entropy, lock_timeout=LOCK_TIMEOUT)
        await asyncio.gather(*(caller(ledger, number) for number in range(CALLERS)))

    asyncio.run(run())


def rounds(path: Path, count: int, writers: int, each: int) -> Iterator[Tally]:
    """Kill `writers` programs in each of `count` rounds, each after about `each` more entries, and yield the tally so far."""
    chance = random.Random(11)  # noqa: S311 - moments of death
    tally = Tally()
    for number in range(count):
        tally.acknowledged += _killed(path, [f"r{number}w{writer}" for writer in range(writers)], each, chance)
        tally.kills += writers
        _check(path, tally)
        yield tally


def _killed(path: Path, names: list[str], each: int, chance: random.Random) -> list[Acknowledged]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    lines: list[bytes] = []
    with ExitStack() as stack:
        programs = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "bench.killing", "--write", str(path), name], env=environment, stdout=subprocess.PIPE
                )
            )
            for name in names
        ]
        for program in programs:
            if program.stdout is None:
                raise RuntimeError("started without a pipe")
            lines += [program.stdout.readline() for _ in range(each + chance.randrange(each))]
            program.kill()
            lines += program.stdout.readlines()
    return [Acknowledged(*json.loads(line)) for line in lines if line.endswith(b"\n")]


def _check(path: Path, tally: Tally) -> None:
    with Log.open(path) as log:
        verdict = log.verify([each.verifier for each in log_key()])
        if not verdict.sound:
            raise Lost(f"the log does not verify: {verdict.flaw} at {verdict.first_bad}")
        held = {each.index: each for each in log.entries(limit=10**9)}
        roots: dict[int, bytes] = {}
        for told in tally.acknowledged:
            found = held.get(told.index)
            if found is None or (found.entry.exchange_id, found.entry.kind.value, found.leaf.hex()) != (
                told.exchange_id,
                told.kind,
                told.leaf,
            ):
                raise Lost(f"entry {told.index} was acknowledged and is not there")
            _check_proof(log, told, roots)
    tally.entries, tally.left_open = verdict.entries, len(verdict.open_exchanges)
    if (interrupted := asyncio.run(_interrupted(path))) != verdict.open_exchanges:
        raise Lost(f"{len(interrupted)} exchanges are told as left open, and {tally.left_open} are")


def _check_proof(log: Log, told: Acknowledged, roots: dict[int, bytes]) -> None:
    proof = Proof.parse(told.proof)
    proof.includes(leaf_hash(bytes.fromhex(told.leaf)))
    stated = proof.stated()
    if stated.size not in roots:
        roots[stated.size] = log.root(stated.size)
    if stated != Checkpoint(LOG, stated.size, roots[stated.size]):
        raise Lost(f"the checkpoint of {stated.size} entries was handed out and is not the log's")


async def _interrupted(path: Path) -> tuple[str, ...]:
    ledger = SqliteLedger.open(path, log=LOG, signers=log_key(), entropy=os.urandom)
    await ledger.close()
    return ledger.interrupted()


def main() -> None:
    """Kill and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--entries", type=int, default=300, help="acknowledged by a writer before it is killed, at least")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on the disk that is to be trusted")
    parser.add_argument("--write", nargs=2, metavar=("FILE", "NAME"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.write:
        write(Path(wanted.write[0]), wanted.write[1])
    with tempfile.TemporaryDirectory(dir=wanted.folder) as place:
        for tally in rounds(Path(place) / "ledger.db", wanted.rounds, wanted.writers, wanted.entries):
            print(
                f"{tally.kills} kills: {len(tally.acknowledged):,} acknowledged, none lost, every checkpoint recomputes; "
                f"{tally.entries:,} entries, {tally.left_open} exchanges left open, all told"
            )


if __name__ == "__main__":
    main()
