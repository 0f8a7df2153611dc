"""Asks: as fast as it can with so many in flight, or at a fixed rate whatever comes back (open loop), and says what it saw.

A rate is kept by the clock and not by the answers: a stall of the server shows in the latency of every question that was due meanwhile.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from bench.stage import METHOD
from certs.development import KeyPair
from gateway.rpc.pb.v1 import evidence_pb2 as pb

CONNECTIONS: Final = 4
ISSUED: Final = "ISSUED"
_PATIENCE: Final = 10.0

Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run saw: answers, seconds it took, and each latency in seconds, sorted."""

    answers: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def quantile_ms(self, part: float) -> float:
        """The latency in milliseconds that this part of all stayed below."""
        return self.latencies[min(int(part * len(self.latencies)), len(self.latencies) - 1)] * 1e3


@dataclass(slots=True)
class Ends:
    """How questions ended, after how many seconds by their ends, and how many seconds after the beginning they were due; how many were
    refused without advice, and how often one was asked again.
    """

    told: Counter[str] = field(default_factory=Counter)
    took: dict[str, list[float]] = field(default_factory=dict)
    due: dict[str, list[float]] = field(default_factory=dict)
    unadvised: int = 0
    again: int = 0

    def add(self, told: str, seconds: float, due: float) -> None:
        """One ended."""
        self.told[told] += 1
        self.took.setdefault(told, []).append(seconds)
        self.due.setdefault(told, []).append(due)

    def spans(self, told: str) -> list[tuple[float, float, int]]:
        """When those were due that ended so: from, until, how many; those of one second and the next together."""
        found = list[tuple[float, float, int]]()
        for each in sorted(self.due.get(told, ())):
            began, _, count = found.pop() if found and each - found[-1][1] <= 1.0 else (each, each, 0)
            found.append((began, each, count + 1))
        return found

    def quantile_ms(self, part: float, told: str = ISSUED) -> float:
        """Of those that ended so; 0 where none did."""
        ordered = sorted(self.took.get(told, [0.0]))
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)] * 1e3


@asynccontextmanager
async def asking(target: str, authority: bytes, name: str, pair: KeyPair) -> AsyncIterator[Sequence[Ask]]:
    """Several connections to one server, over mutual TLS."""
    leaf = pair.read()
    credentials = grpc.ssl_channel_credentials(authority, leaf.key, leaf.certificate)
    options = (("grpc.ssl_target_name_override", name), ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(grpc.aio.secure_channel(target, credentials, options)) for _ in range(CONNECTIONS)
        ]
        yield tuple(channel.unary_unary(METHOD) for channel in channels)


async def saturated(asks: Sequence[Ask], fresh: Callable[[], bytes], in_flight: int, seconds: float) -> Seen:
    """As fast as it goes with so many in flight. Raises whatever a question ends with that is no answer."""
    latencies: list[float] = []
    began = time.perf_counter()
    ends = began + seconds

    async def one_after_another(ask: Ask) -> None:
        while time.perf_counter() < ends:
            latencies.append(await _timed(ask, fresh(), time.perf_counter()))

    await asyncio.gather(*(one_after_another(asks[number % len(asks)]) for number in range(in_flight)))
    return Seen(len(latencies), time.perf_counter() - began, tuple(sorted(latencies)))


async def paced(asks: Sequence[Ask], fresh: Callable[[], bytes], rate: float, seconds: float) -> Seen:
    """At this rate, open loop; a latency counts from when the question was due."""
    began = time.perf_counter()
    due = [began + number / rate for number in range(int(rate * seconds))]
    asked = []
    for number, moment in enumerate(due):
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        asked.append(asyncio.create_task(_timed(asks[number % len(asks)], fresh(), moment)))
    latencies = await asyncio.gather(*asked)
    return Seen(len(latencies), time.perf_counter() - began, tuple(sorted(latencies)))


async def _timed(ask: Ask, request: bytes, since: float) -> float:
    answer = await ask(request, timeout=_PATIENCE)
    took = time.perf_counter() - since
    if pb.QueryResponse.FromString(answer).outcome != pb.OUTCOME_ISSUED:
        raise RuntimeError("a question was not answered with evidence")
    return took
