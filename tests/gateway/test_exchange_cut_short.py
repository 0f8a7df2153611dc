"""An exchange that does not come through: a log that cannot record, time that runs out, a caller who leaves, a fault of ours."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.exchange import exchange
from gateway.ledger.encoding import MalformedEntry
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.exchange import Entry, EntryKind, Result
from gateway.model.refusal import Reason, Refusal, Unasked
from gateway.model.world import Limits
from tests.gateway.fakes import Stand
from tests.gateway.stages.builders import (
    EPOCH,
    KIND,
    answer,
    call,
    record,
    world,
)
from tests.gateway.walking import (
    CITY_REFUSES,
    LATE,
    UNKNOWN,
    UNWRITTEN,
    Broken,
    broken_table,
    cancelled,
    declined,
    ended,
    is_intent,
    kinds,
    stand,
    started,
    turns,
)

__all__ = ["stand"]

# A log that cannot record.


@pytest.mark.parametrize(
    ("fails", "entries"), [(is_intent, [("REFUSED", "REFUSED", "LEDGER_UNAVAILABLE")]), (lambda _: True, [])]
)
async def test_without_a_durable_intent_the_city_is_not_asked(
    stand: Stand, fails: Callable[[Entry], bool], entries: list[tuple[str, str, str]]
) -> None:
    stand.ledger.fails = fails
    assert await declined(stand) == UNWRITTEN
    assert stand.city.requests == []
    assert kinds(stand) == entries
    assert ended(stand) == [(Result.REFUSED, "LEDGER_UNAVAILABLE")]


async def test_without_a_durable_outcome_nothing_is_told(stand: Stand) -> None:
    stand.ledger.fails = lambda entry: entry.kind is EntryKind.OUTCOME
    assert await declined(stand) == UNWRITTEN
    assert kinds(stand) == [("INTENT", "", "")]
    assert ended(stand) == [(Result.REFUSED, "LEDGER_UNAVAILABLE")]


async def test_a_refusal_that_cannot_be_recorded_is_the_logs(stand: Stand) -> None:
    stand.ledger.fails = lambda _: True
    assert await declined(stand, given_world=world(agreements={})) == UNWRITTEN
    assert (stand.ledger.entries, ended(stand)) == ([], [(Result.REFUSED, "LEDGER_UNAVAILABLE")])


async def test_a_citys_refusal_that_cannot_be_recorded_is_the_logs(stand: Stand) -> None:
    stand.city.told = CITY_REFUSES
    stand.ledger.fails = lambda entry: entry.kind is EntryKind.OUTCOME
    assert await declined(stand) == UNWRITTEN
    assert ended(stand) == [(Result.REFUSED, "LEDGER_UNAVAILABLE")]


# Time.


async def test_the_city_has_what_the_caller_leaves_less_our_margin(stand: Stand) -> None:
    stand.ledger.hold()
    task = started(stand, given_world=world(limits=Limits(answer_margin=1.5)))
    await stand.journal.until("queued INTENT")
    stand.clock.advance(5.0)
    stand.ledger.release()
    await task
    assert stand.city.seconds == [20.0 - 5.0 - 1.5]


async def test_a_city_that_hangs_is_left_in_time_to_record_it(stand: Stand) -> None:
    stand.city.told = None
    loop = asyncio.get_running_loop()
    began = loop.time()
    ours = Limits(answer_margin=30.0)
    refusal = await declined(stand, call(expires=EPOCH + 30.05), world(limits=ours))
    assert refusal.reason is Reason.CITY_TIMEOUT
    assert stand.city.seconds == [pytest.approx(0.05)]
    assert 0.04 < loop.time() - began < ours.answer_margin
    assert stand.journal.lines[2:] == ["asked", "dropped", "queued OUTCOME REFUSED", "durable OUTCOME REFUSED"]
    assert kinds(stand)[1:] == [("OUTCOME", "REFUSED", "CITY_TIMEOUT")]


async def test_who_keeps_its_own_time_is_heard_and_not_stopped_before(stand: Stand) -> None:
    """It alone knows that the city was not asked, and so that a code which serves once still serves."""

    class Queue:
        async def ask(self, _: CityRequest, seconds: float) -> CityAnswer:
            try:
                async with asyncio.timeout(seconds):
                    await asyncio.Event().wait()
            except TimeoutError:
                raise Unasked(Reason.CITY_UNAVAILABLE, "no place became free in time") from None
            raise AssertionError

    with pytest.raises(Unasked, match="CITY_UNAVAILABLE"):
        await exchange(call(expires=EPOCH + 0.3), world(), replace(stand.ports, adapters={"foshan.test": Queue()}))


@pytest.mark.parametrize("passed", [19.75, 60.0])
async def test_a_city_is_not_asked_what_it_cannot_answer_in_time(stand: Stand, passed: float) -> None:
    stand.ledger.hold()
    task = started(stand)
    await stand.journal.until("queued INTENT")
    stand.clock.advance(passed)
    stand.ledger.release()
    with pytest.raises(Refusal) as refused:
        await task
    assert refused.value == LATE
    assert stand.city.requests == []
    assert kinds(stand)[1:] == [("OUTCOME", "REFUSED", "LEDGER_UNAVAILABLE")]


# A caller who leaves.


async def test_leaving_before_the_intent_is_durable_ends_unknown_and_unasked(stand: Stand) -> None:
    stand.ledger.hold()
    task = started(stand)
    await stand.journal.until("queued INTENT")
    await cancelled(task)
    stand.ledger.release()
    await stand.journal.until(UNKNOWN)
    await turns()
    assert stand.city.requests == []
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]
    assert ended(stand) == [(Result.UNKNOWN, "OUTCOME_UNKNOWN")]


async def test_leaving_in_the_turn_in_which_the_intent_is_durable_ends_unknown(stand: Stand) -> None:
    stand.ledger.hold()
    task = started(stand)
    await stand.journal.until("queued INTENT")
    stand.ledger.release()
    await cancelled(task)
    await stand.journal.until(UNKNOWN)
    await turns()
    assert stand.city.requests == []
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]


@pytest.mark.parametrize("replayed", [True, False])
async def test_leaving_before_an_intent_that_is_refused_leaves_nothing_open(stand: Stand, *, replayed: bool) -> None:
    if replayed:
        await exchange(call(exchange_id="exchange-0"), world(), stand.ports)
    else:
        stand.ledger.fails = lambda _: True
    before = kinds(stand)
    stand.ledger.hold()
    task = started(stand)
    await turns()
    await cancelled(task)
    stand.ledger.release()
    await turns()
    assert kinds(stand) == before


async def test_leaving_before_anything_is_looked_at_leaves_no_entry(stand: Stand) -> None:
    task = started(stand)
    await asyncio.sleep(0)
    await cancelled(task)
    await turns()
    assert not stand.journal.lines
    assert not ended(stand)


async def test_leaving_while_the_city_is_asked_ends_unknown(stand: Stand) -> None:
    stand.city.told = None
    task = started(stand)
    await stand.journal.until("asked")
    await turns()
    await cancelled(task)
    await stand.journal.until(UNKNOWN)
    await turns()
    assert "dropped" in stand.journal.lines
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]
    assert ended(stand) == [(Result.UNKNOWN, "OUTCOME_UNKNOWN")]


async def test_leaving_does_not_wait_for_the_log(stand: Stand) -> None:
    stand.city.told = None
    task = started(stand)
    await stand.journal.until("asked")
    stand.ledger.hold()
    await cancelled(task)
    assert stand.journal.lines[-1] == "queued OUTCOME UNKNOWN"
    stand.ledger.release()


async def test_an_unknown_outcome_that_cannot_be_recorded_is_left_to_the_next_start(stand: Stand) -> None:
    stand.city.told = None
    task = started(stand)
    await stand.journal.until("asked")
    stand.ledger.fails = lambda _: True
    await cancelled(task)
    await turns()
    assert kinds(stand) == [("INTENT", "", "")]


async def test_leaving_while_the_answer_arrives_leaves_the_outcome_as_it_is(stand: Stand) -> None:
    task = started(stand)
    stand.city.meanwhile = task.cancel
    with pytest.raises(asyncio.CancelledError):
        await task
    await turns()
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "ISSUED", "")]
    assert ended(stand) == [(Result.ISSUED, "")]


@pytest.mark.parametrize(("told", "result"), [(answer(), "ISSUED"), (CITY_REFUSES, "REFUSED")])
async def test_leaving_while_the_outcome_is_recorded_takes_nothing_back(stand: Stand, told: Any, result: str) -> None:
    stand.city.told = told
    stand.city.meanwhile = stand.ledger.hold
    task = started(stand)
    await stand.journal.until(f"queued OUTCOME {result}")
    await cancelled(task)
    stand.ledger.release()
    await turns()
    assert [(kind, how) for kind, how, _ in kinds(stand)] == [("INTENT", ""), ("OUTCOME", result)]
    assert [how.value for how, _ in ended(stand)] == [result]


async def test_leaving_before_an_outcome_that_is_not_recorded_is_counted_as_what_it_was(stand: Stand) -> None:
    stand.city.meanwhile = stand.ledger.hold
    task = started(stand)
    await stand.journal.until("queued OUTCOME ISSUED")
    await cancelled(task)
    stand.ledger.fails = lambda _: True
    stand.ledger.release()
    await turns()
    assert kinds(stand) == [("INTENT", "", "")]
    assert ended(stand) == [(Result.REFUSED, "LEDGER_UNAVAILABLE")]


async def test_leaving_while_a_refusal_is_recorded_takes_nothing_back(stand: Stand) -> None:
    stand.ledger.hold()
    task = started(stand, given_world=world(agreements={}))
    await stand.journal.until("queued REFUSED")
    await cancelled(task)
    stand.ledger.release()
    await turns()
    assert kinds(stand) == [("REFUSED", "REFUSED", "NO_AGREEMENT")]
    assert ended(stand) == [(Result.REFUSED, "NO_AGREEMENT")]


# A fault of ours.


async def test_an_adapter_that_breaks_leaves_an_unknown_outcome(stand: Stand) -> None:
    stand.city.told = Broken()
    with pytest.raises(Broken):
        await exchange(call(), world(), stand.ports)
    await stand.journal.until(UNKNOWN)
    await turns()
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]
    assert ended(stand) == [(Result.UNKNOWN, "OUTCOME_UNKNOWN")]


async def test_a_conclusion_that_breaks_leaves_an_unknown_outcome(stand: Stand) -> None:
    with pytest.raises(Broken):
        await exchange(call(), world(tables={("440600", KIND.code): broken_table("inward")}), stand.ports)
    await stand.journal.until(UNKNOWN)
    await turns()
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]
    assert ended(stand) == [(Result.UNKNOWN, "OUTCOME_UNKNOWN")]


async def test_an_outcome_that_cannot_be_written_leaves_an_unknown_one(stand: Stand) -> None:
    stand.city.told = CityAnswer("\ud800", (record(),))
    with pytest.raises(MalformedEntry):
        await exchange(call(), world(), stand.ports)
    await stand.journal.until(UNKNOWN)
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]


async def test_a_system_that_nobody_built_leaves_an_unknown_outcome(stand: Stand) -> None:
    with pytest.raises(KeyError):
        await exchange(call(), world(), replace(stand.ports, adapters={}))
    await stand.journal.until(UNKNOWN)
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "UNKNOWN", "")]


async def test_a_preparation_that_breaks_has_asked_and_recorded_nothing(stand: Stand) -> None:
    with pytest.raises(Broken):
        await exchange(call(), world(tables={("440600", KIND.code): broken_table("outward")}), stand.ports)
    assert stand.journal.lines == []
