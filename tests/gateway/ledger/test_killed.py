"""A writer killed with SIGKILL under load, again and again on one file: what was acknowledged is there."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import gateway
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger

ROOT = Path(gateway.__file__).parents[1]
ROUNDS = 6
ACKNOWLEDGED = 600

WRITER = """
import asyncio, os, pathlib, random, sys
from datetime import UTC, datetime
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind

at, name = datetime(2026, 5, 9, tzinfo=UTC), sys.argv[2]

def acknowledge(entry, recorded):
    os.write(1, f"{recorded.index} {recorded.leaf_hash.hex()} {entry.exchange_id} {entry.kind}\\n".encode())

async def caller(ledger, number):
    for n in range(10**9):
        exchange = f"{name}-{number}-{n}"
        for entry in (
            Entry(EntryKind.INTENT, exchange, at, {"padding": "p" * 400}, exchange),
            Entry(EntryKind.OUTCOME, exchange, at, {"result": "ISSUED"}),
        ):
            acknowledge(entry, await ledger.append(entry))

async def main():
    ledger = SqliteLedger.open(pathlib.Path(sys.argv[1]), log="kuacheng.test/2026a", entropy=random.Random(name).randbytes)
    await asyncio.gather(*(caller(ledger, number) for number in range(48)))

asyncio.run(main())
"""


def killed_under_load(path: Path, name: str, count: int) -> list[list[str]]:
    """Run a writer until it has acknowledged `count` entries, kill it, and return what it acknowledged."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", WRITER, path, name], env=environment, stdout=subprocess.PIPE) as writer:
        lines = [writer.stdout.readline() for _ in range(count)]
        writer.kill()
        lines += writer.stdout.readlines()
    return [line.decode().split() for line in lines if line.endswith(b"\n")]


def test_nothing_acknowledged_is_lost_however_often_the_writer_is_killed(path) -> None:
    acknowledged: list[list[str]] = []
    chance = random.Random(11)  # noqa: S311 - moments of death
    for number in range(ROUNDS):
        acknowledged += killed_under_load(path, f"r{number}", ACKNOWLEDGED + chance.randrange(200))
        with Log.open(path) as log:
            verdict = log.verify()
            held = {logged.recorded.index: logged for logged in log.entries(limit=10**9)}
        assert verdict.sound
        assert list(held) == list(range(verdict.entries))
        for index, leaf, exchange_id, kind in acknowledged:
            logged = held[int(index)]
            assert (logged.recorded.leaf_hash.hex(), logged.entry.exchange_id, logged.entry.kind) == (leaf, exchange_id, kind)
    assert len(acknowledged) >= ROUNDS * ACKNOWLEDGED

    async def interrupted() -> tuple[str, ...]:
        ledger = SqliteLedger.open(path, log="kuacheng.test/2026a", entropy=bytes)
        await ledger.close()
        return ledger.interrupted()

    concluded = {exchange_id for _, _, exchange_id, kind in acknowledged if kind == "OUTCOME"}
    interrupted_by_us = asyncio.run(interrupted())
    assert interrupted_by_us == verdict.open_exchanges
    assert interrupted_by_us
    assert concluded.isdisjoint(interrupted_by_us)
