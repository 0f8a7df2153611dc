"""A whole exchange in tests: the ports that it walks through, how it may end, and what it left behind."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.exchange import exchange
from gateway.model.city import CityAnswer
from gateway.model.exchange import Asked, Call, Entry, EntryKind, Result, Sealed
from gateway.model.refusal import Reason, Refusal
from gateway.model.table import Table
from gateway.model.world import World
from tests.gateway.fakes import Stand
from tests.gateway.stages.builders import (
    EPOCH,
    NOW,
    call,
    table,
    world,
)

ASKED = Asked(NOW + timedelta(milliseconds=20), NOW + timedelta(milliseconds=140), EPOCH + 0.02, EPOCH + 0.14)
NO_RECORD = CityAnswer("01", no_record=True)
CITY_REFUSES = Refusal(Reason.CITY_REFUSED, "f2: the city refuses the question", city_status="E17")
MALFORMED = Refusal(Reason.INVALID_REQUEST, "at fault: purpose")
LATE = Refusal(Reason.LEDGER_UNAVAILABLE, "the intent was durable too late to ask the city in time")
UNWRITTEN = Refusal(Reason.LEDGER_UNAVAILABLE, "the evidence log could not be written: full disk")
UNKNOWN = "durable OUTCOME UNKNOWN"
WHOLE = [
    "queued INTENT",
    "durable INTENT",
    "asked",
    "told",
    "queued OUTCOME ISSUED",
    "durable OUTCOME ISSUED",
]
PATIENCE = 60.0
"""Seconds until an exchange that does not end fails its test."""
TURNS = 64
"""Turns of the event loop in which whatever was started, and should not go on, would have gone on."""


class Broken(Exception):  # noqa: N818 - a bug of ours, played
    """Whatever no part of the corridor expects."""


def breaking(_: object) -> Any:
    raise Broken


def broken_table(way: str) -> Table:
    return replace(table(), **{way: (("number", breaking),)})


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """The ports of one test; afterwards no exception may have been lost in a future that nobody looked at."""
    lost: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    gc.freeze()  # what other tests have lost is not ours, and is not collected meanwhile
    loop.set_exception_handler(lambda _, context: lost.append(context))
    try:
        yield Stand()
        gc.collect()
        await turns()
    finally:
        loop.set_exception_handler(before)
        gc.unfreeze()
    assert lost == []


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def declined(stand: Stand, asked: Call | None = None, given_world: World | None = None) -> Refusal:
    with pytest.raises(Refusal) as refused:
        async with asyncio.timeout(PATIENCE):
            await exchange(asked or call(), given_world or world(), stand.ports)
    return refused.value


def started(stand: Stand, asked: Call | None = None, given_world: World | None = None) -> asyncio.Task[Sealed]:
    return asyncio.create_task(exchange(asked or call(), given_world or world(), stand.ports))


async def cancelled(task: asyncio.Task[Sealed]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def kinds(stand: Stand) -> list[tuple[str, str, str]]:
    facts = ((each, each.facts.get("result", ""), each.facts.get("reason", "")) for each in stand.ledger.entries)
    return [(each.kind.value, str(result), str(reason)) for each, result, reason in facts]


def ended(stand: Stand) -> list[tuple[Result, str]]:
    return [(each.result, each.reason) for each in stand.meter.all]


def is_intent(entry: Entry) -> bool:
    return entry.kind is EntryKind.INTENT
