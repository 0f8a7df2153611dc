"""Starts a program, waits for the one JSON line that says it serves, and ends it.

A child that was started ends with us, also where we are killed; see gateway.development.child. It is ended in the same way, by its
standard input, and not by a signal: to send one, Python looks whether it still runs, and takes its exit status from who waits for that.
"""

import asyncio
import fcntl
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from certs.custody import private_folder
from gateway.config import Problem
from gateway.development.layout import CITIES, Layout

AS_A_CHILD: Final = (sys.executable, "-m", "gateway.development.child")
"""Before a module and its arguments: it ends when its standard input does."""
_START_SECONDS = 60.0  # a machine may be busy; nobody waits where all is well
_STOP_SECONDS = 30.0
_LAST_BYTES = 4096


class StartError(Exception):
    """A program did not come up; the message names it, has its last words, and says where the others are."""


class EndedError(Exception):
    """A program that should run has ended by itself; the message names it and its log."""


@dataclass(frozen=True, slots=True)
class Started:
    """A running program and what its ready line said."""

    name: str
    process: Process
    log: Path
    said: Mapping[str, Any]

    async def stop(self) -> int:
        """Asks it to end, then makes it; its exit status."""
        return await _ended(self.process)

    def end(self) -> str:
        """How it ended, of one that has, and where it may have said why."""
        how = _how(self.process.returncode or 0)
        return f"{self.name} (process {self.process.pid}) ended by itself, {how}; its log: {self.log}"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder. Raises StartError where another development environment runs in it: it would lose its log to us."""
    private_folder(folder)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"another kuacheng dev or demo runs in {folder}; stop it, or give another --folder") from None
        yield


async def start_city(region: str, layout: Layout, *further: str) -> Started:
    """The simulator of one city."""
    pair = layout.pki.cities[region]
    arguments = (
        f"adapters.{CITIES[region]}.simulator",
        "--cert",
        str(pair.certificate),
        "--key",
        str(pair.key),
        "--client-ca",
        str(layout.pki.gateway_ca),
        "--secrets",
        str(layout.city_secrets[region]),
        *further,
    )
    return await start(CITIES[region], arguments, layout.folder)


async def start_witness(region: str, layout: Layout) -> Started:
    """The witness of one city, as `kuacheng witness serve` runs it; its own clients are on this machine only, so http is enough."""
    options = (
        "--folder",
        str(layout.witness(region)),
        "--logs",
        str(layout.witnessed_logs),
        "--listen",
        "127.0.0.1:0",
        "-o",
        "json",
    )
    return await start(f"{CITIES[region]}-witness", ("gateway.cli", "witness", "serve", *options), layout.folder)


async def start_gateway(layout: Layout) -> Started:
    """The gateway itself, as `kuacheng serve` runs it."""
    return await start("gateway", ("gateway.cli", "serve", "--config", str(layout.config), "-o", "json"), layout.folder)


async def start(name: str, module: Sequence[str], folder: Path) -> Started:
    """A Python module and its arguments, as a program; its standard error goes to <name>.log. Raises StartError."""
    log = folder / f"{name}.log"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(*AS_A_CHILD, *module, stdin=PIPE, stdout=PIPE, stderr=stream)
    line = await _first_line(process)
    said = _spoken(line or b"")
    if said and "problems" not in said:
        return Started(name, process, log, said)
    status = await _ended(process)
    problems = [str(Problem(**each)) for each in said.get("problems", ())]
    how = f"ended {_how(status)}" if line is not None else f"was not ready within {_START_SECONDS:.0f} seconds"
    told = [f"{name} did not start:", *problems] if problems else [f"{name} did not start, it {how}:", _last_words(log)]
    raise StartError("\n  ".join(told) + f"\nits log: {log}")


async def _first_line(process: Process) -> bytes | None:
    """As far as it came; None where it did not come in time."""
    if process.stdout is None:
        raise RuntimeError("started without a pipe")
    try:
        return await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    except TimeoutError:
        return None
    except ValueError:  # longer than any of ours
        return b""


def _spoken(line: bytes) -> Mapping[str, Any]:
    """What the first line says; nothing where it is none of ours."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _last_words(log: Path) -> str:
    """The last line of the log that is not empty."""
    with log.open("rb") as stream:
        stream.seek(max(log.stat().st_size - _LAST_BYTES, 0))
        said = stream.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")


def _how(status: int) -> str:
    return f"with status {status}" if status >= 0 else f"by signal {-status} ({signal.strsignal(-status)})"


async def _ended(process: Process) -> int:
    """Its exit status, once it has ended."""
    if process.stdin is None:
        raise RuntimeError("started without a pipe")
    process.stdin.close()
    try:
        return await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it may end by itself meanwhile
            process.kill()
    return await process.wait()
