"""The corridor: one question crosses to the other city and comes back answered, or is refused, and either way is recorded.

Laws: nothing is asked before it is recorded, nothing is disclosed before it is recorded, and what cannot be recorded is not answered;
whatever ends an exchange after its intent, its outcome is written, and once; what is written of an end is counted. An exchange keeps
the World and the moment that it began with. Steps 1 to 5 and 7 to 9 are pure; there are three awaits, and a fourth where a file has to be
weighed. Before either half an exchange waits a moment for others that have come as far (gateway.cohort).
"""

import asyncio
from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from gateway.cohort import Cohort
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.deferral import Deferral
from gateway.model.exchange import Asked, Call, Disclosure, Ended, Entry, Known, Recorded, Result, Route, Sealed
from gateway.model.refusal import Reason, Refusal
from gateway.model.world import World
from gateway.ports import CityAdapter, Clock, Deferrals, Ledger, Meter
from gateway.stages import seal
from gateway.stages.authorise import authorise
from gateway.stages.disclose import disclose
from gateway.stages.identify import identify
from gateway.stages.route import route
from gateway.stages.settle import settle
from gateway.stages.translate import inward, outward, presenting
from gateway.weighing import weighed

_GRACE: Final = 0.1
"""Seconds beyond an adapter's time before it is stopped: more than a busy event loop is late, and of the answer's margin half at most."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the corridor needs of the world outside, `adapters` by the name that tables call their system.

    Besides, who walks it beside us: who has arrived, whom the city has answered.
    """

    adapters: Mapping[str, CityAdapter]
    ledger: Ledger
    clock: Clock
    meter: Meter
    deferrals: Deferrals
    arrived: Cohort = field(default_factory=Cohort)
    answered: Cohort = field(default_factory=Cohort)


class Prepared(NamedTuple):
    """Steps 1 to 5 done: a question for the city, and the entry to record before it is asked. `deferral` where it was asked before."""

    known: Known
    route: Route
    request: CityRequest
    entry: Entry
    deferral: Deferral | None = None


class Concluded(NamedTuple):
    """Steps 7 to 9 done: what the caller may see, and the entry to record before it leaves."""

    disclosure: Disclosure
    city_status: str
    entry: Entry


class Declined(NamedTuple):
    """A refusal and its entry."""

    known: Known
    refusal: Refusal
    entry: Entry


async def exchange(call: Call, world: World, ports: Ports) -> Sealed:
    """One exchange. Raises Refusal, recorded; any other exception is our fault, and recorded if the city may have been asked."""
    await ports.arrived.gathered()
    before = prepare(call, world)
    if isinstance(before, Declined):
        raise await _refuse(before, ports.ledger.append(before.entry), ports)
    before, intent = await _intend(before, world, ports)
    try:
        request_out, sent = ports.clock.now(), ports.clock.monotonic()
        until = min(call.expires, sent + world.limits.maximum_deadline) - world.limits.answer_margin
        told = await _ask(before, until, world, ports)
        if before.request.files and isinstance(told, CityAnswer):
            told = await _weigh(before, told, world, ports)
        told = settle(told, before.request)
        asked = Asked(request_out, ports.clock.now(), sent, ports.clock.monotonic())
        if isinstance(told, CityTicket):
            before, told = await _defer(before, told, asked, world, ports)
        await _in_step(ports.answered)
        after = conclude(before, told, asked, world)
        queued = ports.ledger.append(after.entry)
    except BaseException:  # from the intent until an outcome is queued, whatever ends the exchange in between
        _abandon(before, ports)
        raise
    if isinstance(after, Declined):
        raise await _refuse(after, queued, ports, asked)
    outcome = await _recorded(queued, before.known, after.disclosure.result, None, ports, asked)
    sealed_at = ports.clock.now()
    return Sealed(before.route, call, after.disclosure, after.city_status, asked, sealed_at, intent, outcome, before.deferral)


def prepare(call: Call, world: World) -> Prepared | Declined:
    """Steps 1 to 5: who asks, may they, where to, in which words, and what is written down first."""
    caller = query = permit = way = None
    try:
        caller = identify(call.peer, world.trust, call.received)
        query = call.question()
        permit = authorise(caller, query, world, call.received)
        way = route(permit, world)
        request = outward(way)
    except Refusal as refusal:
        known = Known(call, caller, query, permit, way)
        return Declined(known, refusal, seal.decline(known, refusal, call.received, world, intended=False))
    known = Known(call, caller, query, permit, way)
    return Prepared(known, way, request, seal.intend(known, world))


def conclude(before: Prepared, told: CityAnswer | CityTicket | Refusal, asked: Asked, world: World) -> Concluded | Declined:
    """Steps 7 to 9: what the city meant, what of it this caller may see, and what is written down first."""
    known, way = before.known, before.route
    try:
        if isinstance(told, Refusal):
            raise told
        holder = None
        if isinstance(told, CityTicket):
            disclosure = Disclosure((), (), deferred=True)
        else:
            evidence = inward(told, way, strict=world.strict_identifiers)
            holder, disclosure = presenting.shower(evidence, told, way), disclose(evidence, way.permit)
    except Refusal as refusal:
        return Declined(known, refusal, seal.decline(known, refusal, asked.response_in, world, intended=True))
    entry = seal.conclude(known, disclosure, told, asked, world, intent=before.entry, shower=holder)
    return Concluded(disclosure, told.status, entry)


async def _intend(before: Prepared, world: World, ports: Ports) -> tuple[Prepared, Recorded]:
    """Waits until the intent is durable. Who asks again what was deferred intends to fetch it, and is not asking anew."""
    try:
        return before, await _begun(before, ports)
    except Refusal as refusal:
        refused = refusal
    found = await resumed(before, world, ports) if refused.reason is Reason.REPLAYED_REQUEST else None
    try:
        if isinstance(found, Prepared):
            return found, await _begun(found, ports)
    except Refusal as refusal:
        refused = refusal
    raise await turned_away(before.known, found if isinstance(found, Refusal) else refused, world, ports)


async def _begun(before: Prepared, ports: Ports) -> Recorded:
    """The intent, durable. A caller who leaves meanwhile leaves an intent, so its outcome is written too."""
    queued = ports.ledger.append(before.entry)
    try:
        return await asyncio.shield(queued)
    except asyncio.CancelledError:
        queued.add_done_callback(lambda done: None if done.cancelled() or done.exception() else _abandon(before, ports))
        raise


async def resumed(before: Prepared, world: World, ports: Ports) -> Prepared | Refusal | None:
    """The same exchange, fetching what this very caller asked before and the city deferred. None where there is no such question."""
    try:
        kept = await ports.deferrals.find(before.entry.replay_key)
    except Refusal as refusal:
        return refusal
    if kept is None or not seal.is_same(kept, before.known, world):
        return None
    if before.known.call.received >= kept.until:
        return Refusal(Reason.DEFERRAL_EXPIRED, "the city has not answered within the limit")
    if (kept.system, kept.operation) != (before.request.system, before.request.operation):
        return Refusal(Reason.DEFERRAL_EXPIRED, "the table asks another system now, which gave no ticket")
    request = replace(before.request, ticket=kept.ticket)
    return before._replace(request=request, entry=seal.intend(before.known, world, kept), deferral=kept)


async def turned_away(known: Known, refusal: Refusal, world: World, ports: Ports) -> Refusal:
    """The refusal of a call that intends nothing, once it is recorded."""
    entry = seal.decline(known, refusal, known.call.received, world, intended=False)
    return await _refuse(Declined(known, refusal, entry), ports.ledger.append(entry), ports)


async def _defer(
    before: Prepared, told: CityTicket, asked: Asked, world: World, ports: Ports
) -> tuple[Prepared, CityTicket | Refusal]:
    """Keeps the ticket, unless it is kept already: what its caller could not fetch is not promised."""
    if before.deferral:
        return before, told
    if before.known.query is not None and before.known.query.claims:
        return before, Refusal(Reason.CITY_TIMEOUT, "the city answers later, and a verification is not waited for")
    kept = seal.deferral(before.known, told, asked.response_in, world, intent=before.entry)
    try:
        await ports.deferrals.keep(kept)
    except Refusal as refusal:
        return before, refusal
    return before._replace(deferral=kept), told


async def _ask(before: Prepared, until: float, world: World, ports: Ports) -> CityAnswer | CityTicket | Refusal:
    """What the city said, or why it said nothing. `until` on Clock.monotonic: the rest is ours, for recording.

    Adapters keep the time themselves, for they know whether the city was asked at all; one that does not is stopped a little later.
    """
    seconds = until - ports.clock.monotonic()
    if seconds <= 0:
        return Refusal(Reason.LEDGER_UNAVAILABLE, "the intent was durable too late to ask the city in time")
    try:
        async with asyncio.timeout(seconds + min(_GRACE, world.limits.answer_margin / 2)):
            return await ports.adapters[before.request.system].ask(before.request, seconds)
    except Refusal as refusal:
        return refusal
    except TimeoutError:
        return Refusal(Reason.CITY_TIMEOUT, "the city did not answer before the caller's deadline less our margin")


async def _weigh(before: Prepared, told: CityAnswer, world: World, ports: Ports) -> CityAnswer | Refusal:
    """What the city said of a download, with the digest of the file that is meant; or why there is none."""
    seconds = before.known.call.expires - ports.clock.monotonic() - world.limits.answer_margin
    source = ports.adapters[before.request.system]
    try:
        return await weighed(told, before.request, before.route, source, seconds, strict=world.strict_identifiers)
    except Refusal as refusal:
        return refusal


async def _in_step(cohort: Cohort) -> None:
    """Waits for the others who were answered. What the city has said is concluded and recorded also where the caller leaves meanwhile."""
    try:
        await cohort.gathered()
    except asyncio.CancelledError:
        # Ends the exchange at its next await, which is for the outcome.
        if task := asyncio.current_task():
            task.uncancel()
            task.cancel()


def _abandon(before: Prepared, ports: Ports) -> None:
    """Writes the UNKNOWN outcome of an exchange that ends between its two entries, and waits for nobody."""
    now = ports.clock.now()
    written = ports.ledger.append(seal.unknown(before.known.call.exchange_id, "the exchange ended before its outcome", now))
    written.add_done_callback(lambda done: done.cancelled() or done.exception())
    ports.meter.ended(_ended(before.known, Result.UNKNOWN, Reason.OUTCOME_UNKNOWN, ports.clock, None))


async def _refuse(declined: Declined, queued: Future[Recorded], ports: Ports, asked: Asked | None = None) -> Refusal:
    """Waits until the refusal is durable and hands it back; if it cannot be recorded, the refusal is the log's."""
    refusal = declined.refusal
    try:
        await _recorded(queued, declined.known, Result.of(refusal), refusal.reason, ports, asked)
    except Refusal as unrecorded:
        return unrecorded
    return refusal


async def _recorded(  # noqa: PLR0917  an end has as many parts
    queued: Future[Recorded], known: Known, result: Result, reason: Reason | None, ports: Ports, asked: Asked | None
) -> Recorded:
    """Waits until the end of an exchange is durable, and counts it, also where its caller leaves meanwhile.

    Raises the log's refusal, with which the exchange ends here.
    """

    def count(done: Future[Recorded]) -> None:
        unrecorded = None if done.cancelled() else done.exception()
        ended = (Result.of(unrecorded), unrecorded.reason) if isinstance(unrecorded, Refusal) else (result, reason)
        ports.meter.ended(_ended(known, *ended, ports.clock, asked))

    try:
        recorded = await asyncio.shield(queued)
    except asyncio.CancelledError:
        queued.add_done_callback(count)
        raise
    except Refusal:
        count(queued)
        raise
    count(queued)
    return recorded


def _ended(known: Known, result: Result, reason: Reason | None, clock: Clock, asked: Asked | None) -> Ended:
    now, call = clock.monotonic(), known.call
    return Ended(
        exchange_id=call.exchange_id,
        evidence_type=known.permit.type.alias if known.permit else seal.OTHER,
        region=known.permit.query.provider_region if known.permit else seal.OTHER,
        department=known.caller.department if known.caller else seal.OTHER,
        system=known.caller.system if known.caller else seal.OTHER,
        agreement=known.permit.agreement.id if known.permit else "",
        result=result,
        reason=reason.name if reason else "",
        blame=reason.blame.value if reason else "",
        seconds=now - call.arrived,
        city_seconds=asked.answered - asked.sent if asked else 0.0,
        before_seconds=asked.sent - call.arrived if asked else 0.0,
        after_seconds=now - asked.answered if asked else 0.0,
        time_left=max(0.0, call.expires - now),
    )
