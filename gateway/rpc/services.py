"""The methods of kuacheng.v1: each turns a message into a call of the model, lets the corridor act, and words how it ended.

Law: nobody is told how an exchange ended before it is counted and logged, so that who asks the operator about an answer finds its line.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import Message

from gateway import internal_fault
from gateway.cohort import Cohort
from gateway.delivery import deliver
from gateway.exchange import Ports, exchange
from gateway.model.binding import KEY_SIZE
from gateway.model.deferral import Stage
from gateway.model.exchange import Call, Sealed
from gateway.model.identity import Caller, Peer
from gateway.model.query import Query
from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import Search
from gateway.model.world import World
from gateway.ports import Receipts, Usages
from gateway.rpc import decoding, deferred, directory, forms, presented, reading, receipts, usage, writing
from gateway.rpc.decoding import Unread
from gateway.rpc.door import Door, time_left
from gateway.rpc.open_calls import CutOffMeter, OpenCalls, Vouching
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1 import ledger_service_pb2 as ledger_pb
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceServicer
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceServicer
from gateway.rpc.pb.v1.ledger_service_pb2_grpc import LedgerServiceServicer
from gateway.rpc.status import worded
from gateway.search import Ports as SearchPorts
from gateway.search import search
from gateway.stages.identify import identify
from gateway.stages.recall import recall
from gateway.stages.survey import Offer, survey
from gateway.watching import watch

_log = logging.getLogger("kuacheng.rpc")

Context = grpc.aio.ServicerContext[Any, Any]
Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True)
class Inside:
    """What every method needs. `world` yields the edition that stands at the moment of the call, `entropy(n)` n bytes of chance.

    `seen` is told each peer that calls, and must cost next to nothing. `leaving` are the answers that are written: they are sent one after
    the other (gateway.cohort), and after their exchanges are counted.
    """

    world: Callable[[], World]
    ports: Ports
    receipts: Receipts
    usages: Usages
    door: Door
    new_id: Callable[[], str]
    entropy: Callable[[int], bytes]
    seen: Callable[[Peer], None]
    vouching: Vouching
    leaving: Cohort = field(default_factory=Cohort)


class Evidence(EvidenceServiceServicer):
    """EvidenceService. A request may be bytes that were not read; see rpc.decoding.

    Those who watch have a door of their own, so that they keep nobody out who asks.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._waiting = Door()

    async def Query(self, request: pb.QueryRequest | Unread, context: Context) -> pb.QueryResponse:  # noqa: N802
        """One question, one answer, or one refusal."""
        return await _exchanged(
            self._inside, context, partial(reading.question, request), lambda sealed: writing.answer(sealed, _form(request))
        )

    async def Verify(self, request: pb.VerifyRequest | Unread, context: Context) -> pb.VerifyResponse:  # noqa: N802
        """A verdict on each claim, or one refusal."""
        return await _exchanged(
            self._inside, context, partial(reading.verification, request), lambda sealed: writing.verdicts(sealed, _form(request))
        )

    async def Download(self, request: pb.DownloadRequest | Unread, context: Context) -> None:  # type: ignore[override]  # noqa: N802
        """The file, after a header; or one refusal, perhaps in the midst of it. What it writes to is held by open_calls."""
        inside, exchange_id = self._inside, self._inside.new_id()
        world = inside.world()
        limits = world.limits
        try:
            peer = _peer(context, inside)
            with inside.door.pass_through(limits, peer.leaf):
                read = partial(reading.download, request)
                call = _call(read, context, exchange_id, world, inside, peer=peer, longest=limits.longest_download)
                sealed = await exchange(call, world, inside.ports)
                await inside.leaving.gathered()
                await context.write(writing.announced(sealed, _form(request)))
                await deliver(sealed, inside.ports, partial(_chunk, context), limits.answer_margin)
        except Refusal as refusal:
            await _refuse(context, refusal, exchange_id)
        except Exception as fault:  # noqa: BLE001  as in Query
            await _fail(context, fault, exchange_id)

    async def Watch(self, request: pb.WatchRequest | Unread, context: Context) -> AsyncIterator[pb.WatchResponse]:  # noqa: N802
        """The steps of a deferred question, then its answer as Query gives it, by the world that stands then."""
        question = request if isinstance(request, Unread) else request.question
        inside = self._inside
        world, exchange_id = inside.world(), inside.new_id()
        try:
            answered, peer, read = False, _peer(context, inside), partial(reading.question, question)
            with self._waiting.pass_through(world.limits, peer.leaf):
                asked = _call(read, context, exchange_id, world, inside, peer=peer, longest=world.limits.longest_watch)
                async for step in watch(asked, world, inside.ports):
                    answered = step.stage is Stage.ANSWERED
                    yield pb.WatchResponse(progress=deferred.progress(step))
            if not answered:
                return
            world = inside.world()
            with inside.door.pass_through(world.limits, peer.leaf):
                call = _call(read, context, exchange_id, world, inside, peer=peer)
                answer = writing.answer(await exchange(call, world, inside.ports), _form(question))
                await inside.leaving.gathered()
                yield pb.WatchResponse(answer=answer)
        except Refusal as refusal:
            await _refuse(context, refusal, exchange_id)
        except Exception as fault:  # noqa: BLE001  as in Query
            await _fail(context, fault, exchange_id)


class Directory(DirectoryServiceServicer):
    """DirectoryService."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def ListRegions(  # noqa: N802
        self,
        request: directory_pb.ListRegionsRequest,  # noqa: ARG002  it takes nothing: the certificate says who asks
        context: Context,
    ) -> directory_pb.ListRegionsResponse:
        """The regions that this caller may ask."""
        return await self._answer(context, lambda offers, world: directory.regions(offers, world.regions))

    async def ListEvidenceTypes(  # noqa: N802
        self, request: directory_pb.ListEvidenceTypesRequest | Unread, context: Context
    ) -> directory_pb.ListEvidenceTypesResponse:
        """The evidence types that this caller may ask."""
        return await self._answer(context, lambda offers, _: directory.evidence_types(offers, _region(request)))

    async def _answer(self, context: Context, describe: Callable[[tuple[Offer, ...], World], Answer]) -> Answer:
        async def look(caller: Caller, world: World) -> Answer:
            return describe(survey(caller, world, self._inside.ports.clock.now()), world)

        return await _identified(self._inside, context, look)


class Ledger(LedgerServiceServicer):
    """LedgerService."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def GetReceipt(  # noqa: N802
        self, request: ledger_pb.GetReceiptRequest | Unread, context: Context
    ) -> ledger_pb.GetReceiptResponse:
        """The receipt of one exchange of the caller's department."""

        async def look(caller: Caller, _: World) -> ledger_pb.GetReceiptResponse:
            wanted = receipts.exchange_id(request)
            return receipts.recalled(wanted, recall(caller, await self._inside.receipts.find(wanted)))

        return await _identified(self._inside, context, look)

    async def GetCheckpoint(  # noqa: N802
        self,
        request: ledger_pb.GetCheckpointRequest,  # noqa: ARG002  it takes nothing
        context: Context,
    ) -> ledger_pb.GetCheckpointResponse:
        """The state of the log."""

        async def look(_caller: Caller, _world: World) -> ledger_pb.GetCheckpointResponse:
            return receipts.checkpoint(await self._inside.receipts.checkpoint())

        return await _identified(self._inside, context, look)

    async def FindUsage(  # noqa: N802
        self, request: ledger_pb.FindUsageRequest | Unread, context: Context
    ) -> ledger_pb.FindUsageResponse:
        """Who looked at a holder's data. Leaves an entry, unlike the others."""
        inside = self._inside
        world, exchange_id, now = inside.world(), inside.new_id(), inside.ports.clock.now()
        ports = SearchPorts(inside.usages, inside.ports.ledger, inside.ports.clock)
        try:
            peer = _peer(context, inside)
            with inside.door.pass_through(world.limits, peer.leaf):
                asked = Search(exchange_id, peer, usage.question(request, now), now)
                return usage.answer(await search(asked, world, ports))
        except Refusal as refusal:
            await _refuse(context, refusal, exchange_id)
        except Exception as fault:  # noqa: BLE001  as in Query
            await _fail(context, fault, exchange_id)


def open_calls(inside: Inside, meter: CutOffMeter) -> OpenCalls:
    """The streams of this gateway, judged by the world that stands at each moment."""

    def judge(peer: Peer) -> Refusal | None:
        try:
            identify(peer, inside.world().trust, inside.ports.clock.now())
        except Refusal as refusal:
            return refusal
        return None

    return OpenCalls(
        judge,
        lambda context, refusal: _refuse(context, refusal, inside.new_id()),
        lambda context: _peer(context, inside),
        meter,
        inside.vouching,
    )


async def _exchanged(
    inside: Inside, context: Context, read: Callable[[datetime], Query | Refusal], write: Callable[[Sealed], Answer]
) -> Answer:
    """One exchange; `read` yields its question as of a moment."""
    world, ports, exchange_id = inside.world(), inside.ports, inside.new_id()
    try:
        peer = _peer(context, inside)
        with inside.door.pass_through(world.limits, peer.leaf):
            answer = write(await exchange(_call(read, context, exchange_id, world, inside, peer=peer), world, ports))
            await inside.leaving.gathered()
            return answer
    except Refusal as refusal:
        await _refuse(context, refusal, exchange_id)
    except Exception as fault:  # noqa: BLE001  a fault of ours must reach the caller as an opaque INTERNAL
        await _fail(context, fault, exchange_id)


async def _identified(inside: Inside, context: Context, look: Callable[[Caller, World], Awaitable[Answer]]) -> Answer:
    """What a caller whom we know is shown; asks no city and leaves no entry."""
    world, call_id = inside.world(), inside.new_id()
    try:
        peer = _peer(context, inside)
        with inside.door.pass_through(world.limits, peer.leaf):
            return await look(identify(peer, world.trust, inside.ports.clock.now()), world)
    except Refusal as refusal:
        await _refuse(context, refusal, call_id)
    except Exception as fault:  # noqa: BLE001  as in Query
        await _fail(context, fault, call_id)


def _form(request: forms.Asking | Unread) -> pb.ReceiptForm.ValueType:
    return pb.RECEIPT_FORM_UNSPECIFIED if isinstance(request, Unread) else request.receipt_form


def _region(request: directory_pb.ListEvidenceTypesRequest | Unread) -> str:
    if isinstance(request, Unread):
        raise decoding.refusal(request, directory_pb.ListEvidenceTypesRequest)
    return request.provider_region


def _call(
    read: Callable[[datetime], Query | Refusal],
    context: Context,
    exchange_id: str,
    world: World,
    inside: Inside,
    *,
    peer: Peer,
    longest: float | None = None,
) -> Call:
    """The call as it arrived. With `longest` it may take so many seconds, and has them where it sets no deadline."""
    now, arrived = inside.ports.clock.now(), inside.ports.clock.monotonic()
    limits = replace(world.limits, default_deadline=longest, maximum_deadline=longest) if longest else world.limits
    left = time_left(context.time_remaining(), limits)
    asked = left if isinstance(left, Refusal) else read(now)
    seconds = limits.minimum_deadline if isinstance(left, Refusal) else left
    return Call(exchange_id, peer, asked, now, arrived + seconds, inside.entropy(KEY_SIZE), arrived)


def _peer(context: Context, inside: Inside) -> Peer:
    peer = presented.peer(context)
    inside.seen(peer)
    return peer


async def _chunk(context: Context, chunk: bytes) -> None:
    await context.write(pb.DownloadResponse(chunk=chunk))


async def _refuse(context: Context, refusal: Refusal, exchange_id: str) -> NoReturn:
    await asyncio.sleep(0)  # until all who ended in this turn of the event loop are counted (gateway.telemetry.together)
    status = worded(refusal, exchange_id)
    code = next(each for each in grpc.StatusCode if each.value[0] == status.code)
    await context.abort(code, status.message, (("grpc-status-details-bin", status.SerializeToString()),))
    raise RuntimeError("abort returned")


async def _fail(context: Context, fault: Exception, exchange_id: str) -> NoReturn:
    """Says nothing of the fault to the caller, and to our log only what gateway.internal_fault lets out."""
    if isinstance(fault, grpc.aio.AbortError):
        raise fault
    internal_fault.record(_log, fault, exchange_id=exchange_id)
    await _refuse(context, Refusal(Reason.INTERNAL, type(fault).__name__), exchange_id)
