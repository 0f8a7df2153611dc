"""What a client may meet: a gateway that fails to plan, and a line that breaks. Both behave on real loopback mutual TLS.

Laws: a plan is worked off one call a step, then everything is answered; every call is kept, with the time that it was given. A watch
has a second plan for after its first news.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from gateway.client import Client
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import (
    EvidenceServiceServicer,
    add_EvidenceServiceServicer_to_server,
)
from gateway.rpc.status import worded
from tests.gateway.rpc.house import papers

Context = grpc.aio.ServicerContext[Any, Any]
Step = Callable[[Context], Awaitable[None]]
_TRAILER = "grpc-status-details-bin"
SOON = 0.01
"""Seconds that RetryInfo names here, where the gateway's own table names whole ones."""


@dataclass
class Flaky(EvidenceServiceServicer):
    """EvidenceService by plan."""

    plan: list[Step]
    midway: list[Step] = field(default_factory=list)
    requests: list[pb.QueryRequest] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)
    address: str = ""
    outcome: pb.Outcome.ValueType = pb.OUTCOME_NO_RECORD
    """Of a query."""

    async def Query(self, request: pb.QueryRequest, context: Context) -> pb.QueryResponse:  # noqa: N802
        await self._taken(request, context)
        return pb.QueryResponse(request_id=request.request_id, exchange_id="x", outcome=self.outcome)

    async def Watch(self, request: pb.WatchRequest, context: Context) -> AsyncIterator[pb.WatchResponse]:  # noqa: N802
        await self._taken(request.question, context)
        yield pb.WatchResponse(progress=pb.DeferralProgress(stage=pb.DEFERRAL_STAGE_ACCEPTED))
        await self._worked_off(self.midway, context)
        told = pb.QueryResponse(request_id=request.question.request_id, exchange_id="y", outcome=pb.OUTCOME_NO_RECORD)
        yield pb.WatchResponse(answer=told)

    async def _taken(self, request: pb.QueryRequest, context: Context) -> None:
        self.requests.append(request)
        self.seconds.append(context.time_remaining())
        await self._worked_off(self.plan, context)

    async def _worked_off(self, plan: list[Step], context: Context) -> None:
        if plan:
            step = plan[0]
            if step not in EVERY:
                del plan[0]
            await step(context)

    @property
    def ids(self) -> list[str]:
        return [each.request_id for each in self.requests]

    def client(self, **options: Any) -> Client:
        return Client(self.address, papers().identity(), **options)


EVERY: set[Step] = set()
"""Steps that are never worked off."""


def for_ever(step: Step) -> Step:
    """The step, at every call."""
    EVERY.add(step)
    return step


def refuse(reason: Reason, after: float = SOON, called: str = "") -> Step:
    """Refuses as the gateway words it, but for the seconds of RetryInfo, and under another name of the reason if one is given."""
    said = worded(Refusal(reason, "", violations=(Violation("holder.name", "is required"),)), "exchange-7")
    for each in said.details:
        if each.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromMilliseconds(int(after * 1000))
            each.Pack(retry)
        if each.Is(error_details_pb2.ErrorInfo.DESCRIPTOR) and called:
            info = error_details_pb2.ErrorInfo()
            each.Unpack(info)
            info.reason = called
            each.Pack(info)
    return abort(next(each for each in grpc.StatusCode if each.value[0] == said.code), said.message, said)


def abort(code: grpc.StatusCode, message: str = "no details", said: status_pb2.Status | bytes | None = None) -> Step:
    """Fails with this code, and with these details or none."""
    body = said.SerializeToString() if isinstance(said, status_pb2.Status) else said

    async def step(context: Context) -> None:
        await context.abort(code, message, () if body is None else ((_TRAILER, body),))

    return step


async def hang(_: Context) -> None:
    """Never answers."""
    await asyncio.Event().wait()


@asynccontextmanager
async def flaky(*plan: Step, midway: Sequence[Step] = ()) -> AsyncIterator[Flaky]:
    """Such a gateway, for one test."""
    shown, trusted = papers().server, papers().regions.own.certificate_pem
    made, server = Flaky(list(plan), list(midway)), grpc.aio.server()
    add_EvidenceServiceServicer_to_server(made, server)
    credentials = grpc.ssl_server_credentials([(shown.key, shown.certificate)], trusted, require_client_auth=True)
    made.address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
    await server.start()
    try:
        yield made
    finally:
        EVERY.difference_update((*plan, *midway))
        await server.stop(None)


class Line:
    """A line to an address that can be cut; a new call on it gets through again."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._far = host, int(port)
        self._ends: set[asyncio.StreamWriter] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self.address = ""

    def cut(self) -> None:
        """Breaks whatever is connected now."""
        for each in self._ends:
            each.transport.abort()

    def forget(self) -> None:
        """Carries nothing any more of what is connected now, and ends nothing: as a firewall does that has forgotten a connection."""
        self._forgotten |= self._ends

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._far)
        self._ends |= {writer, far_writer}
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        self._ends -= {writer, far_writer}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while body := await reader.read(65536):
                if writer not in self._forgotten:
                    writer.write(body)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def line(address: str) -> AsyncIterator[Line]:
    """A line to this address."""
    made = Line(address)
    server = await asyncio.start_server(made._join, "127.0.0.1", 0)
    made.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        made.cut()
