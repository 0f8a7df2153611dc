"""Questions that a city answers later, through a whole gateway: deferred, watched, fetched, refused to others, ended at a limit."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.client import Answer, Outcome, Progress, QueryRefused
from gateway.model.city import CityTicket
from gateway.model.exchange import EntryKind
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from tests.certs import faulty
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import PATIENCE, asked, house, leaf, papers
from tests.gateway.stages import builders

DAY = timedelta(days=1)
TICKET = CityTicket("5e" * 16)


async def test_deferred_then_fetched_by_asking_again() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        assert (first.outcome, first.evidence) == (Outcome.DEFERRED, ())
        assert first.deferral
        assert first.deferral.exchange_id == first.exchange_id
        assert first.verify([VKEY])
        again = await client.query(**asked(), request_id=first.request_id)
        assert again.outcome is Outcome.DEFERRED
        gateway.city.told = builders.answer()
        last = await client.query(**asked(), request_id=first.request_id)
        assert last.outcome is Outcome.ISSUED
        assert last.deferral == again.deferral == first.deferral
        assert last.verify([VKEY])
        assert [each.ticket for each in gateway.city.requests] == ["", TICKET.ticket, TICKET.ticket]
        assert gateway.told() == ("INTENT", "OUTCOME DEFERRED", "INTENT", "OUTCOME DEFERRED", "INTENT", "OUTCOME ISSUED")
        intents = [each for each in gateway.entries() if each.kind is EntryKind.INTENT]
        assert [each.facts.get("resumes") for each in intents] == [None, first.exchange_id, first.exchange_id]
        assert TICKET.ticket not in str(gateway.entries())


async def test_another_question_or_caller_under_the_same_id_is_a_replay() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        purpose = replace(builders.query().purpose, case_number="another")
        for changed in (asked(purpose=purpose), asked(fields=frozenset({"number"}))):
            with pytest.raises(QueryRefused) as caught:
                await client.query(**changed, request_id=first.request_id)
            assert caught.value.reason == "REPLAYED_REQUEST"
            with pytest.raises(QueryRefused) as caught:
                [each async for each in client.watch(replace(first.question, purpose=purpose))]
            assert caught.value.reason == "UNKNOWN_EXCHANGE"
        assert len(gateway.city.requests) == 1


@pytest.mark.parametrize(
    ("authority", "domain", "department", "system"),
    [
        ("own", faulty.OWN_TRUST_DOMAIN, faulty.CREDIT_CODE, "another-window"),
        ("other", faulty.OTHER_TRUST_DOMAIN, faulty.CREDIT_CODE, faulty.SYSTEM),
    ],
)
async def test_nobody_but_who_asked_can_watch_or_fetch(authority: str, domain: str, department: str, system: str) -> None:
    term = {"valid_from": papers().now - DAY, "valid_to": papers().now + DAY}
    agreed = [builders.agreement(id=region, region=region, **term) for region in ("440100", "440600")]
    async with house(agreements={department: tuple(agreed)}) as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        gateway.city.told = builders.answer()
        async with gateway.client(leaf(authority, domain, department, system)) as another:
            with pytest.raises(QueryRefused) as caught:
                [each async for each in another.watch(first.question)]
        assert caught.value.reason == "UNKNOWN_EXCHANGE"
        assert gateway.told() == ("INTENT", "OUTCOME DEFERRED", "REFUSED REFUSED UNKNOWN_EXCHANGE")
        assert gateway.entries()[-1].facts["caller_system"] == system
        assert (len(gateway.city.requests), gateway.city.looked.is_set()) == (1, False)


async def test_watching_tells_the_steps_and_brings_the_answer() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        steps: list[str] = []
        async for each in client.watch(first.question):
            if isinstance(each, Progress):
                steps.append(each.stage)
                gateway.city.told = builders.answer()
            else:
                assert each.outcome is Outcome.ISSUED
                assert each.verify([VKEY])
                steps.append("the answer")
        assert steps in (["ACCEPTED", "WITH_CITY", "ANSWERED", "the answer"], ["ACCEPTED", "ANSWERED", "the answer"])
        assert gateway.told() == ("INTENT", "OUTCOME DEFERRED", "INTENT", "OUTCOME ISSUED")


async def test_a_city_that_fails_while_it_is_looked_at_is_waited_for() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        gateway.city.told = Refusal(Reason.CITY_UNAVAILABLE, "its database restarts")

        async def answers() -> Answer:
            return await client._waited(first, PATIENCE, reference=False)

        waiting = asyncio.create_task(answers())
        async with asyncio.timeout(PATIENCE):
            await gateway.city.looked.wait()
        gateway.city.told = builders.answer()
        assert (await waiting).outcome is Outcome.ISSUED


async def test_a_watch_ends_when_its_time_is_up_and_leaves_no_entry() -> None:
    async with house(Limits(longest_watch=0.6, minimum_deadline=0.0)) as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked(), wait=1.5)
        assert first.outcome is Outcome.DEFERRED
        assert gateway.told() == ("INTENT", "OUTCOME DEFERRED")


async def test_at_the_limit_it_ends_with_a_reason() -> None:
    async with house(Limits(deferred=0.0)) as gateway, gateway.client() as client:
        gateway.city.told = TICKET
        first = await client.query(**asked())
        with pytest.raises(QueryRefused) as caught:
            await client.query(**asked(), request_id=first.request_id)
        assert (caught.value.reason, caught.value.blame) == ("DEFERRAL_EXPIRED", "COUNTERPARTY")
        with pytest.raises(QueryRefused) as caught:
            [each async for each in client.watch(first.question)]
        assert caught.value.reason == "DEFERRAL_EXPIRED"
        assert gateway.told()[2:] == ("REFUSED REFUSED DEFERRAL_EXPIRED",) * 2
