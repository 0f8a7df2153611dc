"""A city that fails: every fault of every interface ends with its reason, in time, recorded once, and nothing of the city's words leaks."""

import asyncio
import contextlib
import json
from collections import Counter
from pathlib import Path

import pytest

from adapters.foshan.simulator.__main__ import operations
from adapters.guangzhou.simulator.__main__ import build
from adapters.guomi.sm2 import PrivateKey
from adapters.simulation.operation import Operation
from adapters.simulation.server import Settings
from gateway.client import QueryRefused
from gateway.model.exchange import EntryKind
from tests.journeys.asking import REGIONS, Desk, Ended, Question, desk, same
from tests.journeys.canonical import KINDS
from tests.journeys.conftest import Up
from tests.journeys.faults import (
    FAULTS,
    FLAPPING,
    INVALID,
    ISSUED,
    KINDS_OF,
    LATE_SECONDS,
    LENDING_FAULTS,
    NO_RECORD,
    REFUSED,
    REGION_OF,
    SLOW,
    TIMEOUT,
    UNAVAILABLE,
    WITH_RECORDS,
    WITHOUT,
    Fault,
    armed,
    of_interface,
)
from tests.journeys.leaks import found, ledger_bytes, lines, logged, on_the_wire, pieces, tickets, today
from tests.journeys.test_download import FAULTS as OF_DOWNLOADS
from tests.journeys.unhurried import MARGIN, SHORT_DEADLINE

DEADLINE, SYSTEM_TIMEOUT = 20.0, 10.0
SECRETS = {
    "g1": dict.fromkeys(("app_key", "app_secret", "account", "password", "org_code"), "x"),
    "g2": {"paasid": "x", "token": "x"},
    "g3": {"paasid": "x", "token": "x"},
    "f1": {"access_id": "x", "access_token": "x"},
    "f2": {"sid": "x", "app_secret": "x", "aes_key": "00" * 16},
    "f3": {
        "app_code": "x",
        "sm4_key": "00" * 16,
        "platform_private_key": "01" * 32,
        "app_key": PrivateKey(bytes([2] * 32)).public.point.hex(),
    },
}
OF_FILES = {"wrong_digest", "wrong_type", "other_file"}
"""Faults of files, which a question does not meet: test_download.py has them."""
SWIFT = tuple(each for each in (*FAULTS, *LENDING_FAULTS) if each.name not in SLOW)


by_place = pytest.mark.parametrize(("place", "told"), [(WITH_RECORDS, ISSUED), (WITHOUT, NO_RECORD)])


def recorded(up: Up, ended: Ended) -> tuple[str, str]:
    """The result and reason of the one OUTCOME that follows the one INTENT; the gateway's own log agrees."""
    intent, outcome = logged(up, ended.exchange_id)
    assert (intent.entry.kind, outcome.entry.kind) == (EntryKind.INTENT, EntryKind.OUTCOME)
    result, reason = str(outcome.entry.facts["result"]), str(outcome.entry.facts.get("reason", ""))
    (line,) = (json.loads(each) for each in lines(up, ended.exchange_id) if ended.exchange_id in each)
    assert (line["result"], line["reason"]) == (result, reason)
    return result, reason


def judge_refusal(up: Up, ended: Ended, reason: str, looked_for: frozenset[str]) -> None:
    """The reason of the table, whose fault it is, and not a piece of what the city said, for the caller or in a log."""
    refusal = ended.result
    assert isinstance(refusal, QueryRefused), refusal
    assert (refusal.reason, refusal.blame) == (reason, "COUNTERPARTY")
    assert recorded(up, ended) == ("REFUSED", reason)
    entries = logged(up, ended.exchange_id)
    assert {each.entry.facts.get("blame", "COUNTERPARTY") for each in entries} == {"COUNTERPARTY"}
    logs: list[str | bytes] = [*(each.body for each in entries), *lines(up, ended.exchange_id)]
    assert found(looked_for - today(entries), on_the_wire(ended), *logs) == frozenset()


async def all_kinds(window: Desk) -> tuple[Ended, ...]:
    """Everything that the city can be asked, of holders who have it all."""
    return await window.ask_all(Question(kind, window.truth.holders(kind)[WITH_RECORDS]) for kind in KINDS)


@pytest.mark.parametrize("fault", SWIFT, ids=str)
async def test_a_fault_ends_with_its_reason_and_the_next_question_is_answered(up: Up, fault: Fault) -> None:
    city = up.city(fault.region)
    async with desk(up, fault.region) as window:
        asked = fault.questions(window, WITH_RECORDS)
        await window.ask_all(asked)
        before = await city.last()
        async with armed(city, fault):
            ended = await window.ask_all(asked, DEADLINE)
        after = await window.ask_all(asked)
    tape = await city.tape(before)
    assert any(each["fault"] == fault.name for each in tape)
    assert {each.told for each in ended} == {fault.held}
    assert all(each.seconds < DEADLINE for each in ended)
    assert all(same(each, fault.region) for each in after)
    said = pieces(up, tape)
    for each in ended:
        if fault.held != ISSUED:
            judge_refusal(up, each, fault.held, said)
        else:
            assert same(each, fault.region)
            assert each.seconds >= LATE_SECONDS
            assert recorded(up, each) == (ISSUED, "")


# A hung call, and an answer that is later than the deadline: to whoever waits they are the same.
@pytest.mark.parametrize(
    ("name", "operation"), [("hang", ""), ("hang", "get_license"), ("drip", ""), ("drip", "get_license"), ("latency", "")]
)
async def test_a_city_that_does_not_answer_is_left_in_time(up: Up, name: str, operation: str) -> None:
    # A department that is late is no failure: its answer is deferred (test_deferred.py).
    late = ("f4", "latency")
    silent = [each for each in FAULTS if (each.name, each.operation) == (name, operation) and (each.interface, name) != late]
    async with contextlib.AsyncExitStack() as stack:
        windows = {region: await stack.enter_async_context(desk(up, region)) for region in REGIONS}
        # Tokens and connections are there already, so that all of the time is the city's.
        await asyncio.gather(*map(all_kinds, windows.values()))
        for fault in silent:
            await stack.enter_async_context(armed(up.city(fault.region), fault, 2 * SHORT_DEADLINE))
        questions = [(windows[fault.region], fault.questions(windows[fault.region], WITH_RECORDS)) for fault in silent]
        ended = await asyncio.gather(*(window.ask_all(asked, SHORT_DEADLINE) for window, asked in questions))
    for each in (each for some in ended for each in some):
        judge_refusal(up, each, TIMEOUT, frozenset())
        assert 0.9 * (SHORT_DEADLINE - MARGIN) < each.seconds < SHORT_DEADLINE
    for region in {fault.region for fault in silent}:
        async with desk(up, region) as window:
            assert all(same(each, region) for each in await all_kinds(window))


@pytest.mark.parametrize(
    ("interface", "operation", "calls"),
    [
        ("g1", "", {"auth": 2, "login": 1, "get_license": 1}),
        ("g1", "get_license", {"auth": 2, "login": 1, "get_license": 2}),
        ("f2", "", {"houseRecord": 2, "refresh": 1}),
    ],
)
async def test_a_token_that_ended_is_renewed_once_and_the_question_answered(
    up: Up, interface: str, operation: str, calls: dict[str, int]
) -> None:
    region = REGION_OF[interface]
    city = up.city(region)
    async with desk(up, region) as window:
        (kind, *_) = next(of_interface(interface)).kinds
        asked = Question(kind, window.truth.holders(kind)[WITH_RECORDS])
        assert same(await window.ask(asked), region)
        before = await city.last()
        await city.break_(interface, "expired_token", 1, **({"operation": operation} if operation else {}))
        ended = await window.ask(asked)
    assert same(ended, region)
    assert recorded(up, ended) == (ISSUED, "")
    assert Counter(each["operation"] for each in await city.tape(before)) == calls


@pytest.mark.parametrize(("interface", "calls"), [("g1", {"auth": 2, "login": 1}), ("f2", {"houseRecord": 2, "refresh": 1})])
async def test_a_city_that_takes_no_token_is_asked_twice_and_not_more(up: Up, interface: str, calls: dict[str, int]) -> None:
    region = REGION_OF[interface]
    city = up.city(region)
    async with desk(up, region) as window:
        (kind, *_) = next(of_interface(interface)).kinds
        asked = Question(kind, window.truth.holders(kind)[WITH_RECORDS])
        await window.ask(asked)
        before = await city.last()
        await city.break_(interface, "expired_token", -1)
        ended = await window.ask(asked)
        await city.mend()
    judge_refusal(up, ended, REFUSED, frozenset())
    assert Counter(each["operation"] for each in await city.tape(before)) == calls


@by_place
async def test_a_city_that_flaps_is_told_as_it_is_each_time(up: Up, place: int, told: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        windows = {region: await stack.enter_async_context(desk(up, region)) for region in REGIONS}

        async def one(fault: Fault) -> None:
            window = windows[fault.region]
            (asked, *_) = fault.questions(window, place)
            ended = [await window.ask(asked) for _ in range(4)]
            assert {each.told for each in ended} == {UNAVAILABLE, told}, fault
            for each in ended:
                assert recorded(up, each) == ((told, "") if each.told == told else ("REFUSED", UNAVAILABLE))

        await asyncio.gather(*map(all_kinds, windows.values()))
        for fault in FLAPPING:
            await stack.enter_async_context(armed(up.city(fault.region), fault))
        await asyncio.gather(*map(one, FLAPPING))


async def test_a_token_call_that_hangs_is_given_up_and_then_all_works(up: Up) -> None:
    async def one(fault: Fault) -> None:
        city = up.city(fault.region)
        async with desk(up, fault.region) as window:
            (asked,) = fault.questions(window, WITH_RECORDS)
            async with armed(city, fault):
                ended = await window.ask(asked, SHORT_DEADLINE)
            assert ended.seconds < SHORT_DEADLINE
            judge_refusal(up, ended, TIMEOUT, frozenset())
            waited = await window.ask(asked, SYSTEM_TIMEOUT + DEADLINE)
            assert waited.seconds < SYSTEM_TIMEOUT + DEADLINE - MARGIN, "given up by us, and not by who asked"
            judge_refusal(up, waited, TIMEOUT, frozenset())
            assert all(same(each, fault.region) for each in await all_kinds(window))

    await asyncio.gather(*(one(each) for each in LENDING_FAULTS if each.name == "hang"))


async def test_utf8_under_a_gb2312_declaration_is_never_read_as_names(up: Up) -> None:
    city = up.city("440600")
    async with desk(up, "440600") as window:
        kinds = KINDS_OF["f1"]
        await city.break_("f1", "wrong_charset", -1)
        ended = await window.ask_all(Question(kind, each) for kind in kinds for each in window.truth.holders(kind)[:40])
        await city.mend()
    assert {each.told for each in ended} == {INVALID}


@pytest.mark.parametrize("name", ["external_entity", "inner_external_entity", "entity_bomb", "inner_entity_bomb"])
async def test_an_entity_is_neither_fetched_nor_expanded(up: Up, name: str) -> None:
    city = up.city("440600")
    async with desk(up, "440600") as window:
        await city.break_("f1", name, -1)
        ended = await all_kinds(window)
        await city.mend()
    refused = [each for each in ended if each.told != ISSUED]
    for each in refused:
        judge_refusal(up, each, INVALID, frozenset({"hahahaha"}) | _outside())
    assert {each.question.kind for each in refused} == set(KINDS_OF["f1"])


def _outside() -> frozenset[str]:
    """What the external entity names, where this machine has it and it is long enough to be told from other words."""
    file = Path("/etc/hostname")
    contents = file.read_text().strip() if file.exists() else ""
    return frozenset({contents} if len(contents) > 5 else ())


async def test_no_byte_of_the_evidence_log_is_of_a_citys_answer(up: Up) -> None:
    said: set[str] = set()
    for region in REGIONS:
        city = up.city(region)
        async with desk(up, region) as window:
            before = await city.last()
            (answered, *_) = await all_kinds(window)
            said |= pieces(up, await city.tape(before)) - today(logged(up, answered.exchange_id))
            for interface in (each for each, of in REGION_OF.items() if of == region):
                for name in ("two_holders", "missing_field", "garbage"):
                    await city.break_(interface, name, -1)
                    assert any(each.told != ISSUED for each in await all_kinds(window))
                    await city.mend()
    assert len(said) > 100
    assert found(said - tickets(up), ledger_bytes(up)) == frozenset()


@pytest.mark.parametrize("region", REGIONS)
async def test_the_table_has_every_fault_that_a_city_offers(up: Up, region: str) -> None:
    listed = await up.city(region)._call("GET", "/_simulator/faults")
    for interface, names in listed["offered"].items():
        assert set(names) <= {each.name for each in of_interface(interface)} | OF_FILES
    for operation in _operations(region):
        rows = list(of_interface(operation.interface))
        named = {each.name for each in rows if each.operation == operation.name}
        assert operation.if_named <= named | OF_FILES | {fault for _, fault, at, _ in OF_DOWNLOADS if at == operation.name}
        assert operation.faults <= ({each.name for each in rows if not each.operation} if operation.business else named)


def _operations(region: str) -> tuple[Operation, ...]:
    settings = Settings(secrets=SECRETS, people=20, companies=20, seed=1, token_life=None)
    return tuple(build(settings) if region == "440100" else operations(settings, 1.0, 1.0))
