"""The methods: how long the city gets, how a replay, a leaving caller and a fault of ours end, and what is told of them."""

import asyncio
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from certs.authority import Leaf
from certs.extensions import Profile, Usage
from gateway.client.failure import QueryRefused, of
from gateway.client.proving import ReceiptRefused
from gateway.model.agreement import Agreement, Grant
from gateway.model.city import CityAnswer, Record
from gateway.model.evidence import Verdict
from gateway.model.exchange import EntryKind, Result
from gateway.model.query import Claimed
from gateway.model.refusal import Reason, Refusal
from gateway.model.table import Table
from gateway.model.world import Limits
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1.directory_service_pb2_grpc import DirectoryServiceStub
from tests.certs import faulty
from tests.gateway.client.notary import LOG, VKEY
from tests.gateway.rpc.house import PATIENCE, House, asked, house, papers, request, verify_request
from tests.gateway.stages import builders

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CANARY = f"canary-{builders.NUMBER}-{builders.NAME}"
LIMITS = Limits(default_deadline=70.0, maximum_deadline=90.0, minimum_deadline=20.0)


async def refused(
    gateway: House, asked: pb.QueryRequest | None = None, leaf: Leaf | None = None, seconds: float = PATIENCE
) -> QueryRefused:
    async with gateway.stub(leaf) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Query(asked or request(), timeout=seconds)
    told = of(error.value)
    assert isinstance(told, QueryRefused), told
    assert UUID.fullmatch(told.told.exchange_id)
    assert told.told.message_zh
    return told


async def answered(gateway: House, asked: pb.QueryRequest | None = None, seconds: float | None = PATIENCE) -> pb.QueryResponse:
    async with gateway.stub() as stub:
        return await stub.Query(asked or request(), timeout=seconds)


async def test_a_question_is_answered_and_both_entries_stand() -> None:
    async with house() as gateway:
        asked = request()
        got = await answered(gateway, asked)
        intent, outcome = gateway.entries()
        assert (intent.kind, outcome.kind) == (EntryKind.INTENT, EntryKind.OUTCOME)
        assert got.outcome == pb.OUTCOME_ISSUED
        assert (got.request_id, got.exchange_id) == (asked.request_id, intent.exchange_id)
        assert (got.receipt.log, got.receipt.intent_index, got.receipt.outcome_index) == (LOG, 0, 1)
        assert len(got.receipt.leaf_hash) == 32
        assert got.evidence[0].fields["capital"].money == "1205000.00"
        moments = got.provenance
        four = [moments.request_in, moments.request_out, moments.response_in, moments.response_out]
        assert four == sorted(four, key=lambda each: each.ToNanoseconds())


async def test_an_answer_waits_for_those_that_leave_with_it_and_for_no_caller_who_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = asyncio.Queue[asyncio.Future[None]]()

    def gathered() -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        waiting.put_nowait(future)
        return future

    async with house() as gateway, gateway.stub() as stub:
        monkeypatch.setattr(gateway.inside.leaving, "gathered", gathered)
        stays, leaves = stub.Query(request(), timeout=PATIENCE), stub.Query(request(), timeout=PATIENCE)
        first, second = await waiting.get(), await waiting.get()
        assert not stays.done()
        leaves.cancel()
        first.set_result(None)
        second.set_result(None)
        assert (await stays).outcome == pb.OUTCOME_ISSUED
        await gateway.inside.door.close()
        assert sorted(gateway.told()) == ["INTENT", "INTENT", "OUTCOME ISSUED", "OUTCOME ISSUED"]


@pytest.mark.parametrize(("asked", "given"), [(None, 70.0), (30.0, 30.0), (85.0, 85.0), (6000.0, 90.0)])
async def test_the_city_has_the_callers_deadline_within_ours_less_the_margin(asked: float | None, given: float) -> None:
    async with house(LIMITS) as gateway:
        await answered(gateway, seconds=asked)
        (had,) = gateway.city.seconds
        assert given - LIMITS.answer_margin - 10.0 < had <= given - LIMITS.answer_margin


async def test_a_deadline_below_the_least_is_refused_and_nobody_is_asked() -> None:
    async with house(LIMITS) as gateway:
        told = await refused(gateway, seconds=15.0)
        assert (told.code, told.reason, told.blame) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            Reason.DEADLINE_TOO_SHORT.name,
            "CALLER",
        )
        assert gateway.told() == ("REFUSED REFUSED DEADLINE_TOO_SHORT",)
        assert gateway.city.requests == []


async def test_a_silent_city_is_told_before_the_caller_gives_up() -> None:
    async with house(Limits(maximum_deadline=2.5)) as gateway:
        gateway.city.hold()
        told = await refused(gateway)
        assert (told.code, told.reason, told.blame) == (
            grpc.StatusCode.DEADLINE_EXCEEDED,
            Reason.CITY_TIMEOUT.name,
            "COUNTERPARTY",
        )
        assert gateway.told() == ("INTENT", "OUTCOME REFUSED CITY_TIMEOUT")


@pytest.mark.parametrize("reason", [each for each in Reason if each.blame.value == "COUNTERPARTY"], ids=lambda each: each.name)
async def test_what_the_city_did_wrong_is_told_and_recorded_once(reason: Reason) -> None:
    async with house() as gateway:
        gateway.city.told = Refusal(reason, f"detail {CANARY}", city_status="city-status-7")
        told = await refused(gateway)
        assert (told.reason, told.blame) == (reason.name, "COUNTERPARTY")
        assert CANARY not in str(told.told) + told.message
        assert "city-status-7" not in str(told.told) + told.message
        assert gateway.told() == ("INTENT", f"OUTCOME {Result.of(gateway.city.told).value} {reason.name}")
        assert gateway.entries()[1].exchange_id == told.told.exchange_id


@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["as it was", "in capitals"])
async def test_the_same_request_id_is_never_asked_of_the_city_twice(spell: Callable[[str], str]) -> None:
    async with house() as gateway:
        asked = request()
        await answered(gateway, asked)
        again = request(request_id=spell(asked.request_id))
        told = await refused(gateway, again)
        assert (told.code, told.reason, told.blame) == (
            grpc.StatusCode.ALREADY_EXISTS,
            Reason.REPLAYED_REQUEST.name,
            "CALLER",
        )
        assert told.told.retry_after is None
        assert len(gateway.city.requests) == 1
        assert gateway.told() == ("INTENT", "OUTCOME ISSUED", "REFUSED REFUSED REPLAYED_REQUEST")


async def test_of_many_at_once_with_one_request_id_one_is_asked() -> None:
    async with house() as gateway, gateway.stub() as stub:
        asked = request()
        ends = await asyncio.gather(*(stub.Query(asked, timeout=PATIENCE) for _ in range(12)), return_exceptions=True)
        assert len(gateway.city.requests) == 1
        assert sum(isinstance(each, pb.QueryResponse) for each in ends) == 1
        told = [of(each) for each in ends if isinstance(each, grpc.aio.AioRpcError)]
        assert {each.reason for each in told if isinstance(each, QueryRefused)} == {Reason.REPLAYED_REQUEST.name}
        assert len(told) == 11


async def test_another_caller_may_have_the_same_request_id() -> None:
    """Or one system could keep another from asking, by guessing its ids."""
    agreement = builders.agreement(valid_from=papers().now - timedelta(1), valid_to=papers().now + timedelta(1))
    foreign = replace(agreement, id="other", region="440600", department="11440600M00000027C")
    stranger = _named("spiffe://foshan.test/department/11440600M00000027C/system/window")
    agreements = {each.department: (each,) for each in (agreement, foreign)}
    async with house(agreements=agreements) as gateway:
        asked = request()
        await answered(gateway, asked)
        async with gateway.stub(stranger) as stub:
            assert (await stub.Query(asked, timeout=PATIENCE)).outcome == pb.OUTCOME_ISSUED
        assert len(gateway.city.requests) == 2


def _named(uri: str) -> Leaf:
    """A sound certificate of the other region's, for this URI."""
    profile = Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
    return papers().regions.other.issue(profile, papers().now, timedelta(days=1))


async def test_a_caller_who_leaves_in_the_middle_leaves_an_unknown_outcome() -> None:
    async with house() as gateway, gateway.stub() as stub:
        gateway.city.hold()
        call = stub.Query(request(), timeout=PATIENCE)
        await gateway.city.asked(1)
        assert gateway.told() == ("INTENT",)
        call.cancel()
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")
        assert gateway.inside.door.inside == 0
        assert [(each["result"], each["reason"]) for each in gateway.lines()] == [("UNKNOWN", "OUTCOME_UNKNOWN")]


async def test_a_connection_that_breaks_in_the_middle_leaves_an_unknown_outcome() -> None:
    async with house() as gateway:
        gateway.city.hold()
        async with gateway.stub() as stub:
            call = asyncio.ensure_future(stub.Query(request(), timeout=PATIENCE))
            await gateway.city.asked(1)
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")
        await asyncio.gather(call, return_exceptions=True)


def _broken(_: Record) -> str:
    raise ValueError(CANARY)


def _table() -> Table:
    return replace(builders.table(), inward=(("number", _broken),))


async def _nothing_of_it(gateway: House, capfd: pytest.CaptureFixture[str]) -> str:
    """The exchange id of an opaque INTERNAL, of whose text nothing is anywhere."""
    told = await refused(gateway)
    assert (told.code, told.reason, told.blame) == (grpc.StatusCode.INTERNAL, Reason.INTERNAL.name, "OURS")
    assert told.told.retry_after is None
    out, err = capfd.readouterr()
    ledger = b"".join(each.read_bytes() for each in gateway.file.parent.iterdir() if each.is_file())
    everywhere = f"{told.message}{told.told}{gateway.said.getvalue()}{out}{err}"
    for secret in (CANARY, builders.NUMBER, builders.NAME):
        assert secret not in everywhere
        assert secret.encode() not in ledger
    faults = [each for each in gateway.lines() if each["event"] == "log"]
    assert [(each["message"], each["exchange_id"]) for each in faults] == [("internal fault", told.told.exchange_id)]
    assert str(faults[0]["where"]).startswith("gateway/")
    return told.told.exchange_id


@pytest.mark.parametrize(
    "fault", [ValueError(CANARY), KeyError(CANARY), OSError(5, CANARY), ExceptionGroup(CANARY, [ValueError(CANARY)])]
)
async def test_a_fault_in_an_adapter_is_opaque_and_its_exchange_unknown(
    fault: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    async with house() as gateway:
        gateway.city.told = fault
        exchange_id = await _nothing_of_it(gateway, capfd)
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")
        assert {each.exchange_id for each in gateway.entries()} == {exchange_id}


async def test_a_fault_in_a_table_is_opaque_and_its_exchange_unknown(capfd: pytest.CaptureFixture[str]) -> None:
    async with house(tables={("440600", builders.KIND.code): _table()}) as gateway:
        await _nothing_of_it(gateway, capfd)
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")


async def test_a_fault_before_the_city_is_asked_is_opaque_too(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(_: object) -> str:
        raise RuntimeError(CANARY)

    table = replace(builders.table(), outward=(("zjhm", broken),))
    async with house(tables={("440600", builders.KIND.code): table}) as gateway:
        await _nothing_of_it(gateway, capfd)
        assert gateway.city.requests == []


async def test_a_fault_in_what_counts_keeps_no_answer_and_is_told_without_its_words(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise RuntimeError(CANARY)

    async with house(lines=Broken()) as gateway:
        assert (await answered(gateway)).outcome == pb.OUTCOME_ISSUED
        assert gateway.told() == ("INTENT", "OUTCOME ISSUED")
        assert [(each["message"], each["kind"]) for each in gateway.lines()] == [("internal fault", "RuntimeError")]
        assert CANARY not in f"{gateway.said.getvalue()}{capfd.readouterr()}"


async def test_a_fault_in_the_directory_is_opaque_too() -> None:
    def gone() -> object:
        raise RuntimeError(CANARY)

    async with house() as gateway, gateway.channel() as channel:
        broken = replace(gateway.world, tables={("440600", builders.KIND.code): gone})
        object.__setattr__(gateway.inside, "world", lambda: broken)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await DirectoryServiceStub(channel).ListRegions(directory_pb.ListRegionsRequest(), timeout=PATIENCE)
        told = of(error.value)
        assert isinstance(told, QueryRefused)
        assert told.reason == Reason.INTERNAL.name
        assert [each["message"] for each in gateway.lines()] == ["internal fault"]


@pytest.mark.parametrize("kind", [EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.REFUSED])
async def test_what_cannot_be_recorded_is_not_answered(kind: EntryKind) -> None:
    full = Refusal(Reason.LEDGER_UNAVAILABLE, "disk full")
    async with house() as gateway:
        gateway.ledger.fails = lambda entry: full if entry.kind is kind else None
        asked = request() if kind is not EntryKind.REFUSED else pb.QueryRequest()
        told = await refused(gateway, asked)
        assert (told.reason, told.blame) == (Reason.LEDGER_UNAVAILABLE.name, "OURS")
        assert told.told.retry_after is not None
        assert len(gateway.city.requests) == (kind is EntryKind.OUTCOME), "what is not intended is not asked"


async def test_a_stranger_learns_nothing_of_the_request(capfd: pytest.CaptureFixture[str]) -> None:
    """Who we do not know is told so, whatever else is wrong with the question."""
    leaf = faulty.two_uris(papers().regions, papers().now)
    async with house() as gateway:
        for asked in (request(), pb.QueryRequest(), request(evidence_type="nothing")):
            told = await refused(gateway, asked, leaf)
            assert (told.code, told.reason, told.told.violations) == (
                grpc.StatusCode.UNAUTHENTICATED,
                Reason.CALLER_UNKNOWN.name,
                (),
            )
        async with gateway.channel(leaf) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await DirectoryServiceStub(channel).ListEvidenceTypes(directory_pb.ListEvidenceTypesRequest(), timeout=PATIENCE)
            assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert gateway.told() == ("REFUSED REFUSED CALLER_UNKNOWN",) * 3
        assert all("caller_department" not in each.facts for each in gateway.entries())
    assert capfd.readouterr().out == ""


async def test_who_calls_is_seen_whatever_it_is_answered() -> None:
    named_by_host = faulty.dns_name_only(papers().regions, papers().now)
    async with house() as gateway:
        await answered(gateway)
        await refused(gateway, leaf=named_by_host)
        async with gateway.channel() as channel:
            await DirectoryServiceStub(channel).ListRegions(directory_pb.ListRegionsRequest(), timeout=PATIENCE)
        shown = [each.leaf for each in gateway.shown_by]
    assert shown == [papers().sound.certificate, named_by_host.certificate, papers().sound.certificate]


def verifiable() -> Agreement:
    """By which a field may be verified, and nothing seen."""
    day = timedelta(days=1)
    grants = {builders.KIND.code: Grant(builders.KIND.code, frozenset(), frozenset({"status", "capital", "remark"}))}
    return builders.agreement(grants=grants, valid_from=papers().now - day, valid_to=papers().now + day)


CLAIMS = (
    pb.Claim(field="capital", value=pb.Value(money="1205000")),
    pb.Claim(field="status", value=pb.Value(coded=pb.CodedValue(code="REVOKED"))),
    pb.Claim(field="remark", value=pb.Value(text=CANARY)),
)


async def test_claims_get_their_verdicts_and_nothing_else_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    async with house(agreements={faulty.CREDIT_CODE: (verifiable(),)}) as gateway, gateway.stub() as stub:
        asked = verify_request(*CLAIMS)
        got = await stub.Verify(asked, timeout=PATIENCE)
        assert [(each.field, each.verdict) for each in got.verdicts] == [
            ("capital", pb.VERDICT_MATCH),
            ("status", pb.VERDICT_MISMATCH),
            ("remark", pb.VERDICT_NO_RECORD),
        ]
        assert (got.request_id, got.provenance.city_status) == (asked.request_id, "")
        assert gateway.told() == ("INTENT", "OUTCOME VERIFIED")
        shown = str(got) + got.receipt.leaf.decode(errors="replace") + str(gateway.entries())
        held = builders.record()
        assert not any(str(held[name]) in shown for name in ("bh", "zjhm", "xm", "dw", "zczb"))
        assert CANARY not in f"{shown} {gateway.said.getvalue()} {capfd.readouterr()}"
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Query(request(), timeout=PATIENCE)
        assert gateway.told()[-1] == "REFUSED REFUSED PURPOSE_NOT_COVERED"


async def test_the_client_has_claims_verified_and_the_receipt_binds_the_verdicts() -> None:
    async with house(agreements={faulty.CREDIT_CODE: (verifiable(),)}) as gateway, gateway.client() as client:
        question = {name: value for name, value in asked().items() if name != "fields"}
        got = await client.verify(**question, claims=(Claimed("capital", "money", "1205000"), Claimed("remark", "text", "x")))
        assert dict(got.verdicts) == {"capital": Verdict.MATCH, "remark": Verdict.NO_RECORD}
        found = got.verify([VKEY])
        assert (found.question, found.answer) == (True, True)
        lied = replace(got, verdicts={"capital": Verdict.MISMATCH, "remark": Verdict.NO_RECORD})
        with pytest.raises(ReceiptRefused):
            lied.verify([VKEY])


async def test_a_city_that_holds_none_has_no_record_of_any_claim() -> None:
    async with house(agreements={faulty.CREDIT_CODE: (verifiable(),)}) as gateway, gateway.stub() as stub:
        gateway.city.told = CityAnswer("01", no_record=True)
        got = await stub.Verify(verify_request(*CLAIMS), timeout=PATIENCE)
        assert {each.verdict for each in got.verdicts} == {pb.VERDICT_NO_RECORD}
        gateway.city.told = Refusal(Reason.CITY_UNAVAILABLE, "down")
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Verify(verify_request(*CLAIMS), timeout=PATIENCE)
