"""One connection to the gateway: mutual TLS, a deadline on everything, retries within a budget."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

import grpc

from gateway.client import answer, directory, downloading, failure, question, usage, verification, watching
from gateway.client.failure import ClientFailure, OutcomeUnknown, QueryRefused, Unreachable
from gateway.client.identity import Identity, credentials
from gateway.client.receipt import Fetched, Intent
from gateway.client.retrying import Budget, again, onward
from gateway.clock import fraction, new_id
from gateway.model.query import Claimed, FileFormat, FileWanted, Holder, LegalBasis, Parameter, PresentedCode, Purpose, Query
from gateway.model.refusal import Reason
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1 import ledger_service_pb2 as ledger_pb
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceStub
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.pb.v1.ledger_service_pb2_grpc import LedgerServiceStub

Answered = TypeVar("Answered")
_DAY = 86_400.0
_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # A line that a firewall forgot says nothing any more: without these a watch would wait on it for a day. gRPC has two timeouts for a
    # ping, and goes by the one or the other.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.ping_timeout_ms", 20_000),
)
_NONE: Mapping[str, Parameter] = MappingProxyType({})


class Client:
    """Asks one gateway. An asynchronous context manager; safe for many queries at once on one event loop.

    `server_name` is the name expected in the gateway's certificate where it differs from the host in `target` (host:port); a question
    is sent at most `attempts` times, and with 1 nothing that failed is tried again. Raises ValueError for fewer.
    """

    def __init__(self, target: str, identity: Identity, *, server_name: str | None = None, attempts: int = 3) -> None:
        if attempts < 1:
            raise ValueError("attempts counts the first one too: give 1 or more")
        named = (("grpc.ssl_target_name_override", server_name),) if server_name else ()
        self._channel = grpc.aio.secure_channel(target, credentials(identity), (*_OPTIONS, *named))
        self._evidence = EvidenceServiceStub(self._channel)
        self._directory = DirectoryServiceStub(self._channel)
        self._ledger = LedgerServiceStub(self._channel)
        self._attempts = attempts
        self._budget = Budget()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close()

    async def query(
        self,
        *,
        evidence_type: str,
        region: str,
        holder: Holder | PresentedCode,
        purpose: Purpose,
        legal_basis: LegalBasis,
        parameters: Mapping[str, Parameter] = _NONE,
        fields: frozenset[str] = frozenset(),
        request_id: str | None = None,
        deadline: float = 20.0,
        reference: bool = False,
        wait: float = 0.0,
    ) -> answer.Answer:
        """One piece of evidence about one holder. `deadline` in seconds for all attempts together.

        Where the city answers later, the answer is waited for so many seconds more as `wait` says; if it is not there then, or the
        gateway is away, the outcome is DEFERRED, and `watch` goes on.

        With `reference` the receipt comes without its proof; `receipt` fetches that later, and `Receipt.completed` puts both together.

        Raises QueryRefused (with reason and blame), Unreachable or OutcomeUnknown. With a `request_id` of your own nothing is ever
        asked of the city twice; without one, a question that may have been lost is asked again under a new id, but for one by a
        PresentedCode: that serves once, and is never sent again.
        """
        asked = Query(request_id or new_id(), evidence_type, region, holder, purpose, legal_basis, parameters, fields)

        async def ask(asked: Query, seconds: float) -> answer.Answer:
            return answer.read(await self._evidence.Query(question.write(asked, reference=reference), timeout=seconds), asked)

        told = await self._attempted(
            ask, asked, deadline, own_id=request_id is None and not isinstance(asked.holder, PresentedCode)
        )
        return (
            await self._waited(told, wait, reference=reference) if wait > 0 and told.outcome is answer.Outcome.DEFERRED else told
        )

    async def verify(
        self,
        *,
        evidence_type: str,
        region: str,
        holder: Holder,
        purpose: Purpose,
        legal_basis: LegalBasis,
        claims: Iterable[Claimed],
        parameters: Mapping[str, Parameter] = _NONE,
        request_id: str | None = None,
        deadline: float = 20.0,
        reference: bool = False,
    ) -> verification.Verification:
        """Whether claims about one holder's evidence hold; the evidence itself stays where it is.

        Everything else as `query`; raises ValueError for a claim of rows, or of a whole number that is none.
        """
        asked = Query(
            request_id or new_id(), evidence_type, region, holder, purpose, legal_basis, parameters, claims=tuple(claims)
        )

        async def ask(asked: Query, seconds: float) -> verification.Verification:
            request = question.write_claims(asked, reference=reference)
            return verification.read(await self._evidence.Verify(request, timeout=seconds), asked)

        return await self._attempted(ask, asked, deadline, own_id=request_id is None)

    @asynccontextmanager
    async def download(
        self,
        *,
        evidence_type: str,
        region: str,
        holder: Holder,
        purpose: Purpose,
        legal_basis: LegalBasis,
        format: str,  # noqa: A002  its name in the contract
        number: str = "",
        parameters: Mapping[str, Parameter] = _NONE,
        request_id: str | None = None,
        deadline: float = 300.0,
        reference: bool = False,
    ) -> AsyncIterator[downloading.Download]:
        """The file of one holder's evidence, in this `format` (OFD, PDF, PNG): its announcement, and its chunks as they are read.

        `number` of the paper that is meant where the holder has several. Once the file is announced nothing is tried again. Raises as
        `query`; ValueError for another format. Leaving the context ends the download.
        """
        file = FileWanted(FileFormat(format), number)
        asked = Query(request_id or new_id(), evidence_type, region, holder, purpose, legal_basis, parameters, file=file)
        calls: list[Any] = []

        async def ask(asked: Query, seconds: float) -> downloading.Download:
            calls.append(self._evidence.Download(question.write_download(asked, reference=reference), timeout=seconds))
            return await downloading.begun(aiter(calls[-1]), asked)

        try:
            yield await self._attempted(ask, asked, deadline, own_id=request_id is None)
        finally:
            for call in calls:
                call.cancel()

    async def _attempted(
        self, ask: Callable[[Query, float], Awaitable[Answered]], asked: Query, deadline: float, *, own_id: bool
    ) -> Answered:
        """Asks until there is an answer, or a failure after which asking again is of no use. `ask` has so many seconds."""
        until = asyncio.get_running_loop().time() + deadline
        lost = False
        for attempt in range(self._attempts):
            try:
                answered = await ask(asked, _left(until))
            except grpc.aio.AioRpcError as error:
                failed = _judged(failure.of(error), asked, lost=lost)
                lost = lost or isinstance(failed, Unreachable)
                asked = await self._pause(failed, attempt, until, asked, own_id=own_id)
            else:
                self._budget.answered()
                return answered
        raise RuntimeError("the last attempt neither answered nor failed")

    def watch(
        self, asked: Query, *, deadline: float = _DAY, reference: bool = False
    ) -> AsyncGenerator[answer.Progress | answer.Answer]:
        """The steps of a question that was DEFERRED, `Answer.question` of then, and last its answer, if it comes within `deadline`.

        Once it has begun it goes on through breaks and through whatever passes, at ever longer pauses, down to two calls a minute; not so
        where the client makes one attempt only. It may be gone on with after any failure, by the same system. Raises as `query` does;
        DEFERRAL_EXPIRED where the city let the limit pass.
        """
        request = pb.WatchRequest(question=question.write(asked, reference=reference))
        tries = watching.Tries(self._attempts, self._budget)
        return watching.watched(lambda seconds: self._evidence.Watch(request, timeout=seconds), asked, deadline, tries)

    async def _waited(self, told: answer.Answer, wait: float, *, reference: bool) -> answer.Answer:
        """The answer, or else what is known already: that the city has the question. Raises only what says that no answer will come."""
        try:
            async with aclosing(self.watch(told.question, deadline=wait, reference=reference)) as steps:
                async for each in steps:
                    if isinstance(each, answer.Answer):
                        return each
        except ClientFailure as failed:
            if not isinstance(failed, Unreachable) and onward(failed, 0, wait, fraction) is None:
                raise
        return told

    async def evidence_types(self, region: str = "", deadline: float = 10.0) -> tuple[directory.Offered, ...]:
        """What this system may ask, of one region or of any. Raises as `query` does."""
        request = directory_pb.ListEvidenceTypesRequest(provider_region=region)
        try:
            return directory.read(await self._directory.ListEvidenceTypes(request, timeout=deadline))
        except grpc.aio.AioRpcError as error:
            raise failure.of(error) from error

    async def receipt(self, exchange_id: str, deadline: float = 10.0) -> Fetched:
        """What the log holds of an exchange that this system's department asked, newly proven. Raises as `query` does."""
        try:
            got = await self._ledger.GetReceipt(ledger_pb.GetReceiptRequest(exchange_id=exchange_id), timeout=deadline)
        except grpc.aio.AioRpcError as error:
            raise failure.of(error) from error
        intent = got.intent
        return Fetched(
            got.exchange_id,
            answer.read_receipt(got.receipt) if got.HasField("receipt") else None,
            Intent(intent.index, intent.leaf, intent.proof.decode(errors="replace")) if got.HasField("intent") else None,
        )

    async def checkpoint(self, deadline: float = 10.0) -> str:
        """The log's newest checkpoint, a signed note. Raises as `query` does."""
        try:
            got = await self._ledger.GetCheckpoint(ledger_pb.GetCheckpointRequest(), timeout=deadline)
        except grpc.aio.AioRpcError as error:
            raise failure.of(error) from error
        return got.checkpoint.decode(errors="replace")

    async def find_usage(self, search: usage.UsageSearch, page_token: str = "", deadline: float = 20.0) -> usage.UsagePage:
        """Who looked at a holder's data, one page. `page_token` is the `next_page_token` of the page before. Raises as `query` does.

        Needs a right to search of its own; each call is an entry of the log, which the holder's next search shows.
        """
        try:
            return usage.read(await self._ledger.FindUsage(usage.write(search, page_token), timeout=deadline))
        except grpc.aio.AioRpcError as error:
            raise failure.of(error) from error

    async def _pause(self, failed: ClientFailure, attempt: int, until: float, asked: Query, *, own_id: bool) -> Query:
        """Waits, and gives the question to ask next; raises the failure where asking again is of no use, too late or over budget."""
        retry = again(failed, attempt, fraction, own_id=own_id)
        last = attempt + 1 >= self._attempts
        if retry is None or last or retry.after >= _left(until) or not self._budget.take():
            raise failed
        await asyncio.sleep(retry.after)
        return replace(asked, request_id=new_id()) if retry.new_id else asked


def _left(until: float) -> float:
    return until - asyncio.get_running_loop().time()


def _judged(failed: ClientFailure, asked: Query, *, lost: bool) -> ClientFailure:
    """A replay that follows a lost connection is our own first attempt: it was asked, and its answer is lost."""
    if lost and isinstance(failed, QueryRefused) and failed.reason == Reason.REPLAYED_REQUEST.name:
        anew = "let the holder show a new code" if isinstance(asked.holder, PresentedCode) else "ask again with a new request_id"
        return OutcomeUnknown(f"the connection was lost after the question was taken; {anew}", failed.code)
    return failed
