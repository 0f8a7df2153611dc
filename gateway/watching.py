"""The waiting room: whoever watches a deferred question waits here until the city has answered, and is told how far it is.

Laws: to look whether there is an answer asks the city nothing and discloses nothing, so it is no exchange and leaves no entry; the answer
itself crosses the corridor like any other. Only who asked, and brings the same question, waits here; what is refused is recorded.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from gateway.exchange import Declined, Ports, Prepared, prepare, resumed, turned_away
from gateway.model.deferral import Deferral, Progress, Stage
from gateway.model.exchange import Call
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import World
from gateway.ports import LateAdapter

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.1, 5.0, 1.5
"""Seconds between two looks."""
_LOOK_SECONDS: Final = 5.0
_PASSES: Final = frozenset({Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT})
"""What may keep us from looking and passes by itself."""


async def watch(call: Call, world: World, ports: Ports) -> AsyncIterator[Progress]:
    """The progress of the deferred question of `call`; ends with ANSWERED, or without when the call's time is up. Raises Refusal."""
    before, kept = await _waiting(call, world, ports)
    yield Progress(kept, Stage.ACCEPTED, kept.asked_at)
    pause, told = _FIRST_PAUSE, False
    while not await _answered(before, ports):
        if not told:
            yield Progress(kept, Stage.WITH_CITY, ports.clock.now())
            told = True
        if ports.clock.now() >= kept.until:
            raise await turned_away(before.known, Refusal(Reason.DEFERRAL_EXPIRED, "the limit came while watching"), world, ports)
        if ports.clock.monotonic() + pause >= call.expires:
            return
        await asyncio.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
    yield Progress(kept, Stage.ANSWERED, ports.clock.now())


async def _waiting(call: Call, world: World, ports: Ports) -> tuple[Prepared, Deferral]:
    """The question as it would be asked now, with its ticket. Raises Refusal, recorded."""
    asked = prepare(call, world)
    if isinstance(asked, Declined):
        raise await turned_away(asked.known, asked.refusal, world, ports)
    found = await resumed(asked, world, ports)
    if isinstance(found, Prepared) and found.deferral:
        return found, found.deferral
    refusal = (
        found if isinstance(found, Refusal) else Refusal(Reason.UNKNOWN_EXCHANGE, "no such question of this caller was deferred")
    )
    raise await turned_away(asked.known, refusal, world, ports)


async def _answered(before: Prepared, ports: Ports) -> bool:
    """Whether there is something to fetch, be it an answer that will be refused."""
    adapter: LateAdapter = ports.adapters[before.request.system]  # type: ignore[assignment]  # it gave the ticket
    try:
        return await adapter.ready(before.request, _LOOK_SECONDS)
    except Refusal as refusal:
        return refusal.reason not in _PASSES
