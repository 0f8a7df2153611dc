"""A watch of many hours: it outlives breaks without a word, asks under its own id alone, and costs other questions no retry."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from gateway.client import Answer, Client, Outcome, Progress, QueryRefused, Unreachable, connection
from gateway.model.refusal import Reason
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.client.flaky import Step, abort, flaky, for_ever, hang, line, refuse
from tests.gateway.rpc.house import PATIENCE, asked, papers
from tests.gateway.stages import builders

GONE = abort(grpc.StatusCode.UNAVAILABLE, "max connection age")
WHOLE = ["ACCEPTED", "NO_RECORD"]


@pytest.fixture(autouse=True)
def _swiftly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause is longer than this, so that dozens of breaks take no time."""
    monkeypatch.setattr("gateway.client.retrying.LONGEST_PAUSE", 0.004)


async def told(steps: AsyncIterator[Progress | Answer]) -> list[str]:
    return [each.stage if isinstance(each, Progress) else each.outcome.value async for each in steps]


def spent(client: Client) -> float:
    """Tokens of the budget."""
    return 10 - client._budget._tokens


async def test_more_breaks_than_the_budget_has_retries_are_outlived_and_cost_none() -> None:
    async with flaky(midway=[GONE] * 25) as gateway, gateway.client() as client:
        assert await told(client.watch(builders.query(), deadline=PATIENCE)) == WHOLE
        assert len(gateway.ids) == 26
        assert set(gateway.ids) == {builders.query().request_id}
        assert spent(client) == 0


async def test_once_begun_a_gateway_that_is_away_for_a_while_is_waited_for() -> None:
    async with flaky(midway=[GONE]) as gateway, gateway.client() as client:
        steps = client.watch(builders.query(), deadline=PATIENCE)
        assert await told_one(steps) == "ACCEPTED"
        gateway.plan += [GONE] * 15
        assert await told(steps) == ["NO_RECORD"]
        assert len(gateway.ids) == 1 + 15 + 1
        assert spent(client) == 0


async def test_a_line_that_says_nothing_any_more_is_noticed_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    swift = {"grpc.keepalive_time_ms": 200, "grpc.http2.ping_timeout_ms": 100}
    kept = dict(connection._OPTIONS)
    assert swift.keys() < kept.keys()
    monkeypatch.setattr(connection, "_OPTIONS", tuple((kept | swift).items()))
    async with (
        flaky(midway=[hang]) as gateway,
        line(gateway.address) as wire,
        Client(wire.address, papers().identity()) as client,
    ):
        steps = client.watch(builders.query(), deadline=PATIENCE)
        assert await told_one(steps) == "ACCEPTED"
        wire.forget()
        assert await asyncio.wait_for(told(steps), PATIENCE / 2) == ["NO_RECORD"]
        assert len(gateway.ids) == 2


async def told_one(steps: AsyncIterator[Progress | Answer]) -> str:
    step = await anext(steps)
    assert isinstance(step, Progress)
    return step.stage


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_what_has_not_begun_has_its_attempts(attempts: int) -> None:
    async with flaky(for_ever(GONE)) as gateway, gateway.client(attempts=attempts) as client:
        with pytest.raises(Unreachable):
            await told(client.watch(builders.query(), deadline=PATIENCE))
        assert len(gateway.ids) == attempts
        assert spent(client) == attempts - 1


async def test_with_one_attempt_nothing_that_failed_is_tried_again() -> None:
    async with flaky(midway=[GONE]) as gateway, gateway.client(attempts=1) as client:
        with pytest.raises(Unreachable):
            await told(client.watch(builders.query(), deadline=PATIENCE))
        assert len(gateway.ids) == 1


@pytest.mark.parametrize("reason", [Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT, Reason.LEDGER_UNAVAILABLE, Reason.OVERLOADED])
@pytest.mark.parametrize("place", ["before", "after"])
async def test_what_passes_is_outlived_under_the_same_id(reason: Reason, place: str) -> None:
    steps: dict[str, list[Step]] = {"before": [], "after": [], place: [refuse(reason)]}
    async with flaky(*steps["before"], midway=steps["after"]) as gateway, gateway.client() as client:
        assert await told(client.watch(builders.query(), deadline=PATIENCE)) == WHOLE
        assert gateway.ids == [builders.query().request_id] * 2


@pytest.mark.parametrize("reason", [Reason.DEFERRAL_EXPIRED, Reason.NO_AGREEMENT, Reason.CITY_REFUSED])
async def test_what_does_not_pass_is_raised(reason: Reason) -> None:
    async with flaky(midway=[refuse(reason)]) as gateway, gateway.client() as client:
        with pytest.raises(QueryRefused) as caught:
            await told(client.watch(builders.query(), deadline=PATIENCE))
        assert caught.value.reason == reason.name
        gateway.midway.append(refuse(reason))
        gateway.outcome = pb.OUTCOME_DEFERRED
        with pytest.raises(QueryRefused):
            await client.query(**asked(), wait=PATIENCE)


async def test_the_deadline_ends_it_quietly_and_a_gateway_that_is_gone_does_not() -> None:
    async with flaky(midway=[hang]) as gateway, gateway.client() as client:
        assert await told(client.watch(builders.query(), deadline=1.2)) == ["ACCEPTED"]
        gateway.midway.append(for_ever(GONE))
        with pytest.raises(Unreachable):
            await asyncio.wait_for(told(client.watch(builders.query(), deadline=1.2)), PATIENCE)


async def test_whoever_only_waits_learns_that_the_city_has_the_question_though_the_gateway_is_gone() -> None:
    for plan in (GONE, refuse(Reason.CITY_UNAVAILABLE, after=2 * PATIENCE)):
        async with flaky(midway=[for_ever(plan)]) as gateway, gateway.client(attempts=1) as client:
            gateway.outcome = pb.OUTCOME_DEFERRED
            got = await client.query(**asked(), wait=PATIENCE)
            assert got.outcome is Outcome.DEFERRED
            assert len(gateway.ids) == 2
