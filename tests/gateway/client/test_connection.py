"""A departmental system's side: every failure is typed, a retry costs budget and never asks a city twice under one id."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import grpc
import pytest

from gateway.client import Client, Identity, Outcome, OutcomeUnknown, PresentedCode, QueryRefused, Unreachable
from gateway.clock import new_id
from gateway.model.refusal import Reason
from gateway.rpc.status import WORDINGS, Retry
from tests.certs import faulty
from tests.gateway.client.flaky import abort, flaky, for_ever, hang, line, refuse
from tests.gateway.rpc.house import PATIENCE, asked, house, papers
from tests.gateway.stages import builders
from tests.ports import free_port

Code = grpc.StatusCode
UNAVAILABLE = abort(Code.UNAVAILABLE)


async def refused(query: Awaitable[object]) -> QueryRefused:
    with pytest.raises(QueryRefused) as error:
        await query
    return error.value


async def unreachable(query: Awaitable[object]) -> Unreachable:
    with pytest.raises(Unreachable) as error:
        await query
    return error.value


async def test_a_question_is_answered() -> None:
    async with house() as gateway, gateway.client() as client:
        own = new_id()
        got = await client.query(**asked(), request_id=own)
        assert (got.outcome, got.request_id) == (Outcome.ISSUED, own)
        assert got.evidence[0].fields["capital"] == "1205000.00"
        assert len(gateway.city.requests) == 1
        told = await client.query(**asked(fields=frozenset({"number"})))
        assert dict(told.evidence[0].fields) == {}
        assert told.evidence[0].number == "粤〔2030〕000017"


async def test_a_refusal_of_the_real_gateway_is_typed() -> None:
    async with house() as gateway, gateway.client() as client:
        told = await refused(client.query(**asked(evidence_type="nothing")))
        assert (told.code, told.reason, told.blame) == (Code.INVALID_ARGUMENT, "UNKNOWN_EVIDENCE_TYPE", "CALLER")
        assert [each.field for each in told.told.violations] == ["evidence_type"]
        assert told.told.exchange_id == gateway.entries()[0].exchange_id
        assert told.told.retry_after is None
        assert "证照类型" in told.told.message_zh
        assert told.message == str(told)


@pytest.mark.parametrize("reason", Reason, ids=lambda each: each.name)
async def test_each_reason_is_asked_again_as_its_row_says(reason: Reason) -> None:
    retry = WORDINGS[reason].retry
    async with flaky(for_ever(refuse(reason))) as gateway, gateway.client(attempts=3) as client:
        own = new_id()
        told, _ = await asyncio.gather(refused(client.query(**asked())), refused(client.query(**asked(), request_id=own)))
        assert (told.reason, told.blame, told.code) == (reason.name, reason.blame.value, WORDINGS[reason].code)
        ours = [each for each in gateway.ids if each != own]
        times, names = {Retry.NEVER: (1, 1), Retry.SAME_ID: (3, 1), Retry.NEW_ID: (3, 3)}[retry]
        assert (len(ours), len(set(ours))) == (times, names)
        assert gateway.ids.count(own) == {Retry.NEVER: 1, Retry.SAME_ID: 3, Retry.NEW_ID: 1}[retry], (
            "that id is not ours to change"
        )


async def test_a_reason_newer_than_the_client_is_told_and_not_asked_again() -> None:
    async with flaky(refuse(Reason.OVERLOADED, called="MOON_IN_THE_WRONG_HOUSE")) as gateway, gateway.client() as client:
        assert (await refused(client.query(**asked()))).reason == "MOON_IN_THE_WRONG_HOUSE"
        assert len(gateway.ids) == 1


async def test_what_passes_by_itself_is_answered_in_the_end() -> None:
    plan = (refuse(Reason.OVERLOADED), UNAVAILABLE)
    async with flaky(*plan) as gateway, gateway.client() as client:
        got = await client.query(**asked())
        assert got.outcome is Outcome.NO_RECORD
        assert len(set(gateway.ids)) == 1
        assert len(gateway.ids) == 3
        assert len({each.SerializeToString() for each in gateway.requests}) == 1


async def test_a_new_id_changes_nothing_else() -> None:
    async with flaky(refuse(Reason.CITY_UNAVAILABLE)) as gateway, gateway.client() as client:
        await client.query(**asked())
        first, second = gateway.requests
        assert first.request_id != second.request_id
        first.request_id = second.request_id
        assert first == second


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_no_more_attempts_than_were_wished(attempts: int) -> None:
    async with flaky(for_ever(UNAVAILABLE)) as gateway, gateway.client(attempts=attempts) as client:
        assert (await unreachable(client.query(**asked()))).code is Code.UNAVAILABLE
        assert len(gateway.ids) == attempts


def test_fewer_attempts_than_one_are_none() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Client("gateway.test:1", papers().identity(), attempts=0)


async def test_retries_end_when_the_budget_does_and_come_back_with_answers() -> None:
    plan = for_ever(abort(Code.UNAVAILABLE))
    async with flaky(plan) as gateway, gateway.client(attempts=4) as client:
        await asyncio.gather(*(client.query(**asked()) for _ in range(30)), return_exceptions=True)
        assert len(gateway.ids) == 30 + 10, "ten retries for all, not three for each"
        gateway.plan.clear()
        await asyncio.gather(*(client.query(**asked()) for _ in range(20)))
        before = len(gateway.ids)
        gateway.plan.append(plan)
        await asyncio.gather(*(client.query(**asked()) for _ in range(5)), return_exceptions=True)
        assert len(gateway.ids) - before == 5 + 2, "twenty answers earned two retries"


async def test_the_deadline_is_for_all_attempts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for one pause and not for two, so that the last attempt has nearly half of it for its answer."""
    monkeypatch.setattr("gateway.client.connection.fraction", lambda: 0.0)
    async with flaky(for_ever(refuse(Reason.OVERLOADED, after=3.0))) as gateway, gateway.client(attempts=100) as client:
        began = asyncio.get_running_loop().time()
        told = await refused(client.query(**asked(), deadline=5.9))
        took = asyncio.get_running_loop().time() - began
        assert told.reason == Reason.OVERLOADED.name
        assert took < 5.9
        had = [each for each in gateway.seconds if each is not None]
        assert len(had) == len(gateway.ids) == 2
        assert had[1] < had[0] - 2.9, "the second has what the first left"
        assert had[0] <= 5.9


async def test_a_pause_longer_than_the_deadline_is_not_begun() -> None:
    async with flaky(for_ever(refuse(Reason.OVERLOADED, after=30.0))) as gateway, gateway.client() as client:
        async with asyncio.timeout(PATIENCE):
            told = await refused(client.query(**asked(), deadline=10.0))
        assert told.told.retry_after == 30.0
        assert len(gateway.ids) == 1


async def test_a_gateway_that_never_answers_is_left_at_the_deadline() -> None:
    async with flaky(for_ever(hang)) as gateway, gateway.client() as client:
        gateway.plan.clear()
        await client.query(**asked())  # connected, so that the deadline is for the question alone
        gateway.plan.append(hang)
        async with asyncio.timeout(PATIENCE):
            told = await unreachable(client.query(**asked(), deadline=2.0))
        assert told.code is Code.DEADLINE_EXCEEDED
        assert len(gateway.ids) == 1 + 1


async def test_a_gateway_that_is_not_there_is_unreachable() -> None:
    async with Client(f"127.0.0.1:{free_port()}", papers().identity(), attempts=2) as client:
        assert (await unreachable(client.query(**asked()))).code is Code.UNAVAILABLE
        assert (await unreachable(client.evidence_types())).code is Code.UNAVAILABLE


async def test_a_gateway_with_another_name_or_authority_is_unreachable() -> None:
    async with house() as gateway:
        async with gateway.client(attempts=1, server_name="elsewhere.test") as client:
            await unreachable(client.query(**asked()))
        leaf = papers().sound
        stranger = Identity(leaf.certificate, leaf.key, papers().regions.own.certificate_pem)
        async with Client(gateway.address, stranger, attempts=1) as client:
            await unreachable(client.query(**asked()))
        async with gateway.client(server_name="localhost") as client:
            assert (await client.query(**asked())).outcome is Outcome.ISSUED
        assert len(gateway.city.requests) == 1


@pytest.mark.parametrize("name", [name for name, each in faulty.FAULTS.items() if each.passes_tls])
async def test_a_faulty_certificate_is_told_as_a_refusal(name: str) -> None:
    leaf = faulty.FAULTS[name].make(papers().regions, papers().now)
    async with house() as gateway, gateway.client(leaf) as client:
        told = await refused(client.query(**asked()))
        assert (told.code, told.reason, told.blame) == (Code.UNAUTHENTICATED, "CALLER_UNKNOWN", "POLICY")
        assert gateway.told() == ("REFUSED REFUSED CALLER_UNKNOWN",), "asked once, recorded once"


@pytest.mark.parametrize("said", [b"", b"\xff\xff\xff", b"\x08\x02\x1a\x02\xff\xff", bytes(200)])
async def test_details_that_do_not_read_are_a_failure_and_no_crash(said: bytes) -> None:
    """Anybody between us and the gateway may have written them."""
    plan = for_ever(abort(Code.PERMISSION_DENIED, "by a proxy", said))
    async with flaky(plan) as gateway, gateway.client(attempts=1) as client:
        told = await unreachable(client.query(**asked()))
        assert told.code is Code.PERMISSION_DENIED
        assert "by a proxy" in told.message


async def test_a_lost_connection_is_asked_again_and_never_twice_of_the_city_under_one_id() -> None:
    """The first question was taken, and its answer is lost: the same id is a replay, so a new one is asked, and answered."""
    async with house() as gateway, line(gateway.address) as wire, Client(wire.address, papers().identity()) as client:
        gateway.city.hold()
        query = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        wire.cut()
        await gateway.city.asked(2)
        gateway.city.release()
        got = await asyncio.wait_for(query, PATIENCE)
        assert got.outcome is Outcome.ISSUED
        await gateway.ledger.durable(5)
        told = gateway.told()
        assert sorted(told) == sorted(
            ["INTENT", "OUTCOME UNKNOWN", "REFUSED REFUSED REPLAYED_REQUEST", "INTENT", "OUTCOME ISSUED"]
        )
        first, second = (each.facts["request_id"] for each in gateway.entries() if each.kind.value == "INTENT")
        assert first != second == got.request_id


async def test_a_lost_connection_with_an_id_of_ones_own_ends_as_unknown() -> None:
    async with house() as gateway, line(gateway.address) as wire, Client(wire.address, papers().identity()) as client:
        gateway.city.hold()
        query = asyncio.create_task(client.query(**asked(), request_id=new_id()))
        await gateway.city.asked(1)
        wire.cut()
        with pytest.raises(OutcomeUnknown, match="new request_id") as error:
            await asyncio.wait_for(query, PATIENCE)
        assert error.value.code is Code.ALREADY_EXISTS
        assert len(gateway.city.requests) == 1


async def test_a_code_that_a_holder_showed_is_never_sent_again_though_its_answer_was_lost() -> None:
    tables = {("440600", builders.KIND.code): builders.presenting()}
    async with (
        house(tables=tables) as gateway,
        line(gateway.address) as wire,
        Client(wire.address, papers().identity()) as client,
    ):
        gateway.city.hold()
        query = asyncio.create_task(client.query(**asked() | {"holder": PresentedCode("shown-code-0001")}))
        await gateway.city.asked(1)
        wire.cut()
        with pytest.raises(OutcomeUnknown, match="show a new code"):
            await asyncio.wait_for(query, PATIENCE)
        assert len(gateway.city.requests) == 1


async def test_a_replay_without_a_lost_connection_is_a_refusal() -> None:
    async with house() as gateway, gateway.client() as client:
        own = new_id()
        await client.query(**asked(), request_id=own)
        assert (await refused(client.query(**asked(), request_id=own))).reason == Reason.REPLAYED_REQUEST.name


async def test_whoever_cancels_a_query_cancels_the_exchange() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.hold()
        query = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        query.cancel()
        with pytest.raises(asyncio.CancelledError):
            await query
        await gateway.ledger.durable(2)
        assert gateway.told() == ("INTENT", "OUTCOME UNKNOWN")


async def test_many_queries_at_once_each_get_their_own_answer() -> None:
    async with house() as gateway, gateway.client() as client:
        ids = [new_id() for _ in range(40)]
        ends = await asyncio.gather(*(client.query(**asked(), request_id=each) for each in ids))
        assert [each.request_id for each in ends] == ids
        assert len({each.exchange_id for each in ends}) == 40


async def test_the_directory_is_typed() -> None:
    async with house() as gateway, gateway.client() as client:
        (offered,) = await client.evidence_types()
        assert (offered.alias, offered.regions) == ("everything-proof", ("440600",))
        assert [(each.name, each.kind, each.required) for each in offered.parameters] == [
            ("months", "month_range", True),
            ("day", "date", False),
            ("reference", "text", False),
        ]
        assert {each.name: each.kind for each in offered.fields}["payments"] == "rows"
        assert "secret" not in {each.name for each in offered.fields}
        assert await client.evidence_types("440100") == ()


async def test_the_directory_refuses_as_a_query_does() -> None:
    leaf = faulty.two_uris(papers().regions, papers().now)
    async with house() as gateway, gateway.client(leaf) as client:
        assert (await refused(client.evidence_types())).reason == "CALLER_UNKNOWN"


def test_an_identity_comes_from_files_and_is_not_shown(tmp_path: Path) -> None:
    leaf, names = papers().sound, ("me.crt", "me.key.test", "ca.crt")
    for name, body in zip(names, (leaf.certificate, leaf.key, papers().gateway.certificate_pem), strict=True):
        (tmp_path / name).write_bytes(body)
    identity = Identity.from_files(*(tmp_path / name for name in names))
    assert identity == papers().identity()
    assert repr(identity) == "Identity()"
    with pytest.raises(OSError, match="No such file"):
        Identity.from_files(tmp_path / "nowhere", tmp_path / names[1], tmp_path / names[2])
