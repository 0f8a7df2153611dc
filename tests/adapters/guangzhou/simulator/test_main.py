"""The program: where it serves and whom, its tape, how it ends, and the page that describes it."""

import asyncio
import json
import re
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.guangzhou.simulator.licences import DRIVING
from tests.adapters.guangzhou.simulator.serving import (
    FINES,
    FUND,
    G1,
    HOUSE,
    INVOICE,
    MEDICAL,
    PAGE,
    PAID,
    PEOPLE,
    RECORDS,
    SECRETS,
    SI,
    TAX,
    VEHICLES,
    YWXX,
    City,
    auth,
    check,
    client_tls,
    connected,
    fine,
    house,
    medical,
    refused,
    si,
    signed,
    start,
    tax,
)


def test_names_its_interfaces_when_it_serves(running: City) -> None:
    assert running.interfaces == ["g1", "g3", "g2"]
    assert re.fullmatch(r"https://127\.0\.0\.1:[0-9]+", running.url)


@pytest.mark.parametrize("certificate", [None, "stranger"])
def test_without_a_certificate_of_its_authority_nobody_connects(
    running: City, files: dict[str, Path], certificate: str | None
) -> None:
    async def go() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"{running.url}/_simulator/tape", ssl=client_tls(files, certificate))

    with pytest.raises(aiohttp.ClientError):
        asyncio.run(go())


def test_a_city_whose_clock_is_off_refuses_everybody(files: dict[str, Path]) -> None:
    for late in connected(files, "--clock-offset", "-400", "--people", "20", "--companies", "20"):
        assert late.g2(HOUSE, house(0))["errcode"] == 4012


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_malformed(city: City, body: bytes) -> None:
    assert city.json("POST", HOUSE, data=body, headers=signed())["errcode"] == 4001
    answer = city.json("POST", f"{G1}/license/auth", params={"access_token": city.token}, data=body)
    assert refused(answer) == "20002"


def test_the_tape_shows_what_was_asked_and_answered(city: City) -> None:
    before = city.json("GET", "/_simulator/tape")["entries"][-1]["seq"]
    city.g2(HOUSE, house(0))
    [entry] = city.json("GET", "/_simulator/tape", params={"after": before})["entries"]
    assert (entry["seq"], entry["interface"], entry["operation"], entry["fault"]) == (before + 1, "g2", "house", None)
    assert json.loads(entry["request"]["body"]) == house(0)
    assert json.loads(entry["response"]["body"]) == fine(RECORDS.housing_record(PEOPLE[0].number))


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
def test_it_ends_in_order(files: dict[str, Path], end: str) -> None:
    with start(files, "--people", "20", "--companies", "20") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[end])
        assert process.wait(timeout=60) == 0


def test_the_page_shows_what_the_city_answers(city: City) -> None:
    page = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]
    page = page[: next(place for place, block in enumerate(page) if "request" in block)]
    (login, logged_in), page = page[:2], page[2:]
    (asked, found, none, fetched, *others), page = page[:6], page[6:]
    (filed,) = (each for each in others if "file_data" in each)
    assert login == SECRETS["g1"]
    assert steady(city.json("POST", f"{G1}/security/login", json=login)) == steady(logged_in)
    answer = city.g1("auth", asked)
    assert steady(answer) == steady(found)
    assert steady(city.licence(answer["auth_codes"][0])) == steady(fetched)
    code = city.g1("auth", asked | {"request_id": "of-the-file"})["auth_codes"][0]
    archived = city.json(
        "GET", f"{G1}/license/archive", params={"auth_code": code, "file_type": "pdf", "access_token": city.token}
    )
    assert archived["file_data"].startswith(filed["file_data"].removesuffix("..."))
    assert steady(archived | {"file_data": ""}) == steady(filed | {"file_data": ""})
    assert steady(city.g1("auth", auth(DRIVING, PEOPLE[12].number))) == steady(none)
    nobody = PEOPLE[12].number
    deposits = {"zjlx": "01", "zjhm": nobody, "ksny": "202401", "jsny": "202402", "ywxx": YWXX}
    fines = {"sfzmmc": "A", "sfzmhm": nobody, "qsny": "2024-01", "jzny": "2024-02", "ywxx": YWXX}
    unknown = (SI, si(12)), (HOUSE, house(12)), (TAX, tax(12)), (MEDICAL, medical(12)), (FUND, deposits), (FINES, fines)
    paid = {"nsrlx": "1", "nsrsbh": nobody, "ssqq": "2024-01", "ssqz": "2024-02", "ywxx": YWXX}
    vehicles = {"zjlx": "201", "zjhm": nobody, "qsny": "202401", "jzny": "202402", "ywxx": YWXX}
    unknown = (*unknown, (PAID, paid), (INVOICE, check(12)), (VEHICLES, vehicles))
    for (path, unasked), (question, record, nothing) in zip(
        unknown, zip(page[::3], page[1::3], page[2::3], strict=True), strict=True
    ):
        assert city.g2(path, question) == record
        assert city.g2(path, unasked) == nothing


def steady(value: Any) -> Any:
    """`value` without what is new with every answer."""
    new = {"timestamp", "response_id", "access_token", "auth_code", "auth_codes", "correlation_id"}
    if isinstance(value, dict):
        return {key: steady(part) for key, part in value.items() if key not in new}
    return [steady(part) for part in value] if isinstance(value, list) else value
