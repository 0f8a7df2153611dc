"""What durable recording costs: the ledger at 1, 16 and 64 in flight, beside a bare group commit of the same rows, in both stores.

PostgreSQL is a server of its own on this machine, over a Unix socket, as durable as it is by itself. Each round does both, one after the
other; each figure is the best of the rounds, because the disk is shared. CPU is that of the whole process, all threads, in microseconds an
entry. With --grow, what it costs on a log of 10 thousand entries and of as many as named.
Usage: python -m bench.ledger [--entries N] [--rounds N] [--folder FOLDER] [--grow N]
"""

import argparse
import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

from gateway.ledger.appending import Appending
from gateway.ledger.keys import new_key, signers
from gateway.ledger.postgresql.reading import PostgresqlRecords
from gateway.ledger.postgresql.writing import PostgresqlLedger
from gateway.ledger.reading import Log
from gateway.ledger.records import Row
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind, Fact
from tests.peers import PEERS
from tests.postgresql import Server

AT = datetime(2026, 5, 9, 7, 35, 25, 123456, UTC)
IN_FLIGHT = (1, 16, 64)
LOG = "log.gateway.test/bench"
KEY = signers(LOG, [new_key(b"k".__mul__)])
GROWING = 10_000
"""Entries whose appending is measured at each size of a growing log, and the smallest size."""

WHO: dict[str, Fact] = {
    "agreement": "gz-fs-2026-014",
    "caller_department": "91440600MA4UYXXX0X",
    "caller_fingerprint": "5f" * 32,
    "caller_region": "440600",
    "caller_system": "window-07",
    "case_number": "FS-2026-000123",
    "connector": "guangzhou.g1",
    "evidence_type": "social-insurance-proof",
    "holder": "9c" * 32,
    "holder_key": "2026",
    "legal_basis": "STATUTORY_DUTY",
    "matter_code": "440600-0123",
    "operator_account": "b7" * 32,
    "permitted_fields": ("base", "employer", "months", "name", "status"),
    "provider_region": "440100",
    "table_edition": "2026-05-01",
}
WHAT: dict[str, Fact] = {
    "answer_digest": "e3" * 32,
    "request_digest": "6d" * 32,
    "city_status": "0000",
    "fields": ("base", "employer", "months", "name", "status"),
    "result": "ISSUED",
}


def exchanges(seed: int) -> Iterator[tuple[Entry, Entry]]:
    """The two entries of one exchange after another, about 800 and 500 bytes."""
    number = seed << 32
    chance = random.Random(seed)  # noqa: S311 - names of exchanges that never were
    while True:
        # As the gateway makes both: moment before chance (see gateway.clock.new_id), the moment a count here.
        number += 1
        exchange_id, replay_key = (f"{number:012x}{chance.getrandbits(80):020x}" for _ in range(2))
        intent = Entry(EntryKind.INTENT, exchange_id, AT, WHO, replay_key)
        yield intent, Entry(EntryKind.OUTCOME, exchange_id, AT, WHAT)


def sqlite(path: Path) -> Appending:
    """The log in a file."""
    return SqliteLedger.open(path, log=LOG, signers=KEY, entropy=os.urandom)


async def append(opened: Callable[[], Appending], seed: int, count: int, in_flight: int) -> None:
    """Append `count` entries from `in_flight` callers, each of whom waits for one before the next."""
    ledger = opened()
    work = islice(exchanges(seed), count // 2)

    async def caller() -> None:
        for intent, outcome in work:
            await ledger.append(intent)
            await ledger.append(outcome)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    await ledger.close()


def bare(path: Path, rows: list[tuple[object, ...]], batch: int) -> None:
    """Insert rows that the ledger wrote into one table with the same indexes, `batch` to a transaction, and nothing else."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4096;"
            "CREATE TABLE entries (idx INTEGER PRIMARY KEY, kind, exchange_id, at, replay_key, holder, leaf_hash, nonce, body);"
            "CREATE UNIQUE INDEX r ON entries (replay_key); CREATE UNIQUE INDEX e ON entries (exchange_id, kind);"
            "CREATE INDEX h ON entries (holder, idx) WHERE holder IS NOT NULL"
        )
        with measured:
            for first in range(0, len(rows), batch):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?)", rows[first : first + batch])
                connection.execute("COMMIT")


def bare_postgresql(server: Server, rows: list[Row], batch: int) -> None:
    """The same in PostgreSQL, one statement a batch; a table without rights, triggers or tree."""
    with server.owner(prepare_threshold=0) as connection:
        connection.execute("DROP TABLE IF EXISTS entries")
        connection.execute(
            "CREATE TABLE entries (idx BIGINT PRIMARY KEY, kind TEXT, exchange_id TEXT, at TEXT, replay_key TEXT, holder TEXT,"
            "leaf_hash BYTEA, nonce BYTEA, body BYTEA)"
        )
        connection.execute("CREATE UNIQUE INDEX ON entries (replay_key)")
        connection.execute("CREATE UNIQUE INDEX ON entries (exchange_id, kind)")
        connection.execute("CREATE INDEX ON entries (holder, idx) WHERE holder IS NOT NULL")
        types = ", ".join(f"%b::{kind}[]" for kind in ("bigint", *["text"] * 5, *["bytea"] * 3))
        insert = f"INSERT INTO entries SELECT * FROM unnest({types})"  # noqa: S608 - of our own types
        with measured:
            for first in range(0, len(rows), batch):
                columns = [list(column) for column in zip(*rows[first : first + batch], strict=True)]
                connection.execute(insert, columns)


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


def one_round(folder: Path, count: int, in_flight: int) -> tuple[Figures, Figures, Figures]:
    """Append, insert the same rows bare, verify; in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "ledger.db"
        with measured:
            asyncio.run(append(partial(sqlite, path), 1, count, in_flight))
        appended = Figures.of(count)
        with closing(sqlite3.connect(path)) as written:
            rows = written.execute("SELECT * FROM entries ORDER BY idx").fetchall()
        bare(Path(place) / "bare.db", rows, in_flight)
        inserted = Figures.of(count)
        with Log.open(path) as log, measured:
            verdict = log.verify([each.verifier for each in KEY])
        if not verdict.sound or verdict.entries != count:
            raise SystemExit(f"the log does not verify: {verdict}")
        return appended, inserted, Figures.of(count)


def one_round_postgresql(server: Server, count: int, in_flight: int) -> tuple[Figures, Figures, Figures]:
    """The same, in a schema of its own."""
    database = server.empty()
    with measured:
        asyncio.run(
            append(partial(PostgresqlLedger.open, database, log=LOG, signers=KEY, entropy=os.urandom), 1, count, in_flight)
        )
    appended = Figures.of(count)
    with Log(PostgresqlRecords.open(database)) as log:
        with measured:
            verdict = log.verify([each.verifier for each in KEY])
        checked = Figures.of(count)
    if not verdict.sound or verdict.entries != count:
        raise SystemExit(f"the log does not verify: {verdict}")
    with closing(PostgresqlRecords.open(database)) as records:
        rows = list(records.page(0, count, count))
    bare_postgresql(server, rows, in_flight)
    return appended, Figures.of(count), checked


def table(name: str, entries: int, rounds: int, one: Callable[[int, int], tuple[Figures, Figures, Figures]]) -> None:
    """Measure a store and print."""
    print(f"\n{name}, {entries} entries, best of {rounds}")
    print("in flight  ledger/s    bare/s  ratio  ledger us  bare us  verify/s")
    for n in IN_FLIGHT:
        count = entries if n > 1 else entries // 5
        done = [one(count, n) for _ in range(rounds)]
        ours, base, checked = (Figures.best(each) for each in zip(*done, strict=True))
        print(
            f"{n:>9}{ours.rate:>10,.0f}{base.rate:>10,.0f}{ours.rate / base.rate:>7.2f}"
            f"{ours.cpu:>11.0f}{base.cpu:>9.0f}{checked.rate:>10,.0f}"
        )


def growing(folder: Path, largest: int) -> None:
    """One log, from 10 thousand entries to `largest`: appending, opening, proving and its size on disk, and verifying at the end."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path, size, seed = Path(place) / "ledger.db", 0, 1
        print("\n   entries  append/s  append us  open ms  proof ms  bytes/entry  verify/s")
        while size < largest:
            aim = min(max(size * 10, GROWING), largest)
            asyncio.run(append(partial(sqlite, path), seed, aim - size, 256))
            with measured:
                asyncio.run(append(partial(sqlite, path), seed + 1, GROWING, 64))
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
            stored = path.stat().st_size / size
            print(
                f"{size:>10,}{appended.rate:>10,.0f}{appended.cpu:>11.0f}{opening * 1e3:>9.1f}{proving * 1e3:>10.2f}"
                f"{stored:>13,.0f}{size / measured.wall:>10,.0f}"
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
