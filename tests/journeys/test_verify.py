"""Every type of both cities: what the city's own record says is a MATCH, anything else a MISMATCH, and nobody's paper NO_RECORD.

Law: the claims are made by hand from the simulators' records; whether the city or the gateway compares plays no part.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from gateway.client import Claimed, Client, Verdict
from tests.journeys.asking import TRUTHS, YEARS
from tests.journeys.canonical import COMMON, Plain
from tests.journeys.conftest import Up, question

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
def samples(up: Up) -> list[dict[str, Any]]:
    return [each for each in up.said["samples"] if each["outcome"] in {"ISSUED", "NO_RECORD"}]


async def verdicts(up: Up, sample: dict[str, Any], made: list[Claimed]) -> dict[str, Verdict]:
    identity = up.identity(sample["client"])
    async with Client(up.said["gateway"], identity, server_name=up.said["server_name"]) as client:
        return dict((await client.verify(**question(sample), claims=made)).verdicts)


async def test_the_citys_own_record_decides(up: Up, samples: list[dict[str, Any]]) -> None:
    async def compare(sample: dict[str, Any]) -> None:
        months = sample["parameters"].get("months", {})
        span = (months["first"], months["last"]) if months else YEARS
        papers = TRUTHS[sample["region"]].papers(sample["type"], sample["holder"]["id_number"], span)
        if not papers:
            assert set((await verdicts(up, sample, [Claimed("holders", "text", "别的")])).values()) == {Verdict.NO_RECORD}
            return
        pairs = claims(papers[0])
        assert set((await verdicts(up, sample, [right for right, _ in pairs.values()])).values()) == {Verdict.MATCH}, sample[
            "type"
        ]
        wrong = {name: pair[1] if name != "number" else pair[0] for name, pair in pairs.items()}
        told = await verdicts(up, sample, list(wrong.values()))
        assert {name for name, verdict in told.items() if verdict is Verdict.MISMATCH} == wrong.keys() - {"number"}

    assert {(each["type"], each["region"]) for each in samples if each["outcome"] == "ISSUED"} >= {
        (kind, region) for kind in ("business-licence", "housing-record") for region in TRUTHS
    }
    await asyncio.gather(*map(compare, samples))


async def test_a_city_that_can_compare_does_and_keeps_its_record(up: Up, samples: list[dict[str, Any]]) -> None:
    sample = next(each for each in samples if (each["type"], each["region"]) == ("business-licence", "440600"))
    city = up.city("440600")
    before = await city.last()
    asked = [Claimed("status", "coded", "VALID"), Claimed("established_on", "date", "1899-12-31")]
    assert await verdicts(up, sample, asked) == {"status": Verdict.MATCH, "established_on": Verdict.MISMATCH}
    said = await city.tape(before)
    assert [each["operation"] for each in said] == ["verifyCertInfo"]
    assert "FDDBR" not in said[0]["response"]["inner"]
    before = await city.last()
    await verdicts(up, sample, [*asked, Claimed("registered_capital", "money", str(Decimal("1.00")))])
    assert [each["operation"] for each in await city.tape(before)] == ["queryCertInfoByHolderCode"]
