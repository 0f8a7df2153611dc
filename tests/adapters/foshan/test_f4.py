"""F4 against Foshan's program: questions filed in a table, answers that come at once, late, twice, spoilt or never."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from adapters.connectors.fronting import FrontAdapter
from adapters.connectors.settings import SystemSettings
from adapters.foshan.f4_client import f4_adapter
from adapters.foshan.simulator.certificates import Record
from adapters.foshan.simulator.front import FAULTS as OFFERED
from adapters.foshan.simulator.front import REQUESTS, Counter
from adapters.foshan.simulator.records import Register
from adapters.simulation.operation import TABLE, Asked
from gateway.clock import SystemClock, entropy
from gateway.model.city import CityAnswer, CityTicket
from gateway.model.refusal import Reason, Refusal
from gateway.stages.translate import inward
from tests.adapters.asking import holder, question, route
from tests.adapters.tabled import plain

KIND = "social-insurance-proof"
NOBODY = 12
ASKED = question("foshan", KIND, 1)
FAULTS = {
    "answers_twice": Reason.CITY_ANSWER_INVALID,
    "unknown_flag": Reason.CITY_ANSWER_INVALID,
    "unknown_status": Reason.CITY_ANSWER_INVALID,
    "missing_field": Reason.CITY_ANSWER_INVALID,
    "unknown_code": Reason.CITY_ANSWER_INVALID,
    "bad_date": Reason.CITY_ANSWER_INVALID,
    "garbage": Reason.CITY_ANSWER_INVALID,
    "half_answer": Reason.CITY_ANSWER_INVALID,
    "other_holder": Reason.CITY_ANSWER_INVALID,
    "two_holders": Reason.HOLDER_AMBIGUOUS,
    "expired_token": Reason.CITY_REFUSED,
    "busy": Reason.CITY_UNAVAILABLE,
}


@pytest.fixture
async def tables(foshan: Any, settings_of: Callable[..., SystemSettings]) -> AsyncIterator[FrontAdapter]:
    adapter = f4_adapter(settings_of("foshan.f4", foshan.front), SystemClock(), entropy)
    try:
        yield adapter
    finally:
        await adapter.close()


def canonical(answer: CityAnswer | CityTicket, place: int = 1) -> list[dict[str, Any]]:
    assert isinstance(answer, CityAnswer)
    return [{n: plain(v) for n, v in each.values.items()} for each in inward(answer, route("foshan", KIND, place), strict=False)]


async def test_the_answer_is_the_city_s_own_record(tables: FrontAdapter) -> None:
    register = Register(40, 30, 1)
    for place in (0, 1, 7):
        own = register.insured_proof(holder("foshan", KIND, place).id_number, (2023, 1), (2024, 12))
        assert own
        (found,) = canonical(await tables.ask(question("foshan", KIND, place), 10.0), place)
        assert (found["number"], found["employer"], found["months_paid"]) == (own["proofNo"], own["unitName"], own["paidMonths"])
        assert [int(each["base"].replace(".", "")) for each in found["contributions"]] == [
            each["payBase"] for each in own["payList"]
        ]
    assert canonical(await tables.ask(question("foshan", KIND, NOBODY), 10.0), NOBODY) == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_city_that_misbehaves(tables: FrontAdapter, foshan: Any, fault: str) -> None:
    foshan.arm("f4", fault)
    with pytest.raises(Refusal) as caught:
        canonical(await tables.ask(ASKED, 10.0))
    assert caught.value.reason is FAULTS[fault]
    assert holder("foshan", KIND, 1).id_number not in caught.value.detail


def test_every_fault_that_the_city_offers_is_here() -> None:
    assert {*FAULTS, "silence", "hang", "latency", "flapping"} == OFFERED


async def test_an_answer_that_is_late_is_fetched_with_the_ticket(tables: FrontAdapter, foshan: Any) -> None:
    foshan.arm("f4", "latency", seconds=3.0)
    ticket = await tables.ask(ASKED, 0.3)
    assert isinstance(ticket, CityTicket)
    assert ticket.ticket not in repr(ticket)
    again = replace(ASKED, ticket=ticket.ticket)
    assert not await tables.ready(again, 5.0)
    assert await tables.ask(again, 5.0) == ticket
    async with asyncio.timeout(60):
        while not await tables.ready(again, 5.0):
            pass
    assert canonical(await tables.ask(again, 5.0)) == canonical(await tables.ask(again, 5.0))


async def test_a_city_that_never_answers_leaves_a_ticket_and_was_asked_once(tables: FrontAdapter, foshan: Any) -> None:
    foshan.asked(REQUESTS)
    foshan.arm("f4", "silence")
    assert isinstance(await tables.ask(ASKED, 1.0), CityTicket)
    asked = 0
    async with asyncio.timeout(60):
        while not asked:
            asked += await asyncio.to_thread(foshan.asked, REQUESTS)
    assert asked == 1


async def test_filing_twice_under_one_ticket_is_one_request(tables: FrontAdapter, foshan: Any) -> None:
    row = tables._dialect.row(ASKED, "0" * 32, SystemClock().now())
    for _ in range(2):
        await tables._desks[ASKED.operation].file(row, 30.0)
    with closing(sqlite3.connect(foshan.front.removeprefix("sqlite://"))) as database, database:
        assert database.execute(f"SELECT count(*) FROM {REQUESTS} WHERE sqbh = ?", ("0" * 32,)).fetchone() == (1,)


async def test_a_database_that_is_not_there_is_unavailable(settings_of: Callable[..., SystemSettings], tmp_path: Any) -> None:
    adapter = f4_adapter(settings_of("foshan.f4", f"sqlite://{tmp_path}/none.db"), SystemClock(), entropy)
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        await adapter.ask(ASKED, 5.0)
    await adapter.close()
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("url", ["https://a.test", "sqlite://host/x", "postgresql://a.test", "postgresql://another.test/front"])
def test_a_url_that_cannot_serve(settings_of: Callable[..., SystemSettings], url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        f4_adapter(settings_of("foshan.f4", url), SystemClock(), entropy)


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, "00"), ({"sqyh": "another"}, "11"), ({"sxbm": ""}, "21"), ({"qsny": "202413"}, "22"), ({"xm": "某"}, "04")],
)
def test_what_the_city_says_to_a_request(change: dict[str, str], code: str) -> None:
    row: Record = {"sqbh": "0", "sqsj": "20260101000000", "sqyh": "a", "clbz": "0", **ASKED.values, **change}
    asked = Asked(TABLE, REQUESTS, {}, {}, json.dumps(row).encode(), 0.0)
    rows = json.loads(Counter(Register(40, 30, 1), "a").answer(asked).body)
    assert rows["qz_cbzm_fk"][0]["fkdm"] == code
