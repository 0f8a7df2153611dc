"""G2 over a real socket: what docs/interfaces/guangzhou.md says is what it does.

Laws: answers are compared with the city's own records, never with a table of the gateway; nothing waits by the clock.
"""

import itertools
from typing import Any

import pytest

from tests.adapters.guangzhou.simulator.serving import (
    COMPANIES,
    HOUSE,
    INVOICE,
    PEOPLE,
    RECORDS,
    SI,
    TAX,
    YWXX,
    City,
    check,
    clock,
    fine,
    house,
    none_such,
    si,
    signed,
    tax,
)


@pytest.mark.parametrize("index", range(10))
def test_a_certificate_is_the_record(city: City, index: int) -> None:
    number = PEOPLE[index].number
    assert city.g2(SI, si(index)) == fine(RECORDS.insurance_proof(number, "202301", "202412"))
    assert city.g2(TAX, tax(index)) == fine(RECORDS.income_tax_statement(number, "2023-01", "2024-12"))
    home = RECORDS.housing_record(number)
    assert (home is not None) == (index < 5)
    assert city.g2(HOUSE, house(index)) == (fine(home) if home else none_such())


@pytest.mark.parametrize("change", [{"fphm": "2" * 20}, {"kprq": "20230101"}, {"xsfmc": "别人"}, {"xsfsbh": PEOPLE[0].number}])
def test_an_invoice_is_found_by_number_and_day_together(city: City, change: dict[str, Any]) -> None:
    assert city.g2(INVOICE, check(0)) == fine(RECORDS.checked_invoice(COMPANIES[0].code))
    assert city.g2(INVOICE, check(0) | change) == {"errcode": 0, "errmsg": "ok", "data": []}


def test_a_full_history_has_every_month_and_kind_once(city: City) -> None:
    [proof] = city.g2(SI, si(0))["data"]
    months = [f"{year}{month:02d}" for year in (2023, 2024) for month in range(1, 13)]
    assert [(row["aae003"], row["aae140"]) for row in proof["list"]] == list(itertools.product(months, ("110", "210", "410")))


def test_months_outside_the_question_are_left_out(city: City) -> None:
    [proof] = city.g2(SI, si(0, "202411", "202502"))["data"]
    assert {row["aae003"] for row in proof["list"]} == {"202411", "202412"}
    [statement] = city.g2(TAX, tax(0, "2022-01", "2022-12"))["data"]
    assert (statement["mxlb"], statement["srehj"], statement["yjsehj"]) == ([], 0, 0)


def test_each_bureau_has_its_own_words_for_no_such_record(city: City) -> None:
    for index, more in ((12, {}), (0, {"aac003": "别人"})):
        assert city.g2(SI, si(index, **more)) == {"errcode": 0, "errmsg": "ok", "data": []}
    for index, more in ((12, {}), (5, {}), (0, {"qlrmc": "别人"})):
        assert city.g2(HOUSE, house(index, **more)) == none_such()
    for index, more in ((12, {}), (0, {"xm": "别人"})):
        assert city.g2(TAX, tax(index, **more)) == none_such()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aac003": ""}, 4000),
        ({"ywxx": {**YWXX, "bjbh": ""}}, 4000),
        ({"ywxx": "none"}, 4000),
        ({"aac058": "02"}, 4001),
        ({"aac002": "1234"}, 4001),
        ({"aae041": "2023-01"}, 4001),
        ({"aae041": "202313"}, 4001),
        ({"aae041": "202412", "aae042": "202411"}, 4001),
        ({"aae041": "201501", "aae042": "202412"}, 4001),
        ({"ywxx": {**YWXX, "sqjg": COMPANIES[0].code}}, 4003),
    ],
)
def test_a_wrong_question_is_refused_in_the_gateways_way(city: City, change: dict[str, Any], code: int) -> None:
    assert city.g2(SI, si(0) | change)["errcode"] == code


def test_the_published_vector_is_the_signature() -> None:
    expected = "1ccd4cba6d7e967f941117a5dfe59a021f6c219ce37e43b5f01790cf0ab21058"
    assert signed(1_700_000_000, "123456789abcdefg")["x-tif-signature"] == expected


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (lambda: signed() | {"x-tif-nonce": ""}, 4014),
        (lambda: signed() | {"x-tif-timestamp": "now"}, 4014),
        (lambda: signed(token="another"), 4011),
        (lambda: signed() | {"x-tif-paasid": "another"}, 4011),
        (lambda: signed() | {"x-tif-signature": signed()["x-tif-signature"].upper()}, 4011),
        (lambda: signed(clock() - 600), 4012),
        (lambda: signed(clock() + 600), 4012),
        (lambda: signed(clock() - 100), 0),
        (lambda: signed(clock() + 100), 0),
    ],
)
def test_signature_and_clock_are_checked(city: City, headers: Any, code: int) -> None:
    assert city.json("POST", HOUSE, json=house(0), headers=headers())["errcode"] == code


def test_a_nonce_serves_once(city: City) -> None:
    headers = signed()
    assert [city.json("POST", HOUSE, json=house(0), headers=headers)["errcode"] for _ in range(2)] == [0, 4013]


def test_an_unknown_service_is_refused(city: City) -> None:
    assert city.g2("/ebus/gzrs/si/nothing", {})["errcode"] == 4040


@pytest.mark.parametrize(("fault", "code"), [("unknown_status", 7777), ("expired_token", 4015), ("busy", 5003)])
def test_g2_shows_the_faults_of_its_codes_once(city: City, fault: str, code: int) -> None:
    city.arm("g2", fault)
    assert [city.g2(HOUSE, house(0))["errcode"] for _ in range(2)] == [code, 0]


@pytest.mark.parametrize(("path", "question", "number"), [(SI, si, "aac002"), (HOUSE, house, "qlrzjh"), (TAX, tax, "zjhm")])
def test_g2_shows_faults_in_the_shape_of_a_record(city: City, path: str, question: Any, number: str) -> None:
    [true] = city.g2(path, question(0))["data"]

    def spoilt(fault: str) -> list[dict[str, Any]]:
        city.arm("g2", fault)
        return list(city.g2(path, question(0))["data"])

    assert len(set(true) - set(spoilt("missing_field")[0])) == 1
    for fault in ("unknown_code", "bad_date"):
        [record] = spoilt(fault)
        assert len([key for key in true if true[key] != record[key]]) == 1
    assert [record[number] == true[number] for record in spoilt("two_holders")] == [True, False]
    assert [record[number] == true[number] for record in spoilt("other_holder")] == [False]
    assert city.g2(path, question(0))["data"] == [true]
