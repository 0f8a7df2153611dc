"""What the machine tells of a process, of a core and of a disk. Linux only: /proc, see proc(5)."""

import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Self

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KIB: Final = 1024
# Fields of /proc/<pid>/stat after the name in brackets: utime and stime, of all threads, those that ended included.
_UTIME, _STIME = 11, 12
# Fields of a cpu line in /proc/stat that are no work: idle and iowait.
_IDLE, _IOWAIT = 3, 4
_LOOKING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of what is measured, and that of everything else; the same one where there is one only."""

    measured: int
    other: int

    @classmethod
    def of_this_machine(cls) -> Self:
        """The last core that we may use, and the first."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[-1], allowed[0])

    @property
    def shared(self) -> bool:
        """Whether load and backends take time from what is measured."""
        return self.measured == self.other


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started within runs on this core, with all its threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """What the process has spent, user and system, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS


def loop_seconds(pid: int) -> float:
    """In which the process's first thread, where its event loop runs, had something to do: it ran, or waited for a processor."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return (int(ran) + int(waited)) / 1e9


def busy_seconds(core: int) -> float:
    """What the core has worked, for whomever."""
    line = next(each for each in Path("/proc/stat").read_text().splitlines() if each.startswith(f"cpu{core} "))
    parts = [int(each) for each in line.split()[1:9]]
    return (sum(parts) - parts[_IDLE] - parts[_IOWAIT]) / _TICKS


def resident_mb(pid: int) -> float:
    """Its memory (VmRSS), in MB of 10^6 bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(each for each in lines if each.startswith("VmRSS:")).split()[1]) * _KIB / 1e6


def fsync_ms(folder: Path) -> float:
    """Median of what it takes to make a page durable in this folder."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(30):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times) * 1e3


class Stalls:
    """Looks, twenty times a second, how late it wakes and how long a page takes to become durable in this folder: the longest of each, in
    seconds. What a gateway cannot help.
    """

    def __init__(self, folder: Path) -> None:
        self.late = self.durable = 0.0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(folder,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _look(self, folder: Path) -> None:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            due = time.perf_counter() + _LOOKING
            while not self._enough.wait(_LOOKING):
                woke = time.perf_counter()
                os.pwrite(file.fileno(), b"\0" * 4096, 0)
                os.fsync(file.fileno())
                done = time.perf_counter()
                self.late, self.durable = max(self.late, woke - due), max(self.durable, done - woke)
                due = done + _LOOKING


def described() -> str:
    """The machine in words."""
    models = [line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
