"""The corridor: one question crosses to the other city and comes back answered, or is refused, and either way is recorded.

Laws: nothing is asked before it is recorded, nothing is disclosed before it is recorded, and what cannot be recorded is not answered;
whatever ends an exchange after its intent, its outcome is written, and once. An exchange keeps the World and the moment that it began
with. Steps 1 to 5 and 7 to 9 are pure; there are three awaits.
"""

import asyncio
from asyncio import Future
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from gateway.model.city import CityAnswer, CityRequest
from gateway.model.exchange import Asked, Call, Disclosure, Ended, Entry, Known, Recorded, Result, Route, Sealed
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import World
from gateway.ports import CityAdapter, Clock, Ledger, Meter
from gateway.stages import seal
from gateway.stages.authorise import authorise
from gateway.stages.disclose import disclose
from gateway.stages.identify import identify
from gateway.stages.route import route
from gateway.stages.translate import inward, outward


@dataclass(frozen=True, slots=True)
class Ports:
    """What the corridor needs of the world outside. `adapters` by the name that tables call their system."""

    adapters: Mapping[str, CityAdapter]
    ledger: Ledger
    clock: Clock
    meter: Meter


@dataclass(frozen=True, slots=True)
class Prepared:
    """Steps 1 to 5 done: a question for the city, and the entry to record before it is asked."""

    known: Known
    route: Route
    request: CityRequest
    entry: Entry


@dataclass(frozen=True, slots=True)
class Concluded:
    """Steps 7 to 9 done: what the caller may see, and the entry to record before it leaves."""

    disclosure: Disclosure
    city_status: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal and its entry."""

    known: Known
    refusal: Refusal
    entry: Entry


async def exchange(call: Call, world: World, ports: Ports) -> Sealed:
    """One exchange. Raises Refusal, recorded; any other exception is our fault, and recorded if the city may have been asked."""
    before = prepare(call, world)
    if isinstance(before, Declined):
        raise await _refuse(before, ports.ledger.append(before.entry), ports)
    intent = await _intend(before, world, ports)
    with _owing(before, ports):
        request_out = ports.clock.now()
        told = await _ask(before, call.expires - world.limits.answer_margin, ports)
        asked = Asked(request_out, ports.clock.now())
        after = conclude(before, told, asked, world)
        queued = ports.ledger.append(after.entry)
    if isinstance(after, Declined):
        raise await _refuse(after, queued, ports, asked)
    outcome = await _seal(before, queued, ports, asked)
    ports.meter.ended(_ended(before.known, after.disclosure.result, None, ports.clock.now(), asked))
    return Sealed(before.route, call, after.disclosure, after.city_status, asked, ports.clock.now(), intent, outcome)


def prepare(call: Call, world: World) -> Prepared | Declined:
    """Steps 1 to 5: who asks, may they, where to, in which words, and what is written down first."""
    known = Known(call)
    try:
        known = Known(call, caller := identify(call.peer, world.trust, call.received))
        known = Known(call, caller, query := call.question())
        known = Known(call, caller, query, permit := authorise(caller, query, world, call.received))
        known = Known(call, caller, query, permit, way := route(permit, world))
        request = outward(way)
    except Refusal as refusal:
        return Declined(known, refusal, seal.decline(known, refusal, call.received, world, intended=False))
    return Prepared(known, way, request, seal.intend(known, world))


def conclude(before: Prepared, told: CityAnswer | Refusal, asked: Asked, world: World) -> Concluded | Declined:
    """Steps 7 to 9: what the city meant, what of it this caller may see, and what is written down first."""
    known, way = before.known, before.route
    try:
        if isinstance(told, Refusal):
            raise told
        disclosure = disclose(inward(told, way, strict=world.strict_identifiers), way.permit)
    except Refusal as refusal:
        return Declined(known, refusal, seal.decline(known, refusal, asked.response_in, world, intended=True))
    return Concluded(disclosure, told.status, seal.conclude(known, disclosure, told, asked, world, intent=before.entry))


async def _intend(before: Prepared, world: World, ports: Ports) -> Recorded:
    """Waits until the intent is durable. A caller who leaves meanwhile leaves an intent, so its outcome is written too."""
    queued = ports.ledger.append(before.entry)
    try:
        return await asyncio.shield(queued)
    except asyncio.CancelledError:
        queued.add_done_callback(lambda done: None if done.cancelled() or done.exception() else _abandon(before, ports))
        raise
    except Refusal as refusal:
        entry = seal.decline(before.known, refusal, before.known.call.received, world, intended=False)
        raise await _refuse(Declined(before.known, refusal, entry), ports.ledger.append(entry), ports) from None


async def _ask(before: Prepared, until: float, ports: Ports) -> CityAnswer | Refusal:
    """What the city said, or why it said nothing. `until` on Clock.monotonic: the rest is ours, for recording."""
    seconds = until - ports.clock.monotonic()
    if seconds <= 0:
        return Refusal(Reason.LEDGER_UNAVAILABLE, "the intent was durable too late to ask the city in time")
    try:
        async with asyncio.timeout(seconds):
            return await ports.adapters[before.request.system].ask(before.request, seconds)
    except Refusal as refusal:
        return refusal
    except TimeoutError:
        return Refusal(Reason.CITY_TIMEOUT, "the city did not answer before the caller's deadline less our margin")


@contextmanager
def _owing(before: Prepared, ports: Ports) -> Iterator[None]:
    """From the intent until an outcome is queued: whatever ends the exchange in between, the UNKNOWN one is written."""
    try:
        yield
    except BaseException:
        _abandon(before, ports)
        raise


def _abandon(before: Prepared, ports: Ports) -> None:
    """Writes the UNKNOWN outcome of an exchange that ends between its two entries, and waits for nobody."""
    now = ports.clock.now()
    written = ports.ledger.append(seal.unknown(before.known.call.exchange_id, "the exchange ended before its outcome", now))
    written.add_done_callback(lambda done: done.cancelled() or done.exception())
    ports.meter.ended(_ended(before.known, Result.UNKNOWN, Reason.OUTCOME_UNKNOWN, now, None))


async def _seal(before: Prepared, queued: Future[Recorded], ports: Ports, asked: Asked) -> Recorded:
    """Waits until the outcome is durable. Raises the log's refusal, with which the answer ends here."""
    try:
        return await asyncio.shield(queued)
    except Refusal as unrecorded:
        ports.meter.ended(_ended(before.known, Result.REFUSED, unrecorded.reason, ports.clock.now(), asked))
        raise


async def _refuse(declined: Declined, queued: Future[Recorded], ports: Ports, asked: Asked | None = None) -> Refusal:
    """Waits until the refusal is durable and hands it back; if it cannot be recorded, the refusal is the log's."""
    refusal = declined.refusal
    try:
        await asyncio.shield(queued)
    except Refusal as unrecorded:
        refusal = unrecorded
    ports.meter.ended(_ended(declined.known, Result.REFUSED, refusal.reason, ports.clock.now(), asked))
    return refusal


def _ended(known: Known, result: Result, reason: Reason | None, now: datetime, asked: Asked | None) -> Ended:
    return Ended(
        exchange_id=known.call.exchange_id,
        evidence_type=known.permit.type.alias if known.permit else seal.OTHER,
        region=known.permit.query.provider_region if known.permit else seal.OTHER,
        department=known.caller.department if known.caller else seal.OTHER,
        system=known.caller.system if known.caller else seal.OTHER,
        agreement=known.permit.agreement.id if known.permit else "",
        result=result,
        reason=reason.name if reason else "",
        blame=reason.blame.value if reason else "",
        seconds=(now - known.call.received).total_seconds(),
        city_seconds=(asked.response_in - asked.request_out).total_seconds() if asked else 0.0,
    )
