"""Every type of both cities: what the city's own record says is a MATCH, anything else a MISMATCH, and nobody's paper NO_RECORD.

Law: the claims are made by hand from the simulators' records; whether the city or the gateway compares plays no part.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Claimed, Client, QueryRefused, Verdict
from tests.journeys.asking import AT_A_TIME, TRUTHS, YEARS
from tests.journeys.canonical import COMMON, Plain
from tests.journeys.conftest import Up, question
from tests.journeys.faults import AMBIGUOUS, FAULTS, ISSUED, NO_RECORD, armed

KINDS = {
    "registered_capital": "money", "established_on": "date", "born_on": "date", "first_issued_on": "date", "issued_on": "date",
    "valid_from": "date", "valid_to": "date", "months_paid": "integer", "demerit_points": "integer", "home_count": "integer",
}  # fmt: skip
OTHERS = {"text": "别的", "money": "0.01", "date": "1899-12-31", "integer": "999999"}


def claims(paper: Plain) -> dict[str, tuple[Claimed, Claimed]]:
    """Of each field that holds one value the claim that is right, and one that is wrong."""
    told = {name: value for name, value in {**paper, **paper.get("fields", {})}.items() if value != ""}
    kinds = {name: KINDS.get(name, "text") for name, value in told.items() if isinstance(value, str | int)}
    wanted = {name: kind for name, kind in kinds.items() if name in KINDS or (name in COMMON and name != "status")}
    found = {name: (Claimed(name, kind, str(told[name])), Claimed(name, kind, OTHERS[kind])) for name, kind in wanted.items()}
    holder = next(iter(paper["holders"]))
    return {**found, "holders": (Claimed("holders", "holders", holder[0]), Claimed("holders", "holders", "别的"))}


@pytest.fixture(scope="module")
async def clients(up: Up) -> AsyncIterator[dict[str, Client]]:
    """One connection for each system that asks."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                Client(up.said["gateway"], up.identity(name), server_name=up.said["server_name"], attempts=1)
            )
            for name in up.said["clients"]
        }


@pytest.fixture(scope="module")
def samples(up: Up) -> list[dict[str, Any]]:
    return [each for each in up.said["samples"] if each["outcome"] in {"ISSUED", "NO_RECORD"}]


async def verdicts(clients: dict[str, Client], sample: dict[str, Any], made: list[Claimed]) -> dict[str, Verdict]:
    return dict((await clients[sample["client"]].verify(**question(sample), claims=made)).verdicts)


async def test_the_citys_own_record_decides(clients: dict[str, Client], samples: list[dict[str, Any]]) -> None:
    turn = asyncio.Semaphore(AT_A_TIME)

    async def compare(sample: dict[str, Any]) -> None:
        async with turn:
            await compare_in_turn(sample)

    async def compare_in_turn(sample: dict[str, Any]) -> None:
        months = sample["parameters"].get("months", {})
        span = (months["first"], months["last"]) if months else YEARS
        papers = TRUTHS[sample["region"]].papers(sample["type"], sample["holder"]["id_number"], span)
        if not papers:
            assert set((await verdicts(clients, sample, [Claimed("holders", "text", "别的")])).values()) == {Verdict.NO_RECORD}
            return
        pairs = claims(papers[0])
        assert set((await verdicts(clients, sample, [right for right, _ in pairs.values()])).values()) == {Verdict.MATCH}, sample[
            "type"
        ]
        wrong = {name: pair[1] if name != "number" else pair[0] for name, pair in pairs.items()}
        told = await verdicts(clients, sample, list(wrong.values()))
        assert {name for name, verdict in told.items() if verdict is Verdict.MISMATCH} == wrong.keys() - {"number"}

    assert {(each["type"], each["region"]) for each in samples if each["outcome"] == "ISSUED"} >= {
        (kind, region) for kind in ("business-licence", "housing-record") for region in TRUTHS
    }
    await asyncio.gather(*map(compare, samples))


async def test_a_city_that_can_compare_does_and_keeps_its_record(
    up: Up, clients: dict[str, Client], samples: list[dict[str, Any]]
) -> None:
    sample = next(each for each in samples if (each["type"], each["region"]) == ("business-licence", "440600"))
    city = up.city("440600")
    before = await city.last()
    asked = [Claimed("status", "coded", "VALID"), Claimed("established_on", "date", "1899-12-31")]
    assert await verdicts(clients, sample, asked) == {"status": Verdict.MATCH, "established_on": Verdict.MISMATCH}
    said = await city.tape(before)
    assert [each["operation"] for each in said] == ["verifyCertInfo"]
    assert "FDDBR" not in said[0]["response"]["inner"]
    before = await city.last()
    await verdicts(clients, sample, [*asked, Claimed("registered_capital", "money", str(Decimal("1.00")))])
    assert [each["operation"] for each in await city.tape(before)] == ["queryCertInfoByHolderCode"]


# What a fault does to a verdict, where that is not what it does to a record: the holder is one of the claims, and a day is not told.
WORDS = frozenset(
    {"missing_field", "unknown_code", "bad_date", "unknown_status", "two_holders", "other_holder", "inner_garbage", "truncated"}
)
"""Faults in what the city says; those of bytes befall every operation alike."""
OF_VERDICTS = {"other_holder": (AMBIGUOUS, AMBIGUOUS), "two_holders": (AMBIGUOUS, AMBIGUOUS), "bad_date": (ISSUED, NO_RECORD)}


async def test_a_city_that_fails_while_it_compares_gives_no_verdict(
    up: Up, clients: dict[str, Client], samples: list[dict[str, Any]]
) -> None:
    """Each fault of F1's words: its reason, and a verdict only where the city's own words are whole."""
    licences = [each for each in samples if (each["type"], each["region"]) == ("business-licence", "440600")]
    held, none = (next(each for each in licences if each["outcome"] == outcome) for outcome in (ISSUED, NO_RECORD))
    asked = [Claimed("status", "coded", "VALID"), Claimed("established_on", "date", "1899-12-31")]

    async def told(sample: dict[str, Any]) -> str:
        try:
            found = await verdicts(clients, sample, asked)
        except QueryRefused as refusal:
            return refusal.reason
        return NO_RECORD if set(found.values()) == {Verdict.NO_RECORD} else ISSUED

    for fault in FAULTS:
        if fault.interface == "f1" and fault.name in WORDS:
            async with armed(up.city("440600"), fault):
                found = await asyncio.gather(told(held), told(none))
            assert tuple(found) == OF_VERDICTS.get(fault.name, (fault.held, fault.none)), fault.name


def test_the_command_tells_verdicts_and_its_file_is_a_receipt(up: Up, tmp_path: Path) -> None:
    claimed = tmp_path / "claims.json"
    claimed.write_text('{"insured_status": "ACTIVE", "months_paid": "999999"}')
    way = ("--dev", str(Path(up.said["config"]).parent / "dev.json"), "--sample", "0")
    status, said = kuacheng("verify", *way, "--claims-file", str(claimed), "-o", "json")
    assert status == 1
    assert [each["verdict"] for each in json.loads(said)["verdicts"]] == ["MATCH", "MISMATCH"]
    (tmp_path / "verified.json").write_text(said)
    key = kuacheng("ledger", "key", "-c", up.said["config"])[1].split()[0]
    status, said = kuacheng("receipt", "verify", str(tmp_path / "verified.json"), "--key", key)
    assert (status, "question: holds" in said, "answer: holds" in said) == (0, True, True)


def kuacheng(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "gateway.cli", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout
