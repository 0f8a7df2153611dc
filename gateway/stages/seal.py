"""What the evidence log holds: an INTENT before the city is asked, an OUTCOME before the answer leaves, a search, an operator's act.

Laws: no payload and no personal data; a holder and a returned identifier are HMACs under a key kept outside the log, question and answer
under a key that the caller alone keeps; what a caller wrote freely stands in an entry only where the codec has bounded it, and a name that
we do not know is `_other`.
Source: Network Data Security Regulations Art. 12; Data Security Law Art. 40; GB/T 22239 8.1.4.3.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from gateway.model import binding
from gateway.model.act import ACT, Act, Actor
from gateway.model.agreement import Hidden
from gateway.model.catalogue import EvidenceType
from gateway.model.city import CityAnswer, CityTicket
from gateway.model.deferral import Deferral
from gateway.model.evidence import Value
from gateway.model.exchange import (
    BY_CODE,
    HOLDER,
    HOLDER_KEY,
    NAMED_BY,
    Asked,
    Disclosure,
    Entry,
    EntryKind,
    Fact,
    Known,
    Permit,
    Result,
    Route,
)
from gateway.model.identity import Caller
from gateway.model.query import Holder, LegalBasis, Purpose, Query
from gateway.model.refusal import Refusal
from gateway.model.usage import FOR_GOOD, SEARCH, Page, Searching
from gateway.model.world import HolderKey, World

OTHER = "_other"


def intend(known: Known, world: World, resumes: Deferral | None = None) -> Entry:
    """The entry without which nothing is asked. `known` must have come to its route.

    With `resumes` it fetches what was asked before: the city is not asked anew, so nothing is replayed.
    """
    if known.caller is None or known.query is None or known.route is None:
        raise RuntimeError("an exchange intends nothing before it has a route")
    facts = _facts(known, world)
    # The question as only who has it and the exchange's binding key can recognise it; the outcome says it again.
    facts[binding.REQUEST_DIGEST] = binding.request_digest(known.call.binding_key, known.query)
    key = f"{known.caller.uri}#{known.query.request_id}"
    if resumes:
        facts["resumes"], key = resumes.exchange_id, ""
    return Entry(EntryKind.INTENT, known.call.exchange_id, known.call.received, MappingProxyType(facts), key)


def deferral(known: Known, told: CityTicket, now: datetime, world: World, *, intent: Entry) -> Deferral:
    """What is kept of a question that the city answers later."""
    if known.query is None or known.route is None:
        raise RuntimeError("nothing is deferred before it was asked")
    key, table = world.holder_key, known.route.table
    until = now + timedelta(seconds=world.limits.deferred)
    digest = _digest(key, known.query)
    exchange = known.call.exchange_id
    return Deferral(intent.replay_key, exchange, digest, key.id, table.system, known.route.operation, told.ticket, now, until)


def is_same(kept: Deferral, known: Known, world: World) -> bool:
    """Whether the question is the one that was deferred, to the letter."""
    key = next((each for each in world.holder_keys if each.id == kept.digest_key), None)
    return key is not None and known.query is not None and hmac.compare_digest(kept.digest, _digest(key, known.query))


def conclude(
    known: Known,
    disclosure: Disclosure,
    answer: CityAnswer | CityTicket,
    asked: Asked,
    world: World,
    *,
    intent: Entry,
    shower: Holder | None = None,
) -> Entry:
    """The entry without which nothing is disclosed, after the exchange's `intent`. Its own moment is when the answer may leave.

    `shower` is whom the city named of a question by a code: the intent could not name them.
    """
    result = disclosure.result.value
    facts: dict[str, Fact] = {
        "result": result,
        "fields": disclosure.fields,
        binding.REQUEST_DIGEST: intent.facts[binding.REQUEST_DIGEST],
        binding.ANSWER_DIGEST: binding.answer_digest(known.call.binding_key, result, _told(disclosure)),
        **(_issued(disclosure, answer, world) if not disclosure.verdicts else {}),
        **(_of_whom(shower, world.holder_key) if shower else {}),
        "request_out": _moment(asked.request_out),
        "response_in": _moment(asked.response_in),
    }
    return Entry(EntryKind.OUTCOME, known.call.exchange_id, asked.response_in, MappingProxyType(facts))


def _issued(disclosure: Disclosure, answer: CityAnswer | CityTicket, world: World) -> dict[str, Fact]:
    """What a verification's entry leaves out: it would tell the holder of the receipt more than the verdicts do."""
    papers = tuple(_identifier(world.holder_key, each.values) for each in disclosure.evidence)
    return {"city_status": answer.status, "evidence": papers}


def _told(disclosure: Disclosure) -> Sequence[object]:
    """The answer as its digest binds it. A verdict is personal data as a value is, so only its digest stands in the log."""
    if disclosure.file:
        return [binding.file(disclosure.file)]
    if disclosure.verdicts:
        return [binding.verdict(*each) for each in disclosure.verdicts]
    return disclosure.evidence


def decline(known: Known, refusal: Refusal, now: datetime, world: World, *, intended: bool) -> Entry:
    """The entry of a refusal: the only one of a call refused at once, the outcome of one that was intended."""
    facts = {} if intended else _facts(known, world)
    facts |= _refused(refusal)
    kind = EntryKind.OUTCOME if intended else EntryKind.REFUSED
    return Entry(kind, known.call.exchange_id, now, MappingProxyType(facts))


def unknown(exchange_id: str, cause: str, now: datetime) -> Entry:
    """The outcome of an exchange that ended in the middle: it was intended, and nobody knows what the city did."""
    return Entry(EntryKind.OUTCOME, exchange_id, now, MappingProxyType({"result": Result.UNKNOWN.value, "detail": cause}))


def searched(searching: Searching, page: Page, now: datetime, world: World) -> Entry:
    """The entry without which a search discloses nothing. `searching` must have come to its right."""
    if searching.right is None:
        raise RuntimeError("a search finds nothing before it has a right")
    facts = _search_facts(searching, world) | {"found": page.total, "shown": len(page.looks)}
    return Entry(EntryKind.ACT, searching.search.exchange_id, now, MappingProxyType(facts))


def search_declined(searching: Searching, refusal: Refusal, now: datetime, world: World) -> Entry:
    """The entry of a search that was refused."""
    facts = _search_facts(searching, world) | _refused(refusal)
    return Entry(EntryKind.REFUSED, searching.search.exchange_id, now, MappingProxyType(facts))


def act(what: Act, by: Actor, act_id: str, now: datetime, facts: Mapping[str, Fact]) -> Entry:
    """The entry of an operator's act. `facts` are the act's own, without persons and without secrets."""
    own: dict[str, Fact] = {ACT: what.value, "operator": by.operator, "os_user": by.os_user, "host_role": by.role.value}
    if own.keys() & facts.keys():
        raise RuntimeError("an act's own facts do not say who did it, or what")
    return Entry(EntryKind.ACT, act_id, now, MappingProxyType({**facts, **own}))


def _refused(refusal: Refusal) -> dict[str, Fact]:
    return {
        "result": Result.of(refusal).value,
        "reason": refusal.reason.name,
        "blame": refusal.blame.value,
        "detail": refusal.detail,
        "city_status": refusal.city_status,
    }


def _facts(known: Known, world: World) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"world": world.edition, "request_in": _moment(known.call.received)}
    if known.caller:
        facts |= _who(known.caller)
    if known.query:
        facts |= _what(known.query, world) | _hidden(known, world)
    if known.permit:
        facts |= _by(known.permit)
    if known.route:
        facts |= _whither(known.route)
    return facts


def _search_facts(searching: Searching, world: World) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"act": SEARCH, "world": world.edition, "request_in": _moment(searching.search.received)}
    if searching.caller:
        facts |= _who(searching.caller)
    if question := searching.question:
        facts |= _of_whom(question.holder, world.holder_key) | _what_for(question.purpose, question.legal_basis)
        bounds = {"period_start": question.period.start, "period_end": question.period.end}
        facts |= {name: _moment(bound) for name, bound in bounds.items() if bound}
    if searching.right:
        facts |= {"search_right": searching.right.id, "caller_department_name": searching.right.department_name}
    return facts


def _who(caller: Caller) -> dict[str, Fact]:
    return {
        "caller_fingerprint": caller.fingerprint,
        "caller_serial": caller.serial,
        "caller_region": caller.region,
        "caller_department": caller.department,
        "caller_system": caller.system,
        **({"caller_through": caller.through} if caller.through else {}),
    }


def _what(query: Query, world: World) -> dict[str, Fact]:
    kind = world.catalogue.find(query.evidence_type)
    return {
        "request_id": query.request_id,
        **_wanted(query, kind),
        "evidence_type": kind.code if kind else OTHER,
        "provider_region": query.provider_region if query.provider_region in world.regions else OTHER,
        **(_of_whom(query.holder, world.holder_key) if isinstance(query.holder, Holder) else {NAMED_BY: BY_CODE}),
        **_what_for(query.purpose, query.legal_basis),
    }


def _wanted(query: Query, kind: EvidenceType | None) -> dict[str, Fact]:
    """That claims were made, and about which fields, or a file was wanted; of a query nothing, as in older entries."""
    if query.file:
        return {ACT: query.power.value, "file_format": query.file.format.value}
    if not query.claims:
        return {}
    known = kind.fields.keys() if kind else frozenset()
    names = {each if each in known else OTHER for each in query.claimed}
    return {ACT: query.power.value, "claimed_fields": tuple(sorted(names))}


def _of_whom(holder: Holder, key: HolderKey) -> dict[str, Fact]:
    return {
        HOLDER: holder_hash(key, holder.id_type, holder.id_number),
        HOLDER_KEY: key.id,
        "holder_type": holder.type.value,
    }


def _what_for(purpose: Purpose, basis: LegalBasis) -> dict[str, Fact]:
    return {
        "matter_code": purpose.matter_code,
        "matter_name": purpose.matter_name,
        "case_number": purpose.case_number,
        "operator_account": purpose.operator.account,
        "operator_role": purpose.operator.role,
        "legal_basis": basis.kind.value,
        "legal_basis_reference": basis.reference,
    }


def _by(permit: Permit) -> dict[str, Fact]:
    return {
        "agreement": permit.agreement.id,
        "caller_department_name": permit.agreement.department_name,
        "permitted_fields": tuple(sorted(permit.fields)),
    }


def _hidden(known: Known, world: World) -> dict[str, Fact]:
    """The mark of an agreement that hides its exchanges. A question that was refused and named such a matter would tell as much."""
    if known.permit:
        hidden = known.permit.agreement.hidden
    elif known.caller and known.query:
        hidden = _hidden_matter(known.caller, known.query.purpose.matter_code, world)
    else:
        hidden = None
    if hidden is None:
        return {}
    return {"hidden_by": hidden.authority, "hidden_until": _moment(hidden.until) if hidden.until else FOR_GOOD}


def _hidden_matter(caller: Caller, matter: str, world: World) -> Hidden | None:
    agreements = world.agreements.get(caller.department, ())
    return next(
        (each.hidden for each in agreements if each.hidden and each.region == caller.region and matter in each.matters), None
    )


def _whither(route: Route) -> dict[str, Fact]:
    return {"connector": route.table.system, "operation": route.operation, "table_edition": route.table.edition}


def holder_hash(key: HolderKey, id_type: str, id_number: str) -> str:
    """A holder as the log names it: HMAC-SHA-256 in hex, so that only who has key and number finds the entries."""
    return _keyed(key, "holder", f"{id_type}:{id_number}".encode())


def _keyed(key: HolderKey, use: str, body: bytes) -> str:
    made = _under(key.secret).copy()
    made.update(use.encode() + b"\0" + body)
    return made.hexdigest()


@lru_cache(maxsize=8)
def _under(secret: bytes) -> hmac.HMAC:
    """The beginning of every HMAC under one key: to copy it costs a third of making it again."""
    return hmac.new(secret, digestmod="sha256")


def _digest(key: HolderKey, query: Query) -> str:
    """HMAC of the whole question, under a key that is derived for this use alone."""
    own = hmac.digest(key.secret, b"deferral\0", "sha256")
    return binding.request_digest(own, query)


def _identifier(key: HolderKey, values: Mapping[str, Value]) -> str:
    named = values.get("identifier") or values.get("number") or ""
    return _keyed(key, "evidence", str(named).encode()) if named else ""


def _moment(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        return moment.isoformat(timespec="milliseconds")
    minute = _minute(moment.year, moment.month, moment.day, moment.hour, moment.minute)
    return f"{minute}:{moment.second:02}.{moment.microsecond // 1000:03}+00:00"


@lru_cache(maxsize=8)
def _minute(year: int, month: int, day: int, hour: int, minute: int) -> str:
    """One minute of UTC in ISO 8601, for the many moments that fall into it."""
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"
