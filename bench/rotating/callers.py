"""The callers of a soak of certificates: a department of one region that asks all the time, and what comes of it.

Laws: a question is not asked again, unless a worker was killed shortly before: then when the gateway says, as our client would, because
half of the gateway is gone until another worker is up; latency counts from when it was due.
"""

import asyncio
import time
from typing import Final

import grpc

from bench import mishaps
from bench.rotating.seen import Found, Load
from bench.stage import METHOD, Question
from certs import subject
from certs.authority import Authority, Leaf
from certs.development import TRUST_DOMAINS
from certs.extensions import Profile, Usage
from gateway.client.failure import QueryRefused, of
from gateway.clock import SystemClock
from gateway.development.layout import SERVER_NAME, WINDOW, Layout
from gateway.development.processes import Started
from gateway.rpc.pb.v1 import evidence_pb2 as pb

CALLERS: Final = WINDOW.region
"""The region whose CA is changed, and whose department asks."""
PATIENCE: Final = 20.0
"""Seconds for whatever a soak waits for."""

ISSUED: Final = pb.Outcome.Name(pb.OUTCOME_ISSUED)

_ASKED_ANEW: Final = 3


def window(authority: Authority, system: str) -> Leaf:
    """A certificate of the department's, for one of its systems."""
    uri = subject.department_system(TRUST_DOMAINS[CALLERS], WINDOW.credit_code, system)
    return authority.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), SystemClock().now(), mishaps.LIFE)


class Callers:
    """Who asks, over connections that stay and over fresh ones."""

    def __init__(self, layout: Layout, gateway: Started, question: Question, found: Found) -> None:
        self._address = str(gateway.said["gateway"])
        self._trusted = layout.pki.gateway_ca.read_bytes()
        self._question = question
        self._found = found
        self._channels: list[grpc.aio.Channel] = []
        self._leaf: Leaf
        self._bereft = 0.0
        self.enough = asyncio.Event()

    def bereave(self) -> None:
        """A worker is killed now: whoever loses a question to that may ask it anew."""
        self._bereft = time.perf_counter() + PATIENCE

    async def come(self, leaf: Leaf, connections: int = 0) -> None:
        """From now on they show this; who is connected comes anew, and what is under way is let finish."""
        before, self._leaf = self._channels, leaf
        self._channels = [self.channel(leaf) for _ in range(connections or len(before))]
        await asyncio.gather(*(each.channel_ready() for each in self._channels))
        await asyncio.gather(*(each.close(PATIENCE) for each in before))

    async def leave(self) -> None:
        """Closes the connections that stay."""
        await asyncio.gather(*(each.close() for each in self._channels))

    def channel(self, leaf: Leaf) -> grpc.aio.Channel:
        """A connection of its own for whoever shows this."""
        options = (
            ("grpc.ssl_target_name_override", SERVER_NAME),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        )
        credentials = grpc.ssl_channel_credentials(self._trusted, leaf.key, leaf.certificate)
        return grpc.aio.secure_channel(self._address, credentials, options)

    async def ask(self, load: Load) -> None:
        """At the rate, open loop, until it is enough."""
        began, number = time.perf_counter(), 0
        asked: set[asyncio.Task[None]] = set()
        while not self.enough.is_set():
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self._fresh(due) if number % load.fresh == 0 else self._standing(number, due))
            asked.add(task)
            task.add_done_callback(asked.discard)
            number += 1
        await asyncio.gather(*asked)

    async def once(self, channel: grpc.aio.Channel, *, patient: bool = False) -> str:
        """How one question ends: the outcome, or the status. Who is patient waits for a connection."""
        return (await self._asked(channel, patient=patient))[0]

    async def _asked(self, channel: grpc.aio.Channel, *, patient: bool) -> tuple[str, float | None]:
        """How it ends, and after how many seconds it may be asked anew; None: never."""
        try:
            asks: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
            answer = await asks(self._question.fresh(), timeout=PATIENCE, wait_for_ready=patient)
        except grpc.aio.AioRpcError as error:
            failure, told = of(error), f"{error.code().name}: {error.details()}"
            if isinstance(failure, QueryRefused):
                return told, failure.told.retry_after
            return told, 0.0 if error.code() is grpc.StatusCode.UNAVAILABLE else None
        return pb.Outcome.Name(pb.QueryResponse.FromString(answer).outcome), None

    async def _fresh(self, due: float) -> None:
        async with self.channel(self._leaf) as channel:
            await self._one(channel, due)

    async def _standing(self, number: int, due: float) -> None:
        # The connection is chosen when the question goes out: on a busy machine that may be after a change of all of them.
        await self._one(self._channels[number % len(self._channels)], due)

    async def _one(self, channel: grpc.aio.Channel, due: float) -> None:
        told, after = await self._asked(channel, patient=False)
        for _ in range(_ASKED_ANEW):
            if after is None or time.perf_counter() > self._bereft:
                break
            self._found.asked_anew += 1
            await asyncio.sleep(after)
            told, after = await self._asked(channel, patient=True)
        self._found.calls += 1
        self._found.latencies.append(time.perf_counter() - due)
        if told != ISSUED:
            self._found.failures[told] += 1
