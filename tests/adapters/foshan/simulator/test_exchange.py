"""F2 as an integrator meets it: over mutual TLS, by the page, beside the city's own records."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.foshan.simulator import signing
from adapters.foshan.simulator.certificates import NO_HOME
from adapters.foshan.simulator.departments import SERVICES
from adapters.foshan.simulator.exchange import Exchange, Subscriber
from adapters.foshan.simulator.licences import (
    DRIVING_LICENCE,
)
from adapters.simulation.operation import Asked
from adapters.simulation.population import invoice
from tests.adapters.foshan.simulator.serving import (
    DRIVER,
    HOUSES,
    INSURED,
    PAGE,
    REFRESH,
    REGISTER,
    SECRETS,
    TAX,
    USE,
    WRONG_CHECK,
    City,
    question,
    signed_headers,
    start,
)
from tests.fuzzing import TIMES


def test_signature_and_seal_are_those_of_the_page() -> None:
    assert signing.sign("secret", "sid", "rid", "1700000000000") == "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q="
    sealed = signing.sealed("5f4dcc3b5aa765d61d8327deb882cf99", bytes(range(16)), bytes(range(16, 32)))
    assert f"`{sealed}`" in PAGE


def test_a_certificate_is_the_citys_own_record(city: City) -> None:
    person = REGISTER.people[0]
    span = (2023, 11), (2024, 2)
    own = {
        INSURED: (1, REGISTER.insured_proof(person.number, *span)),
        HOUSES: ("0", REGISTER.house_record(person.number)),
        TAX: ("0000", REGISTER.income_tax(person.number, *span)),
    }
    for path, (code, record) in own.items():
        answered = city.signed(path, question(path, person.number.lower()))
        assert answered["status"] == {"code": "200", "text": "OK"}
        assert answered["custom"]["code"] == code
        assert answered["custom"]["data"] == record


def test_rows_are_those_of_the_months_asked(city: City) -> None:
    number = REGISTER.people[9].number
    insurance = city.signed(INSURED, question(INSURED, number))["custom"]["data"]["payList"]
    assert [(row["month"], row["kind"]) for row in insurance] == [
        (month, kind) for month in ("202311", "202312", "202401", "202402") for kind in ("01", "02", "03")
    ]
    assert all(isinstance(row[name], int) for row in insurance for name in ("payBase", "personPay", "unitPay"))
    tax = city.signed(TAX, question(TAX, number))["custom"]["data"]
    assert sorted({row["SKSSQ"] for row in tax["MXLB"]}) == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert sum(round(float(row["YJSE"]) * 100) for row in tax["MXLB"]) == round(float(tax["HJSE"]) * 100)
    later = city.signed(TAX, question(TAX, number, SSQQ="2025-01", SSQZ="2025-01"))["custom"]
    assert (later["code"], later["data"]["MXLB"], later["data"]["HJSE"]) == ("0000", [], "0.00")


@pytest.mark.parametrize(
    ("path", "name", "custom"),
    [
        (INSURED, "personName", {"code": 2, "text": "查无参保记录"}),
        (HOUSES, "xm", {"code": "0", "text": "成功", "data": NO_HOME}),
        (TAX, "NSRXM", {"code": "1404", "text": "未查询到该纳税人的纳税记录"}),
    ],
)
def test_each_department_says_no_such_record_in_its_own_way(city: City, path: str, name: str, custom: Any) -> None:
    unknown = [REGISTER.people[index].number for index in range(10, 15)] + ["440604189002140210"]
    for number in unknown:
        assert city.signed(path, question(path, number))["custom"] == custom
    assert city.signed(path, question(path, REGISTER.people[0].number, **{name: "另一个人"}))["custom"] == custom
    right = {name: REGISTER.people[0].name}
    assert city.signed(path, question(path, REGISTER.people[0].number, **right))["custom"] != custom


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        (INSURED, {"idNo": None}, 3),
        (INSURED, {"yysm": {}}, 3),
        (INSURED, {"idNo": WRONG_CHECK}, 4),
        (INSURED, {"beginMonth": "2023-11"}, 4),
        (INSURED, {"beginMonth": "202313"}, 4),
        (INSURED, {"beginMonth": "202403"}, 4),
        (INSURED, {"beginMonth": "201001"}, 4),
        (HOUSES, {"yysm": None}, "1001"),
        (HOUSES, {"zjhm": 5}, "1002"),
        (TAX, {"SSQQ": ""}, "1400"),
        (TAX, {"SSQQ": "202311"}, "1422"),
    ],
)
def test_a_department_checks_what_it_is_asked(city: City, path: str, change: dict[str, Any], code: Any) -> None:
    custom = city.signed(path, question(path, REGISTER.people[0].number) | change)["custom"]
    assert custom["code"] == code
    assert "data" not in custom


def test_the_platform_checks_before_it_passes_on(city: City) -> None:
    body = question(HOUSES, REGISTER.people[0].number)
    now = time.time_ns() // 10**6

    def refused(path: str = HOUSES, sent: Any = body, **headers: str) -> str:
        answered = city.signed(path, sent, **headers)
        assert "custom" not in answered
        return str(answered["status"]["code"])

    def with_values(**values: str) -> dict[str, str]:
        return signed_headers(city.secret, **values)

    assert refused(gjgxjhpt_rtime="yesterday") == "40001"
    assert refused(**with_values(sid="somebody")) == "40101"
    assert refused(**with_values(rtime=str(now - 301_000))) == "40103"
    assert refused(**with_values(rtime=str(now + 600_000))) == "40103"
    assert refused(gjgxjhpt_sign="AAAA") == "40102"
    assert refused(**signed_headers(SECRETS["f2"]["app_secret"])) == "40102"
    assert refused("/gjgxjhpt/rest/fsgjj/fundStatement") == "40301"
    assert refused("/gjgxjhpt/rest/nobody/nothing") == "40401"
    assert refused(sent=["no object"]) == "40002"
    assert city.signed(HOUSES, body, **with_values(rid="once", rtime=str(now - 200_000)))["status"]["code"] == "200"
    assert refused(**with_values(rid="once")) == "40104"


def test_only_app_secret_refreshes(city: City) -> None:
    assert city.signed(REFRESH, {})["status"]["code"] == "40102"


def test_a_secret_ends_and_a_replaced_one_sooner() -> None:
    exchange = Exchange(REGISTER, Subscriber("test-sid", "test-app-secret", bytes(range(16))), 100.0, 10.0)
    doors = {operation.path: operation.answer for operation in exchange.operations()}
    begun = 1_700_000_000.0

    def status(secret: str, path: str, second: float) -> dict[str, Any]:
        headers = signed_headers(secret, rtime=str(int((begun + second) * 1000)))
        body = json.dumps(question(HOUSES, REGISTER.people[0].number)).encode()
        reply: dict[str, Any] = json.loads(doors[path](Asked("POST", path, {}, headers, body, begun + second)).body)
        return reply

    def renewed(second: float) -> str:
        data = status("test-app-secret", REFRESH, second)["custom"]["data"]
        assert data["secretEndTime"] == int((begun + second + 100) * 1000)
        sealed = base64.b64decode(data["secret"])
        decryptor = Cipher(algorithms.AES(bytes(range(16))), modes.CBC(sealed[:16])).decryptor()
        return (decryptor.update(sealed[16:]) + decryptor.finalize())[:32].decode()

    def at(secret: str, second: float) -> str:
        return str(status(secret, HOUSES, second)["status"]["code"])

    first = renewed(0)
    second = renewed(50)
    assert (at(first, 59.9), at(first, 60), at(second, 60)) == ("200", "40105", "200")
    assert (at(second, 149.9), at(second, 150), at(first, 150)) == ("200", "40105", "40105")


def test_the_options_set_how_long_a_secret_lives(pki: Path) -> None:
    brief = start(pki, "--secret-life", "0.6", "--secret-overlap", "0.1")
    try:
        brief.refresh()
        body = question(HOUSES, REGISTER.people[0].number)
        until = time.monotonic() + 60
        while (code := brief.signed(HOUSES, body)["status"]["code"]) == "200":
            assert time.monotonic() < until
        assert code == "40105"
        code = ""
        while code != "200":
            assert time.monotonic() < until
            brief.refresh()
            code = brief.signed(HOUSES, body)["status"]["code"]
    finally:
        assert brief.end() == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "001"),
        ({"FPHM": "2" * 20}, "002"),
        ({"KPRQ": "2023-01-01"}, "002"),
        ({"FPHM": "123"}, "102"),
        ({"KPRQ": None}, "101"),
        ({"XFSBH": REGISTER.people[0].number}, "102"),
    ],
)
def test_an_invoice_is_found_by_number_and_day_together(city: City, change: dict[str, Any], code: str) -> None:
    settled = invoice("440600", 0, 1)
    asked = {"XFSBH": REGISTER.companies[0].code, "FPHM": settled.number, "KPRQ": f"{settled.issued}", "yysm": USE}
    assert city.signed("/gjgxjhpt/rest/fssw/invoiceCheck", asked | change)["custom"]["code"] == code


WORDS = st.text(max_size=24) | st.sampled_from([DRIVER["holderCode"], "111", "001", DRIVING_LICENCE, "0", "1", "202401"])
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3))


@given(
    path=st.sampled_from(SERVICES),
    fields=st.dictionaries(
        st.sampled_from(["idNo", "zjhm", "NSRSBH", "beginMonth", "endMonth", "SSQQ", "SSQZ", "xm", "personName"]),
        VALUES,
    ),
    use=st.just(USE) | st.dictionaries(st.sampled_from(["sxbm", "sxmc", "ywbh"]), VALUES) | VALUES,
)
@settings(max_examples=120 * TIMES, deadline=None)
def test_any_question_has_a_code(path: Any, fields: dict[str, Any], use: Any) -> None:
    words = path.words
    custom = path.custom(REGISTER, fields | {"yysm": use}, None)
    assert custom["code"] in {said[0] for said in (words.fine, words.none, words.missing, words.wrong)}
