"""One worker: a process of its own that serves, takes orders on its standard input and answers on its standard output, a line each.

Laws: spawned, never forked; in a session of its own, so that Ctrl-C reaches it by its supervisor only; it ends when its input closes, and
so never outlives us. Orders are answered one after another: an answer that nobody waits for any more is read before the next one's.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

from gateway.config import Problem
from gateway.workers.control import Answer, Order
from gateway.workers.together import Gone

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
"""More than a drain takes; whoever has not ended by then is killed."""
_LONGEST: Final = 1 << 20


class NotStarted(Exception):  # noqa: N818  named for what was found
    """A worker did not come to serve; it said why on standard error."""


class Worker:
    """A worker that serves."""

    def __init__(self, process: Process, said: Mapping[str, Any]) -> None:
        self._process = process
        self.said = said
        self._turn = asyncio.Lock()
        self._owed = 0

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> Self:
        """As soon as it serves. Raises NotStarted."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
            start_new_session=True,
            limit=_LONGEST,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                said = json.loads(await _line(process) or b"{}")
            if said.get("event") == "serving":
                return cls(process, said)
        except (TimeoutError, ValueError):
            said = {}
        except BaseException:
            await _killed(process)
            raise
        await _killed(process)
        told = [str(Problem(**each)) for each in said.get("problems", ())]
        raise NotStarted("; ".join(told) or f"it ended with status {process.returncode}")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def serves(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def ask(self, order: Order) -> Answer:
        """Carries out an order. Raises Gone."""
        async with self._turn:
            if self._process.stdin is None:
                raise RuntimeError("started without a pipe")
            self._owed += 1
            with suppress(ConnectionError):
                self._process.stdin.write(json.dumps(order).encode() + b"\n")
                await self._process.stdin.drain()
            answer: Answer = json.loads(await self._last_owed())
        return answer

    async def _last_owed(self) -> bytes:
        """The answer to the last order. Those before it are of whoever gave up waiting, and end up nowhere."""
        line = b""
        while self._owed:
            if not (line := await _line(self._process)):
                raise Gone(f"worker {self.pid} ended")
            self._owed -= 1
        return line

    async def ended(self) -> int:
        """Its exit status, once it has one; that of a signal is negative."""
        return await self._process.wait()

    async def stop(self) -> int:
        """Lets those inside finish, then it ends; its exit status."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            return await _killed(self._process)


async def _line(process: Process) -> bytes:
    if process.stdout is None:
        raise RuntimeError("started without a pipe")
    return await process.stdout.readline()


async def _killed(process: Process) -> int:
    with suppress(ProcessLookupError):
        process.kill()
    return await process.wait()
