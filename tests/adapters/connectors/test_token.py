"""A token shared by all callers: fetched once, ahead of its end, and once more when the city says that it has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.connectors.lease import Lease
from adapters.connectors.token import SharedToken, with_token
from adapters.connectors.verdict import TokenExpiredError, Unreached
from gateway.model.refusal import Reason, Refusal, Unasked, Unfinished

LIFE = 86_400.0


class Lender:
    """A city that lends tokens t1, t2, ..., when it is let to, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None
        self.life = LIFE

    async def lend(self) -> Lease:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return Lease(f"t{number}", self.life)


@pytest.fixture
def lender() -> Lender:
    return Lender()


@pytest.fixture
def token(lender: Lender, clock: Any) -> SharedToken:
    return SharedToken("city.s1", lender.lend, clock.monotonic)


async def turns() -> None:
    """Lets everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_all_callers_share_one_fetch(token: SharedToken, lender: Lender) -> None:
    lender.open.clear()
    callers = [asyncio.create_task(token.current(9)) for _ in range(50)]
    await turns()
    lender.open.set()
    assert (set(await asyncio.gather(*callers)), lender.asked) == ({"t1"}, 1)
    assert (await token.current(9), lender.asked) == ("t1", 1)


async def test_it_is_renewed_five_minutes_ahead_and_nobody_waits(token: SharedToken, lender: Lender, clock: Any) -> None:
    await token.current(9)
    clock.pass_(LIFE - 301)
    assert (await token.current(9), lender.asked) == ("t1", 1)
    clock.pass_(2)
    lender.open.clear()
    assert [await token.current(9) for _ in range(5)] == ["t1"] * 5
    await turns()
    assert lender.asked == 2
    lender.open.set()
    await turns()
    assert (await token.current(9), lender.asked) == ("t2", 2)


async def test_a_short_life_is_renewed_in_its_last_fifth(token: SharedToken, lender: Lender, clock: Any) -> None:
    lender.life = 10
    await token.current(9)
    clock.pass_(7.9)
    await token.current(9)
    await turns()
    assert lender.asked == 1
    clock.pass_(0.2)
    await token.current(9)
    await turns()
    assert (await token.current(9), lender.asked) == ("t2", 2)


async def test_an_ended_one_is_waited_for(token: SharedToken, lender: Lender, clock: Any) -> None:
    await token.current(9)
    clock.pass_(LIFE)
    assert await token.current(9) == "t2"


async def test_a_failure_ahead_of_time_harms_nobody_and_is_not_repeated_at_once(
    token: SharedToken, lender: Lender, clock: Any
) -> None:
    await token.current(9)
    clock.pass_(LIFE - 100)
    lender.failure = Refusal(Reason.CITY_UNAVAILABLE, "here")
    for _ in range(5):
        assert await token.current(9) == "t1"
        await turns()
    assert lender.asked == 2
    clock.pass_(1)
    lender.failure = None
    await token.current(9)
    await turns()
    assert await token.current(9) == "t3"


async def failures(token: SharedToken, count: int) -> list[object]:
    return await asyncio.gather(*(token.current(9) for _ in range(count)), return_exceptions=True)


@pytest.mark.parametrize(
    "failure",
    [
        Refusal(Reason.CITY_UNAVAILABLE, "here"),
        Refusal(Reason.CITY_TIMEOUT, "here"),
        Unfinished(Reason.CITY_ANSWER_INVALID, "here"),
    ],
)
async def test_a_failure_is_told_to_all_who_wait_and_forgotten(token: SharedToken, lender: Lender, failure: Refusal) -> None:
    lender.failure = failure
    assert (await failures(token, 3), lender.asked) == ([failure] * 3, 1)
    lender.failure = None
    assert await token.current(9) == "t2"


@pytest.mark.parametrize("reason", [Reason.CITY_REFUSED, Reason.CITY_ANSWER_INVALID])
async def test_what_the_city_refuses_to_lend_is_asked_for_ever_more_seldom(
    token: SharedToken, lender: Lender, clock: Any, reason: Reason
) -> None:
    lender.failure = Refusal(reason, "here", city_status="10001")
    for _ in range(2):
        assert await failures(token, 3) == [lender.failure] * 3
    for number, rest in enumerate([30, 120, 480, 900, 900], 2):
        clock.pass_(rest - 0.1)
        for told in await failures(token, 3):
            assert isinstance(told, Unasked)
            assert (told.reason, told.city_status) == (reason, "10001")
            assert "mend the credentials and reload" in told.detail
        assert lender.asked == number
        clock.pass_(0.1)
        assert await failures(token, 3) == [lender.failure] * 3
        assert lender.asked == number + 1


async def test_one_slip_of_the_city_has_no_rest(token: SharedToken, lender: Lender) -> None:
    lender.failure = Refusal(Reason.CITY_REFUSED, "here")
    assert await failures(token, 1) == [lender.failure]
    lender.failure = None
    assert await token.current(9) == "t2"


async def test_a_rest_ends_with_a_loan_and_no_connection_is_none(token: SharedToken, lender: Lender, clock: Any) -> None:
    refused, away = Refusal(Reason.CITY_REFUSED, "no"), Refusal(Reason.CITY_UNAVAILABLE, "away")
    lender.failure = refused
    assert await failures(token, 1) + await failures(token, 1) == [refused, refused]
    clock.pass_(30)
    lender.failure = away
    assert await failures(token, 1) + await failures(token, 1) == [away, away]
    lender.failure = refused
    assert await failures(token, 1) == [refused]
    clock.pass_(119.9)
    assert isinstance((await failures(token, 1))[0], Unasked)
    clock.pass_(0.1)
    lender.failure = None
    assert await token.current(9) == "t6"
    clock.pass_(LIFE)
    lender.failure = refused
    assert await failures(token, 1) + await failures(token, 1) == [refused, refused]


async def test_a_refusal_ahead_of_time_rests_as_well(token: SharedToken, lender: Lender, clock: Any) -> None:
    await token.current(9)
    clock.pass_(LIFE - 100)
    lender.failure = Refusal(Reason.CITY_REFUSED, "here")
    for _ in range(90):
        assert await token.current(9) == "t1"
        await turns()
        clock.pass_(1)
    assert lender.asked == 4, "at once, after a second and after half a minute"


async def test_one_spent_token_is_replaced_once_for_all(token: SharedToken, lender: Lender) -> None:
    await token.current(9)
    fresh = await asyncio.gather(*(token.renewed("t1", 9) for _ in range(20)))
    assert (set(fresh), lender.asked) == ({"t2"}, 2)
    assert (await token.renewed("t1", 9), lender.asked) == ("t2", 2)


async def test_whoever_stops_waiting_does_not_stop_the_fetch(token: SharedToken, lender: Lender) -> None:
    lender.open.clear()
    with pytest.raises(Refusal) as caught:
        await token.current(0.001)
    assert (caught.value.reason, caught.value.detail) == (Reason.CITY_TIMEOUT, "city.s1 token: no answer in time")
    impatient = asyncio.create_task(token.current(9))
    await turns()
    impatient.cancel()
    await turns()
    lender.open.set()
    assert (await token.current(9), lender.asked) == ("t1", 1)


async def test_closing_ends_a_fetch(token: SharedToken, lender: Lender) -> None:
    await token.close()
    lender.open.clear()
    waiting = asyncio.create_task(token.current(9))
    await turns()
    await token.close()
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        await waiting


async def test_a_question_is_asked_once_more_with_a_new_token_and_then_no_more(token: SharedToken) -> None:
    def attempt(*taken: str) -> tuple[list[str], Callable[[str], Awaitable[str]]]:
        seen: list[str] = []

        async def ask(secret: str) -> str:
            seen.append(secret)
            if secret in taken:
                return secret
            raise TokenExpiredError(Reason.CITY_REFUSED, "here", city_status="10003")

        return seen, ask

    seen, ask = attempt("t2")
    assert (await with_token(token, lambda: 9.0, ask), seen) == ("t2", ["t1", "t2"])
    assert (await with_token(token, lambda: 9.0, ask), seen) == ("t2", ["t1", "t2", "t2"])
    seen, ask = attempt()
    with pytest.raises(TokenExpiredError) as caught:
        await with_token(token, lambda: 9.0, ask)
    assert (caught.value.reason, seen) == (Reason.CITY_REFUSED, ["t2", "t3"])


async def test_a_question_that_the_city_has_is_not_unasked_because_no_new_token_came(token: SharedToken, lender: Lender) -> None:
    async def ask(secret: str) -> str:
        lender.failure = Unreached(Reason.CITY_UNAVAILABLE, f"not reached after {secret}")
        raise TokenExpiredError(Reason.CITY_REFUSED, "here", city_status="10003")

    with pytest.raises(Refusal, match="not reached after t1") as caught:
        await with_token(token, lambda: 9.0, ask)
    assert type(caught.value) is Refusal
    with pytest.raises(Unreached):
        await token.current(9)


def test_a_lease_does_not_show_its_secret() -> None:
    assert "t1" not in repr(Lease("t1", 1.0))
