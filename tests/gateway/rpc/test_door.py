"""The door counts right whatever happens inside, and a deadline is never longer than ours nor shorter than the least."""

import asyncio
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from gateway.rpc.door import Door, time_left

ONE, OTHER = b"one", b"other"


def refused(door: Door, limits: Limits) -> Reason:
    with pytest.raises(Refusal) as error, door.pass_through(limits, ONE):
        raise AssertionError("it was let in")
    return error.value.reason


def test_as_many_as_the_limit_and_no_more() -> None:
    door, limits = Door(), Limits(in_flight=3)
    with ExitStack() as inside:
        for count in range(3):
            assert door.inside == count
            inside.enter_context(door.pass_through(limits, ONE))
        assert refused(door, limits) is Reason.OVERLOADED
        assert door.inside == 3
    assert door.inside == 0
    with door.pass_through(limits, ONE):
        assert door.inside == 1


def test_whoever_fails_inside_has_left_too() -> None:
    door = Door()
    for fault in (ValueError(), Refusal(Reason.INTERNAL, ""), asyncio.CancelledError(), KeyboardInterrupt()):
        with suppress(type(fault)), door.pass_through(Limits(), ONE):
            raise fault
    assert door.inside == 0


def test_a_smaller_limit_holds_at_once() -> None:
    door = Door()
    with door.pass_through(Limits(in_flight=9), ONE), door.pass_through(Limits(in_flight=9), ONE):
        assert refused(door, Limits(in_flight=2)) is Reason.OVERLOADED


def test_who_asks_without_measure_keeps_nobody_else_out() -> None:
    door, limits = Door(), Limits(in_flight=8)
    with ExitStack() as inside:
        while door.has_room(ONE, limits):
            inside.enter_context(door.pass_through(limits, ONE))
        assert door.inside == 6, "three quarters for one alone"
        assert refused(door, limits) is Reason.OVERLOADED
        inside.enter_context(door.pass_through(limits, OTHER))
        assert not door.has_room(ONE, limits)
        inside.enter_context(door.pass_through(limits, OTHER))
        assert not door.has_room(b"third", limits), "nothing is left"
    assert door.left == 8
    assert door.turned_away == {Reason.OVERLOADED: 1}
    assert door.has_room(ONE, limits)


@settings(deadline=None, database=None)
@given(st.lists(st.sampled_from((ONE, OTHER, b"third"))), st.integers(1, 40), st.floats(0.375, 1))
def test_never_more_than_its_places_and_a_newcomer_is_let_in_before_who_holds_most(
    come: list[bytes], most: int, share: float
) -> None:
    door, limits = Door(), Limits(in_flight=most)
    door.share = share
    with ExitStack() as inside:
        for who in come:
            if door.has_room(who, limits):
                inside.enter_context(door.pass_through(limits, who))
            assert door.inside <= max(1, round(most * share))
            assert door.has_room(b"new", limits) or not any(door.has_room(each, limits) for each in come)
    assert (door.inside, door.crowded(limits)) == (0, False)


async def test_closing_waits_for_the_last_and_lets_nobody_in() -> None:
    door = Door()
    with door.pass_through(Limits(), ONE):
        closing = asyncio.create_task(door.close())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing), 0.01)
        assert refused(door, Limits()) is Reason.SHUTTING_DOWN
    async with asyncio.timeout(60):
        await closing
    assert refused(door, Limits()) is Reason.SHUTTING_DOWN


async def test_closing_an_empty_door_waits_for_nobody() -> None:
    door = Door()
    await door.close()
    assert refused(door, Limits()) is Reason.SHUTTING_DOWN


seconds = st.floats(0, 1e6)


@settings(deadline=None, database=None)
@given(st.one_of(st.none(), seconds), seconds, seconds, seconds)
def test_time_left_is_within_the_limits(asked: float | None, least: float, default: float, most: float) -> None:
    limits = Limits(default_deadline=default, maximum_deadline=most, minimum_deadline=least)
    left = time_left(asked, limits)
    if asked is None:
        assert left == default
    elif asked < least:
        assert isinstance(left, Refusal)
        assert left.reason is Reason.DEADLINE_TOO_SHORT
    else:
        assert left == min(asked, most)
