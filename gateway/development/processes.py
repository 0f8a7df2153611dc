"""Starts a program, waits for the one JSON line that says it serves, and ends it.

A child that was started ends with us, also where we are killed; see gateway.development.child.
"""

import asyncio
import fcntl
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from certs.custody import private_folder
from gateway.development.layout import CITIES, Layout

AS_A_CHILD: Final = (sys.executable, "-m", "gateway.development.child")
"""Before a module and its arguments: it ends when its standard input does."""
_START_SECONDS = 60.0  # a machine may be busy; nobody waits where all is well
_STOP_SECONDS = 30.0


class StartError(Exception):
    """A program did not come up; the message names it and where its own words are."""


@dataclass(frozen=True, slots=True)
class Started:
    """A running program and what its ready line said."""

    name: str
    process: Process
    said: Mapping[str, Any]

    async def stop(self) -> int:
        """Asks it to end, then makes it; its exit status."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):  # it may end by itself meanwhile
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
        return await self.process.wait()


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
    try:
        line = await asyncio.wait_for(_first_line(process), _START_SECONDS)
        return Started(name, process, _ready(line))
    except (TimeoutError, ValueError) as error:
        with suppress(ProcessLookupError):  # it may have ended by itself
            process.kill()
        await process.wait()
        raise StartError(f"{name} did not start: {error}; what else it said stands in {log}") from error


def _ready(line: bytes) -> Mapping[str, Any]:
    """What the ready line says. Raises ValueError where the program says instead why it cannot."""
    said: Mapping[str, Any] = json.loads(line)
    if "problems" in said:
        raise ValueError(line.decode())
    return said


async def _first_line(process: Process) -> bytes:
    if process.stdout is None:
        raise RuntimeError("started without a pipe")
    return await process.stdout.readline()
