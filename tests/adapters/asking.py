"""Questions as the gateway would put them to a city, for tests that ask a city's program: a person or company by its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from adapters.simulation.population import companies, invoice, people
from gateway.exchange import Concluded, Declined, Prepared, conclude
from gateway.ledger.encoding import encode
from gateway.model.agreement import Agreement
from gateway.model.binding import REQUEST_DIGEST
from gateway.model.city import CityAnswer, CityRequest, Record
from gateway.model.evidence import Holders
from gateway.model.exchange import Entry, EntryKind, Known, Permit, Route
from gateway.model.identity import Caller
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose, Query
from gateway.model.refusal import Blame
from gateway.stages.translate import outward
from tests.adapters.tabled import table_of
from tests.gateway.stages.builders import call, world
from tests.gateway.walking import ASKED

REGIONS = {"guangzhou": "440100", "foshan": "440600"}
ORGANISATION = "business-licence"
_OF_COMPANIES = frozenset({ORGANISATION, "invoice-check", "food-business-licence", "school-operating-licence"})
_MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
_WORLD = world()
_INTENT = Entry(EntryKind.INTENT, "exchange-1", _MOMENT, {REQUEST_DIGEST: "0" * 64})
_PURPOSE = Purpose("440103-002", "公租房资格申请", "LW20250115001", Operator("window-07", "综合窗口", "梁窗口"))


def holder(city: str, alias: str, place: int) -> Holder:
    """Who stands at this place of the city's population (adapters.simulation.population says who that is)."""
    if alias in _OF_COMPANIES:
        company = companies(REGIONS[city], 30, 1)[place]
        return Holder(HolderType.ORGANISATION, "001", company.code, company.name)
    person = people(REGIONS[city], 40, 1)[place]
    return Holder(HolderType.PERSON, "111", person.number, person.name)


def route(city: str, alias: str, place: int) -> Route:
    """The permitted question for this kind of evidence about that holder."""
    table = table_of(city, alias).table
    settled = invoice(table.region, place, 1)
    known = {"months": MonthRange("2023-01", "2024-12"), "invoice_number": settled.number, "invoiced_on": settled.issued}
    parameters = {each.name: known[each.name] for each in table.type.parameters}
    basis = LegalBasis(LegalBasisKind.STATUTORY_DUTY, "行政许可法")
    query = Query("a-request", table.type.code, table.region, holder(city, alias, place), _PURPOSE, basis, parameters)
    end = _MOMENT + timedelta(days=1)
    caller = Caller("440604", "11440600M00000027C", "window", "spiffe://a.test/b", "f", "0", _MOMENT, end)
    agreement = Agreement(
        "agreement",
        caller.region,
        caller.department,
        "荔湾区政务服务中心",
        None,
        table.region,
        {},
        frozenset(),
        frozenset(),
        _MOMENT,
        end,
    )
    return Route(Permit(caller, query, table.type, agreement, frozenset(table.type.fields)), table)


def question(city: str, alias: str, place: int) -> CityRequest:
    """The same in the city's words."""
    return outward(route(city, alias, place))


def concluded(city: str, alias: str, true: Record, found: CityAnswer) -> Concluded | Declined:
    """What becomes of an answer to who asks about the true record's holder, with its entry written down; it is no fault of ours."""
    way = _about(_first(city, alias), true)
    before = Prepared(Known(call(), way.permit.caller, way.permit.query, way.permit, way), way, outward(way), _INTENT)
    after = conclude(before, found, ASKED, _WORLD)
    encode(after.entry)
    assert isinstance(after, Concluded) or after.refusal.blame is Blame.COUNTERPARTY
    return after


_first = cache(partial(route, place=0))


def _about(way: Route, true: Record) -> Route:
    """The question about whom a record is about, where it says so."""
    named = dict(way.table.inward).get("holders", lambda _: None)(true)
    if not isinstance(named, Holders):
        return way
    who, asked = named.holders[0], way.permit.query.holder
    assert isinstance(asked, Holder)
    about = replace(asked, id_type=who.id_type or asked.id_type, id_number=who.id_number, name=who.name)
    return way._replace(permit=way.permit._replace(query=replace(way.permit.query, holder=about)))
