"""What each page shows: values for its template, from what is watched, configured and recorded.

Laws: what is found in the log is handed on only with the entry that records who searched; nothing typed comes back but
times that read well.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from gateway.console import expiry, searching
from gateway.console.access import Room, Visitor
from gateway.console.charts import Chart, chart
from gateway.console.entry_words import ENTRY_TEXTS
from gateway.console.judging import Light, Subject, rules
from gateway.console.searching import ZONE, Found, NotAsked, Rows, Span
from gateway.console.watching import Watch
from gateway.console.words import Telling
from gateway.ledger.reader import Reader
from gateway.ledger.reading import Log
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.records import Opening
from gateway.model.agreement import Agreement
from gateway.model.catalogue import EvidenceType
from gateway.model.exchange import EntryKind, Fact, Gone, Logged, Recorded
from gateway.model.refusal import Reason
from gateway.model.world import World
from gateway.ports import Clock
from gateway.rpc.status import WORDINGS
from gateway.telemetry.scraped import Latency

SLACK: Final = timedelta(minutes=5)
"""More than any exchange may take, see searching.within."""
_SOON: Final = timedelta(days=30)
_HOUR: Final = timedelta(hours=1)

Recording = Callable[[Mapping[str, Fact]], Awaitable[Recorded]]


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages are made of. `record` makes the entry of a search durable, or raises Refusal, LogUnusable or OSError."""

    watch: Watch
    opening: Opening
    receipts: LogReceipts
    reader: Reader
    record: Recording
    clock: Clock


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: `query` as it was typed, `part` the last part of the path where the page has one."""

    visitor: Visitor
    telling: Telling
    query: Mapping[str, str]
    part: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A template and its values."""

    template: str
    values: Mapping[str, object]
    status: int = 200


class Missing(Exception):  # noqa: N818  named for what was found
    """There is no such page."""


async def overview(console: Console, visit: Visit) -> Page:
    """How everything stands."""
    watch, traffic = console.watch, console.watch.history.traffic()
    values = {
        **_common(console, visit),
        "traffic": traffic,
        "latencies_known": _known(traffic.latencies) if traffic else [],
        "places": watch.loaded.world.limits.in_flight,
        "log_size": watch.log_size,
        "checkpoint_age": watch.history.checkpoint_age(),
        "reasons": {each.name: _meaning(each, visit.telling) for each in Reason},
        **_charts(console, visit, tuple(watch.loaded.world.regions)),
    }
    return Page("overview.html", values)


async def city(console: Console, visit: Visit) -> Page:
    """One city. Raises Missing."""
    watch, code = console.watch, visit.part
    if code not in watch.loaded.world.regions:
        raise Missing
    traffic = watch.history.traffic()
    values = {
        **_common(console, visit),
        "code": code,
        "city_systems": watch.systems(code),
        "city_flows": [each for each in traffic.exchanges if each.name[1] == code] if traffic else [],
        "city_latencies": [each for each in _known(traffic.latencies) if each.region == code] if traffic else [],
        "rules": rules(Subject.CITY),
        "tables": [each for (region, _), each in sorted(watch.loaded.world.tables.items()) if region == code],
        **_charts(console, visit, (code,)),
    }
    return Page("city.html", values)


async def catalogue(console: Console, visit: Visit) -> Page:
    """The kinds of evidence."""
    world = console.watch.loaded.world
    answered = {kind.code: sorted(region for region, code in world.tables if code == kind.code) for kind in world.catalogue}
    return Page("catalogue.html", {**_common(console, visit), "catalogue": list(world.catalogue), "answered": answered})


async def certificates(console: Console, visit: Visit) -> Page:
    """Every certificate, and when it ends."""
    shown = await asyncio.to_thread(expiry.certificates, console.watch.loaded, console.clock.now())
    return Page("certificates.html", {**_common(console, visit), "found": shown})


async def agreements(console: Console, visit: Visit) -> Page:
    """Who may ask what."""
    world, now = console.watch.loaded.world, console.clock.now()
    found = [each for department in world.agreements.values() for each in department]
    shown = [_agreement(each, now, world, visit.telling) for each in sorted(found, key=lambda each: (each.valid_to, each.id))]
    return Page("agreements.html", {**_common(console, visit), "agreements": shown})


async def exchanges(console: Console, visit: Visit) -> Page:
    """The search, one page of what it found, or one exchange. Raises as Console.record, and Refusal where the log is not read."""
    query = visit.query
    try:
        if "id" in query:
            return await _exchange(console, visit, searching.exchange_id(query["id"]))
        if "from" in query or "to" in query:
            wanted = searching.span(query.get("from", ""), query.get("to", ""), query.get("after", ""))
            return await _exchanges(console, visit, wanted)
    except NotAsked as fault:
        return Page("exchanges.html", {**_common(console, visit), **_form(console, None), "fault": str(fault)}, 400)
    return Page("exchanges.html", {**_common(console, visit), **_form(console, None)})


async def found(console: Console, visit: Visit, wanted: str, sought: str) -> tuple[tuple[Logged | Gone, ...], Recorded]:
    """The entries of an exchange, and the entry that says who looked. Raises as `exchanges`."""
    entries = await console.receipts.find(wanted)
    facts: dict[str, Fact] = {"sought": sought, "sought_exchange": wanted, "found": len(entries), **_searcher(visit)}
    return entries, await console.record(facts)


async def _exchange(console: Console, visit: Visit, wanted: str) -> Page:
    all_, act = await found(console, visit, wanted, "exchange")
    entries = [each for each in all_ if isinstance(each, Logged)]
    world = console.watch.loaded.world
    values = {
        **_common(console, visit),
        "id": wanted,
        "act_index": act.index,
        "entries": [_entry(each, visit.telling, world) for each in entries],
        "gone": len(all_) - len(entries),
        "has_receipt": any(each.entry.kind is not EntryKind.INTENT for each in entries),
    }
    return Page("exchange.html", values, 200 if all_ else 404)


async def _exchanges(console: Console, visit: Visit, wanted: Span) -> Page:
    rows: Rows = await console.reader.read(console.opening, partial(_within, wanted=wanted))
    bounds = {"period_start": wanted.first.isoformat(), "period_end": wanted.last.isoformat()}
    facts: dict[str, Fact] = {"sought": "period", **bounds, "found": len(rows.rows), **_searcher(visit)}
    act = await console.record(facts)
    values = {
        **_common(console, visit),
        **_form(console, wanted),
        "rows": [_row(each) for each in rows.rows],
        "act_index": act.index,
        "more": _next(wanted, rows),
    }
    return Page("exchanges.html", values)


def _within(log: Log, wanted: Span) -> Rows:
    return searching.within(log, wanted, SLACK)


def _searcher(visit: Visit) -> dict[str, Fact]:
    return {"searcher": visit.visitor.uri, "searcher_role": visit.visitor.role.value}


def _next(wanted: Span, rows: Rows) -> str:
    if rows.after is None:
        return ""
    return "/exchanges?" + urlencode({"from": _typed(wanted.first), "to": _typed(wanted.last), "after": rows.after})


def _form(console: Console, wanted: Span | None) -> dict[str, object]:
    now = console.clock.now()
    first, last = (wanted.first, wanted.last) if wanted else (now - _HOUR, now + timedelta(minutes=1))
    return {"first": _typed(first), "last": _typed(last), "fault": "", "rows": None, "more": "", "act_index": ""}


def _typed(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def _common(console: Console, visit: Visit) -> dict[str, object]:
    watch = console.watch
    world = watch.loaded.world
    return {
        "now": console.clock.now(),
        "behind": watch.is_behind,
        "edition": watch.edition or world.edition,
        "standings": {name: each for name, each in watch.standings.items() if _may_know(name, visit)},
        "regions": {code: _in(visit, each.zh, each.en) for code, each in world.regions.items()},
        "types": _types(world, visit),
    }


def _may_know(name: str, visit: Visit) -> bool:
    return name != Subject.CERTIFICATES or visit.visitor.may_enter(Room.CERTIFICATES)


def _types(world: World, visit: Visit) -> dict[str, str]:
    return {name: _in(visit, each.zh, each.en) for each in world.catalogue for name in (each.code, each.alias)}


def _in(visit: Visit, zh: str, en: str) -> str:
    return zh if visit.telling.language == "zh" else en


def _meaning(reason: Reason, telling: Telling) -> str:
    return WORDINGS[reason].zh if telling.language == "zh" else WORDINGS[reason].cause


def _charts(console: Console, visit: Visit, codes: Sequence[str]) -> dict[str, object]:
    points, regions = console.watch.history.points, console.watch.loaded.world.regions
    moments = [each.at for each in points]
    named = {f"{number}": code for number, code in enumerate(codes, 1)}
    rates = [(name, [each.rates.get(code, 0.0) if each.up else None for each in points]) for name, code in named.items()]
    whole = [(name, [_ms(each.p99.get(code)) for each in points]) for name, code in named.items()]
    parts = [(f"{name}-city", [_ms(each.city_p99.get(code)) for each in points]) for name, code in named.items()]
    names = {name: _in(visit, regions[code].zh, regions[code].en) for name, code in named.items()}
    parts_named = {f"{name}-city": f"{each} ({visit.telling('chart.city-part')})" for name, each in names.items()}
    made: dict[str, Chart] = {"rates": chart(moments, rates), "latency": chart(moments, [*whole, *parts])}
    return {**made, "chart_names": {**names, **parts_named}}


def _known(latencies: Sequence[Latency]) -> list[Latency]:
    """Those of regions that anything ended of."""
    return [each for each in latencies if not math.isnan(each.p50)]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None or math.isnan(seconds) else seconds * 1000


def _agreement(agreement: Agreement, now: datetime, world: World, telling: Telling) -> dict[str, object]:
    light, term = _term(agreement, now)
    grants = [
        {"evidence_type": each.evidence_type, "names": _names(each.fields, world.catalogue.find(each.evidence_type), telling)}
        for each in agreement.grants.values()
    ]
    return {"agreement": agreement, "light": light, "term": term, "grants": grants}


def _names(fields: frozenset[str], kind: EvidenceType | None, telling: Telling) -> str:
    known = kind.fields if kind else {}
    chinese = telling.language == "zh"
    named = ((known[each].zh if chinese else known[each].en) if each in known else each for each in sorted(fields))
    return ("、" if chinese else ", ").join(named)


def _term(agreement: Agreement, now: datetime) -> tuple[Light, str]:
    if now >= agreement.valid_to:
        return Light.RED, "ended"
    if now < agreement.valid_from:
        return Light.UNKNOWN, "coming"
    return (Light.AMBER, "ending") if agreement.valid_to - now < _SOON else (Light.GREEN, "now")


def _row(each: Found) -> dict[str, object]:
    facts = {**each.begun.entry.facts, **(each.ended.entry.facts if each.ended else {})}
    pending = "PENDING" if each.begun.entry.kind is EntryKind.INTENT else ""
    return {
        "at": each.begun.entry.at,
        "id": each.begun.entry.exchange_id,
        "department": facts.get("caller_department_name") or facts.get("caller_department", ""),
        "region": facts.get("provider_region", ""),
        "type": facts.get("evidence_type", ""),
        "result": facts.get("result") or facts.get("act") or pending,
        "reason": facts.get("reason", ""),
    }


def _entry(logged: Logged, telling: Telling, world: World) -> dict[str, object]:
    entry = logged.entry
    reason = next((each for each in Reason if each.name == entry.facts.get("reason")), None)
    return {
        "kind": entry.kind,
        "index": logged.recorded.index,
        "at": entry.at,
        "meaning": _meaning(reason, telling) if reason else "",
        "facts": [(telling.or_itself("fact.", name), _told(name, each, telling, world)) for name, each in _facts(logged)],
        "leaf_hash": logged.recorded.leaf_hash.hex(),
    }


def _facts(logged: Logged) -> list[tuple[str, Fact]]:
    """In the order of their texts; what has none comes last."""
    there = [(name, value) for name, value in logged.entry.facts.items() if value not in ("", ())]
    return sorted(there, key=lambda each: _ORDER.get(each[0], len(_ORDER)))


_ORDER: Final = {name.removeprefix("fact."): place for place, name in enumerate(ENTRY_TEXTS)}
_MOMENTS: Final = frozenset({"request_in", "request_out", "response_in", "period_start", "period_end"})
_CODED: Final[Mapping[str, str]] = {"result": "result.", "blame": "blame.", "legal_basis": "basis.", "holder_type": "holder."}


def _told(name: str, value: Fact, telling: Telling, world: World) -> str:
    chinese = telling.language == "zh"
    text = ("、" if chinese else ", ").join(value) if isinstance(value, tuple) else str(value)
    if name in _MOMENTS:
        return _local(text)
    if name in _CODED:
        return telling.or_itself(_CODED[name], text)
    if name in ("provider_region", "caller_region") and text in world.regions:
        return f"{world.regions[text].zh if chinese else world.regions[text].en} ({text})"
    if name == "evidence_type" and (kind := world.catalogue.find(text)):
        return f"{kind.zh if chinese else kind.en} ({text})"
    return text


def _local(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(ZONE).isoformat(" ", timespec="milliseconds")
    except ValueError:
        return text
