"""What befalls the evidence log under load, made for real: a full disk, a read-only one, a clock that goes back, a file that is replaced,
a backup that is put back. After each: what was acknowledged is there, the log verifies and extends what it was, the reason was told, and it
goes on by itself when the cause is gone.

As root on Linux the disk is a small tmpfs of its own; otherwise a limit on the size of files (RLIMIT_FSIZE) and rights of the folder.
Usage: python -m bench.faults [--entries N] [--only FAULT] [--limits] [--folder FOLDER]
"""

import argparse
import asyncio
import random
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench import mounting
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import check_extends
from gateway.ledger.filed import FiledRecords
from gateway.ledger.keys import new_key, signers
from gateway.ledger.note import Note
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.source import LogSource
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Refusal

LOG = "log.gateway.test/faults"
KEY = signers(LOG, [new_key(b"k".__mul__)])
AT = datetime(2026, 5, 9, 7, 35, 25, tzinfo=UTC)
CALLERS = 16
MIB = 2**20
_SIZE = 256 * MIB


class Broken(AssertionError):  # noqa: N818 - named for what befell
    """A law of the log did not hold."""


@dataclass
class Told:
    """What the callers were told."""

    acknowledged: dict[int, bytes] = field(default_factory=dict)
    refused: int = 0
    reasons: set[str] = field(default_factory=set)
    recovered: float = 0.0
    """Seconds from the end of the cause to the next acknowledgement."""


class Load:
    """Callers who each append one exchange after the other, whatever they are told. `at` is their clock."""

    def __init__(self, path: Path, told: Told) -> None:
        self._ledger = SqliteLedger.open(path, log=LOG, signers=KEY, entropy=random.Random(5).randbytes)  # noqa: S311 - nonces
        self._number = len(told.acknowledged) * 10**6
        self.told = told
        self.at = AT

    async def append(self, count: int) -> None:
        """So many exchanges, in turns of CALLERS at once."""
        for _ in range(0, count, CALLERS):
            await asyncio.gather(*(self._exchange() for _ in range(CALLERS)))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Exchanges until it is so; Broken if it never is."""
        for _ in range(20_000):
            if is_so():
                return
            await self.append(CALLERS)
        raise Broken("what was waited for did not come about")

    async def recover(self) -> None:
        """Exchanges until one is acknowledged."""
        before, began = len(self.told.acknowledged), time.perf_counter()
        await self.until(lambda: len(self.told.acknowledged) > before)
        self.told.recovered = time.perf_counter() - began

    async def close(self) -> None:
        """Let go of the log."""
        await self._ledger.close()

    async def _exchange(self) -> None:
        self._number += 1
        self.at += timedelta(milliseconds=1)
        name = f"exchange-{self._number}"
        intent = Entry(EntryKind.INTENT, name, self.at, {"padding": "p" * 900}, name)
        try:
            for entry in (intent, Entry(EntryKind.OUTCOME, name, self.at, {"result": "ISSUED"})):
                recorded = await self._ledger.append(entry)
                self.told.acknowledged[recorded.index] = recorded.leaf
        except Refusal as refusal:
            self.told.refused += 1
            self.told.reasons.add(f"{refusal.reason.name}: {refusal.detail}")


@asynccontextmanager
async def load(path: Path, told: Told) -> AsyncIterator[Load]:
    """Callers on the log of this file."""
    running = Load(path, told)
    try:
        yield running
    finally:
        await running.close()


@dataclass
class Disk:
    """A place that can be left so many bytes of room, or be made read-only, and both be taken back."""

    folder: Path
    limit: Callable[[int | None], None]
    guard: Callable[[bool], None]

    @property
    def file(self) -> Path:
        """The log's."""
        return self.folder / "ledger.db"


@contextmanager
def disk(folder: Path, *, limits: bool = False) -> Iterator[Disk]:
    """A file system of its own where we may make one, otherwise, or with `limits`, the process's own limits."""
    place = Path(tempfile.mkdtemp(dir=folder))
    mounted = not limits and mounting.mounted(place, _SIZE)

    def limit(room: int | None) -> None:
        if mounted:
            mounting.changed(place, f"size={_SIZE if room is None else mounting.used(place) + room}")
        else:
            largest = max((each.stat().st_size for each in place.iterdir()), default=0)
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard if room is None else largest + room, hard))

    def guard(on: bool) -> None:  # noqa: FBT001 - on or off
        if mounted:
            mounting.changed(place, "ro" if on else "rw")
        else:
            for each in (place, *place.iterdir()):
                each.chmod((0o500 if each.is_dir() else 0o400) if on else (0o700 if each.is_dir() else 0o600))

    try:
        yield Disk(place, limit, guard)
    finally:
        limit(None)
        guard(False)
        if mounted:
            mounting.unmounted(place)
        shutil.rmtree(place, ignore_errors=True)


async def full(disk: Disk, entries: int) -> Told:
    """The disk fills up under load, and is given room again."""
    told = Told()
    async with load(disk.file, told) as callers:
        await callers.append(entries)
        disk.limit(MIB // 2)
        await callers.until(lambda: told.refused > 2 * CALLERS)
        disk.limit(None)
        await callers.recover()
        await callers.append(entries)
    return told


async def read_only(disk: Disk, entries: int) -> Told:
    """The disk is read-only when the gateway starts, and then is not."""
    told = Told()
    async with load(disk.file, told) as callers:
        await callers.append(entries)
    disk.guard(True)
    try:
        async with load(disk.file, told):
            raise Broken("a log was opened that could not be written")
    except LogUnusable as error:
        told.reasons.add(str(error).replace(str(disk.file), "FILE"))
    disk.guard(False)
    async with load(disk.file, told) as callers:
        await callers.recover()
        await callers.append(entries)
    return told


async def clock_back(disk: Disk, entries: int) -> Told:
    """The clock goes back by a day under load: the log's order is its own."""
    told = Told()
    async with load(disk.file, told) as callers:
        await callers.append(entries)
        callers.at -= timedelta(days=1)
        await callers.recover()
        await callers.append(entries)
    return told


async def replaced(disk: Disk, entries: int) -> Told:
    """An older copy is put in the place of the file of a running gateway, and taken away again."""
    told, aside, copy = Told(), disk.folder / "aside.db", disk.folder / "copy.db"
    async with load(disk.file, told) as callers:
        await callers.append(entries)
        _back_up(disk.file, copy)
        await callers.append(entries)
        disk.file.rename(aside)
        copy.rename(disk.file)
        await callers.until(lambda: told.refused > 2 * CALLERS)
        disk.file.rename(copy)
        aside.rename(disk.file)
        await callers.recover()
        await callers.append(entries)
    return told


async def rolled_back(disk: Disk, entries: int) -> Told:
    """A backup is put back after a checkpoint was kept elsewhere: the next start refuses, until the log is back."""
    told, aside, copy = Told(), disk.folder / "aside.db", disk.folder / "copy.db"
    async with load(disk.file, told) as callers:
        await callers.append(entries)
        _back_up(disk.file, copy)
        await callers.append(entries)
    source = LogSource(partial(FiledRecords.open, disk.file))
    kept = Checkpoint.parse(Note.parse(source.checkpoint()).text)
    check_extends(source, kept)
    disk.file.rename(aside)
    copy.rename(disk.file)
    try:
        check_extends(source, kept)
        raise Broken("a rollback was not recognised")
    except LogUnusable as error:
        told.reasons.add(str(error))
    aside.replace(disk.file)
    check_extends(source, kept)
    async with load(disk.file, told) as callers:
        await callers.recover()
    return told


FAULTS: dict[str, Callable[[Disk, int], Awaitable[Told]]] = {
    "disk full": full,
    "disk read-only": read_only,
    "clock a day back": clock_back,
    "file replaced": replaced,
    "backup put back": rolled_back,
}


def check(path: Path, told: Told) -> int:
    """Hold the log against what the callers were told; the number of its entries. Raises Broken."""
    with Log.open(path) as log:
        verdict = log.verify([each.verifier for each in KEY])
        if not verdict.sound:
            raise Broken(f"the log does not verify: {verdict.flaw} at {verdict.first_bad}")
        held = {each.index: each.leaf for each in log.entries(limit=10**9)}
    lost = [index for index, leaf in told.acknowledged.items() if held.get(index) != leaf]
    if lost:
        raise Broken(f"entry {lost[0]} was acknowledged and is not there")
    return len(held)


def befall(folder: Path, name: str, entries: int, *, limits: bool = False) -> tuple[Told, int]:
    """One fault on a log of its own; what was told, and how many entries there are in the end. Raises Broken."""
    with disk(folder, limits=limits) as place:
        told = asyncio.run(_befall(FAULTS[name], place, entries))
        return told, check(place.file, told)


async def _befall(fault: Callable[[Disk, int], Awaitable[Told]], place: Disk, entries: int) -> Told:
    return await fault(place, entries)


def _back_up(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    copy.chmod(0o600)


def main() -> None:
    """Let each of them happen, and print what was seen."""
    parser = argparse.ArgumentParser(description="Faults under load, made for real, and what the evidence log does.")
    parser.add_argument("--entries", type=int, default=2000, help="exchanges before the fault, and after it")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--only", choices=FAULTS, action="append", help="this fault; may be given again")
    parser.add_argument("--limits", action="store_true", help="make no file system, though we may")
    wanted = parser.parse_args()
    for name in wanted.only or FAULTS:
        told, entries = befall(wanted.folder, name, wanted.entries, limits=wanted.limits)
        print(
            f"{name}: {len(told.acknowledged):,} entries acknowledged, none lost; {told.refused:,} exchanges refused; "
            f"{entries:,} entries, the log verifies; acknowledged again {told.recovered * 1e3:.0f} ms after the cause was gone"
        )
        for reason in sorted(told.reasons):
            print(f"  {reason}")


if __name__ == "__main__":
    main()
