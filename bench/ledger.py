"""What durable recording costs: the ledger at 1, 16 and 64 in flight, beside the same rows in a bare table, in both stores.

The bare table is filled by a group commit, as an appender would, and by a mere insert of batches, see bench/bare.py. PostgreSQL is a
server of its own on this machine, over a Unix socket, as durable as it is by itself. Each round does all, one after the other; each
figure is the best of the rounds, because the disk is shared. CPU is that of the whole process, all threads, in microseconds an entry.
Entries and rows are made before; what is measured of the ledger goes from an entry to its proof. With --grow, what it costs on a log of
10 thousand entries and of as many as named, verified by one process and by as many as `kuacheng ledger verify` takes.
Usage: python -m bench.ledger [--entries N] [--rounds N] [--folder FOLDER] [--grow N]
"""

import argparse
import asyncio
import gc
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple, Self

from bench.bare import PostgresqlTable, SqliteTable, Table, grouped, inserted
from bench.entries import KEY, LOG, exchanges, sqlite
from gateway.ledger.appending import Appending
from gateway.ledger.filed import FiledRecords
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import Opening
from gateway.ledger.verifying import verified
from gateway.model.exchange import Entry
from tests.peers import PEERS
from tests.postgresql import Server

IN_FLIGHT = (1, 16, 64)
PROCESSES = min(os.cpu_count() or 1, 4)
GROWING = 10_000
"""Entries whose appending is measured at each size of a growing log, and the smallest size."""


async def append(opened: Callable[[], Appending], exchanged: Iterable[tuple[Entry, Entry]], in_flight: int) -> None:
    """Append their entries from `in_flight` callers, each of whom waits for one before the next."""
    ledger = opened()
    work = iter(exchanged)

    async def caller() -> None:
        for intent, outcome in work:
            await ledger.append(intent)
            await ledger.append(outcome)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    await ledger.close()


def set_aside() -> None:
    """What was made to be measured with is not searched for garbage meanwhile, as in a gateway what stood when it began to serve."""
    gc.collect()
    gc.freeze()


class Stopwatch:
    """Wall clock and CPU seconds of what ran inside it last."""

    wall = cpu = 0.0

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu


measured = Stopwatch()


@dataclass(frozen=True, slots=True)
class Figures:
    """Entries a second, and CPU microseconds an entry."""

    rate: float
    cpu: float

    @classmethod
    def of(cls, count: int) -> Self:
        """Those of what was measured last."""
        return cls(count / measured.wall, measured.cpu / count * 1e6)

    @classmethod
    def best(cls, rounds: Iterable[Self]) -> Self:
        """The best of each."""
        kept = list(rounds)
        return cls(max(each.rate for each in kept), min(each.cpu for each in kept))


class Round(NamedTuple):
    """The ledger, the same rows by a bare group commit and by a bare insert, and the log verified."""

    ledger: Figures
    grouped: Figures
    inserted: Figures
    verified: Figures


def one_round(folder: Path, count: int, in_flight: int) -> Round:
    """In a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "ledger.db"
        tables = (partial(SqliteTable, Path(place) / f"bare{number}.db") for number in range(2))
        return _round(partial(sqlite, path), partial(FiledRecords.open, path), tables, count, in_flight)


def one_round_postgresql(server: Server, count: int, in_flight: int) -> Round:
    """In a schema of its own."""
    database = server.empty()
    return _round(
        partial(PostgresqlLedger.open, database, log=LOG, signers=KEY, entropy=os.urandom),
        partial(PostgresqlRecords.open, database),
        repeat(partial(PostgresqlTable, server)),
        count,
        in_flight,
    )


def _round(
    ledger: Callable[[], Appending], opening: Opening, tables: Iterator[Callable[[], Table]], count: int, in_flight: int
) -> Round:
    exchanged = list(islice(exchanges(1), count // 2))
    set_aside()
    with measured:
        asyncio.run(append(ledger, exchanged, in_flight))
    appended = Figures.of(count)
    with Log(opening()) as log, measured:
        verdict = log.verify([each.verifier for each in KEY])
    checked = Figures.of(count)
    if not verdict.sound or verdict.entries != count:
        raise SystemExit(f"the log does not verify: {verdict}")
    with closing(opening()) as records:
        rows = [tuple(row) for row in records.page(0, count, count)]
    set_aside()
    with measured:
        asyncio.run(grouped(next(tables), rows, in_flight))
    together = Figures.of(count)
    with measured:
        inserted(next(tables), rows, in_flight)
    return Round(appended, together, Figures.of(count), checked)


def table(name: str, entries: int, rounds: int, one: Callable[[int, int], Round]) -> None:
    """Measure a store and print."""
    print(f"\n{name}, {entries} entries, best of {rounds}; us: of CPU, an entry")
    print("in flight  ledger/s    us  group commit/s    us  ratio  bare insert/s    us  ratio  verify/s")
    for n in IN_FLIGHT:
        count = entries if n > 1 else entries // 5
        done = [one(count, n) for _ in range(rounds)]
        best = Round(*(Figures.best(each) for each in zip(*done, strict=True)))
        print(
            f"{n:>9}{best.ledger.rate:>10,.0f}{best.ledger.cpu:>6.0f}"
            f"{best.grouped.rate:>16,.0f}{best.grouped.cpu:>6.0f}{best.ledger.rate / best.grouped.rate:>7.2f}"
            f"{best.inserted.rate:>15,.0f}{best.inserted.cpu:>6.0f}{best.ledger.rate / best.inserted.rate:>7.2f}"
            f"{best.verified.rate:>10,.0f}"
        )


def growing(folder: Path, largest: int) -> None:
    """One log, from 10 thousand entries to `largest`: appending, opening, proving and its size on disk, and verifying at the end."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path, size, seed = Path(place) / "ledger.db", 0, 1
        print("\n   entries  append/s  append us  open ms  proof ms  bytes/entry  verify/s   by all")
        while size < largest:
            aim = min(max(size * 10, GROWING), largest)
            asyncio.run(append(partial(sqlite, path), islice(exchanges(seed), (aim - size) // 2), 256))
            exchanged = list(islice(exchanges(seed + 1), GROWING // 2))
            set_aside()
            with measured:
                asyncio.run(append(partial(sqlite, path), exchanged, 64))
            appended, size, seed = Figures.of(GROWING), aim + GROWING, seed + 2
            with measured, Log.open(path):
                pass
            opening = measured.wall
            with Log.open(path) as log:
                with measured:
                    for number in range(100):
                        log.inclusion(size * number // 100, size)
                proving = measured.wall / 100
                with measured:
                    log.verify([each.verifier for each in KEY])
                alone = size / measured.wall
            with measured:
                verified(partial(FiledRecords.open, path), [each.verifier for each in KEY], processes=PROCESSES)
            stored = path.stat().st_size / size
            print(
                f"{size:>10,}{appended.rate:>10,.0f}{appended.cpu:>11.0f}{opening * 1e3:>9.1f}{proving * 1e3:>10.2f}"
                f"{stored:>13,.0f}{alone:>10,.0f}{size / measured.wall:>10,.0f}"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on the disk to be measured")
    parser.add_argument("--grow", type=int, default=0, metavar="N", help="grow a log to N entries, and measure as it grows")
    wanted = parser.parse_args()
    table(f"SQLite {sqlite3.sqlite_version}", wanted.entries, wanted.rounds, partial(one_round, wanted.folder))
    if PEERS["postgresql"].is_here():
        server = Server.begin()
        try:
            table("PostgreSQL", wanted.entries, wanted.rounds, partial(one_round_postgresql, server))
        finally:
            server.end()
    else:
        print(PEERS["postgresql"].missing)
    if wanted.grow:
        growing(wanted.folder, wanted.grow)


if __name__ == "__main__":
    main()
