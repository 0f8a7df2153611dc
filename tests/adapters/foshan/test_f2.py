"""F2's dialect against the interface page's examples, and against answers that no city should give."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.message import HttpResponse
from adapters.connectors.signing import Stamp
from adapters.connectors.verdict import TokenExpiredError
from adapters.foshan.f2 import OPERATIONS, SERVICES, STATUS, F2Dialect
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.hostile import answer_or_refusal, edited, hostile
from tests.fuzzing import TIMES

Example = Callable[..., str]
MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
STAMP = Stamp(MOMENT, "rid")
DIALECT = F2Dialect("sid", "secret", bytes(range(16)))
PATHS = {
    "insuredProof": "/gjgxjhpt/rest/fsrs/insuredProof",
    "houseRecord": "/gjgxjhpt/rest/fszrzy/houseRecord",
    "incomeTaxList": "/gjgxjhpt/rest/fssw/incomeTaxList",
    "depositProof": "/gjgxjhpt/rest/fszfgjj/depositProof",
    "fineRecord": "/gjgxjhpt/rest/fsjj/fineRecord",
    "taxPaid": "/gjgxjhpt/rest/fssw/taxPaid",
    "invoiceCheck": "/gjgxjhpt/rest/fssw/invoiceCheck",
    "vehicleTax": "/gjgxjhpt/rest/fssw/vehicleTax",
}
WORDS = {
    "insuredProof": "idNo",
    "houseRecord": "zjhm",
    "incomeTaxList": "NSRSBH",
    "depositProof": "idCard",
    "fineRecord": "JSZH",
    "taxPaid": "NSRSBH",
    "invoiceCheck": "FPHM",
    "vehicleTax": "ownerNo",
}
SECTIONS = {
    "insuredProof": "## F2.5",
    "houseRecord": "## F2.6",
    "incomeTaxList": "## F2.7",
    "depositProof": "## F2.8",
    "fineRecord": "## F2.9",
    "taxPaid": "## F2.10",
    "invoiceCheck": "## F2.11",
    "vehicleTax": "## F2.12",
}
FINE: dict[str, object] = {
    "insuredProof": 1,
    "houseRecord": "0",
    "incomeTaxList": "0000",
    "depositProof": "S",
    "fineRecord": 0,
    "taxPaid": "1",
    "invoiceCheck": "001",
    "vehicleTax": 200,
}
NONE: dict[str, object] = {
    "insuredProof": 2,
    "incomeTaxList": "1404",
    "depositProof": "N",
    "fineRecord": 404,
    "taxPaid": "0",
    "invoiceCheck": "002",
    "vehicleTax": 204,
}
HOME = {"bdcqzh": "粤(2016)佛禅不动产权第0012345号", "jzmj": "89.50", "ghyt": "11"}
SEALED = "EBESExQVFhcYGRobHB0eHy7rY8+A1PstjNjuMM9qR4F7MP+fTCRiQoRPXvWbAjilYXWU0vJ54PrZh96B3r9w9Q=="


def response(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def asked(operation: str, values: dict[str, str] | None = None) -> CityRequest:
    return CityRequest("foshan.f2", operation, values or {})


def read(operation: str, body: object) -> CityAnswer:
    return DIALECT.read(asked(operation), response(body))


def told(code: object, *data: object, outer: object = "200") -> dict[str, object]:
    custom = {"code": code, "text": "何", **({"data": data[0]} if data else {})}
    return {"status": {"code": outer, "text": "OK"}, "custom": custom}


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    parts = ((f"{prefix}{name}", part) for name, part in tree.items())
    return {
        key: value
        for name, part in parts
        for key, value in (flat(part, f"{name}.") if isinstance(part, dict) else {name: part}).items()
    }


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_question_as_the_page_has_it(operation: str, example: Example) -> None:
    body = json.loads(example("foshan", WORDS[operation], "yysm", after=SECTIONS[operation]))
    request = DIALECT.compose(asked(operation, flat(body)), STAMP, "secret")
    assert (request.method, request.path, json.loads(request.body)) == ("POST", PATHS[operation], body)
    assert dict(request.headers) == {
        "Content-Type": "application/json; charset=UTF-8",
        "gjgxjhpt_sid": "sid",
        "gjgxjhpt_rid": "rid",
        "gjgxjhpt_rtime": "1700000000000",
        "gjgxjhpt_sign": "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q=",
    }


def test_the_refresh_is_signed_with_our_own_secret_and_the_rest_is_not() -> None:
    refresh = DIALECT.compose_refresh(STAMP)
    assert (refresh.method, refresh.path, refresh.body) == ("POST", "/gjgxjhpt/sysapi/auth/refreshappsecret", b"{}")
    assert refresh.headers["gjgxjhpt_sign"] == "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q="
    assert DIALECT.compose(asked("insuredProof"), STAMP, "another").headers["gjgxjhpt_sign"] != refresh.headers["gjgxjhpt_sign"]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_answer_as_the_page_has_it(operation: str, example: Example) -> None:
    body = example("foshan", WORDS[operation], '"status"', after=SECTIONS[operation])
    answer = read(operation, body.encode())
    assert (answer.status, answer.no_record) == (f"200.{FINE[operation]}", False)
    assert answer.records == (json.loads(body)["custom"]["data"],)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_no_record_as_the_page_has_it(operation: str, example: Example) -> None:
    section = SECTIONS[operation]
    answer = read(
        operation,
        example(
            "foshan",
            '"wfbz":"1"' if operation == "houseRecord" else '"custom":{"code":' + json.dumps(NONE[operation]),
            after=section,
        ).encode(),
    )
    assert answer.no_record


@pytest.mark.parametrize(
    "data",
    [
        {"wfbz": "0", "total": 0, "fwxx": []},
        {"total": 0, "fwxx": []},
        {"wfbz": "1", "fwxx": []},
        {"wfbz": "1", "total": 0},
        {"wfbz": "1", "total": 0, "fwxx": None},
        {"wfbz": "1", "total": False, "fwxx": []},
        {"wfbz": "1", "total": "0", "fwxx": []},
        {"wfbz": 1, "total": 0, "fwxx": []},
        {"wfbz": "1", "total": 1, "fwxx": []},
        {"wfbz": "1", "total": 1, "fwxx": [HOME]},
        {"wfbz": "0", "total": 2, "fwxx": [HOME]},
        {"wfbz": "2", "total": 1, "fwxx": [HOME]},
    ],
)
def test_nothing_less_than_all_three_says_that_somebody_owns_no_home(data: dict[str, object]) -> None:
    assert read("houseRecord", told("0", {"wfbz": "1", "total": 0, "fwxx": []})).no_record
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read("houseRecord", told("0", data))


def test_an_empty_list_of_payments_is_a_record() -> None:
    assert not read("incomeTaxList", told("0000", {"MXLB": []})).no_record


@pytest.mark.parametrize("operation", sorted(NONE))
def test_no_record_with_data_is_a_contradiction(operation: str) -> None:
    assert read(operation, told(NONE[operation])).no_record
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read(operation, told(NONE[operation], {}))


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_several_records_are_several_holders(operation: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(operation, told(FINE[operation], [{}, {}]))
    assert caught.value.reason is Reason.HOLDER_AMBIGUOUS


@pytest.mark.parametrize("data", [(), (None,), ([],), ([{}],), ("",)])
def test_data_that_is_none(data: tuple[object, ...]) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            read(operation, told(FINE[operation], *data))


@pytest.mark.parametrize(
    ("outer", "reason"),
    [
        ("40001", Reason.CITY_REFUSED),
        ("40102", Reason.CITY_REFUSED),
        ("40103", Reason.CITY_REFUSED),
        ("40301", Reason.CITY_REFUSED),
        ("50001", Reason.CITY_UNAVAILABLE),
        ("50301", Reason.CITY_UNAVAILABLE),
        ("20999", Reason.CITY_ANSWER_INVALID),
        (200, Reason.CITY_ANSWER_INVALID),
        (None, Reason.CITY_ANSWER_INVALID),
    ],
)
def test_the_platforms_word_comes_first(outer: object, reason: Reason) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Refusal) as caught:
            read(operation, told(NONE.get(operation, "0"), outer=outer))
        assert (caught.value.reason, caught.value.city_status) == (reason, str(outer) if outer else "_other")
        assert "何" not in caught.value.detail


@pytest.mark.parametrize(
    ("operation", "code", "reason"),
    [
        ("insuredProof", 3, Reason.CITY_REFUSED),
        ("insuredProof", 9, Reason.CITY_UNAVAILABLE),
        ("insuredProof", "1", Reason.CITY_ANSWER_INVALID),
        ("insuredProof", "2", Reason.CITY_ANSWER_INVALID),
        ("insuredProof", True, Reason.CITY_ANSWER_INVALID),
        ("houseRecord", 0, Reason.CITY_ANSWER_INVALID),
        ("houseRecord", "1002", Reason.CITY_REFUSED),
        ("houseRecord", "1404", Reason.CITY_ANSWER_INVALID),
        ("incomeTaxList", "0", Reason.CITY_ANSWER_INVALID),
        ("incomeTaxList", "1500", Reason.CITY_UNAVAILABLE),
        ("incomeTaxList", 1404, Reason.CITY_ANSWER_INVALID),
    ],
)
def test_the_departments_word_is_each_services_own(operation: str, code: object, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        read(operation, told(code, {"wfbz": "1", "total": 0, "fwxx": []}))
    assert caught.value.reason is reason
    assert caught.value.city_status == f"200.{'_other' if code is True else code}"


def test_an_expired_secret_can_be_told_from_a_refusal() -> None:
    with pytest.raises(TokenExpiredError):
        read("insuredProof", {"status": {"code": "40105", "text": ""}})


def lent(secret: object = SEALED, end: object = 1700007200000) -> dict[str, object]:
    return told(1, {"secret": secret, "secretEndTime": end})


def test_the_lent_secret_as_the_page_has_it(example: Example) -> None:
    page = example("foshan", "secretEndTime", '"status"')
    lease = DIALECT.read_refresh(response(page.encode()), MOMENT)
    assert (lease.secret, lease.seconds) == ("5f4dcc3b5aa765d61d8327deb882cf99", 7200)
    assert DIALECT.read_refresh(response(lent()), MOMENT) == lease


@pytest.mark.parametrize(
    "body",
    [
        lent(end=1700000000000),
        lent(end=1600000000000),
        lent(end=1800000000000),
        lent(end="1700007200000"),
        lent(None),
        lent(""),
        lent("EBESExQVFhcYGRobHB0eHw=="),
        lent(SEALED[:-4]),
        lent("何"),
        lent("A" + SEALED[1:-1] + "="),
        lent("A" * 88),
        told(1),
        told(2, {"secret": SEALED, "secretEndTime": 1700007200000}),
    ],
)
def test_a_lent_secret_that_is_none(body: dict[str, object]) -> None:
    with pytest.raises(Refusal) as caught:
        DIALECT.read_refresh(response(body), MOMENT)
    assert caught.value.reason is Reason.CITY_ANSWER_INVALID


@given(st.sampled_from(sorted(OPERATIONS)), st.integers() | st.text() | st.booleans() | st.none(), st.none() | st.text())
def test_a_code_in_no_table_is_never_no_record(operation: str, code: object, outer: object) -> None:
    codes = SERVICES[operation].codes
    known = type(code) is codes.kind and code in codes.meanings
    found = answer_or_refusal(lambda: read(operation, told(code)))
    assert known or (isinstance(found, Refusal) and found.reason is Reason.CITY_ANSWER_INVALID)
    found = answer_or_refusal(lambda: read(operation, told(NONE.get(operation, "0"), outer=outer)))
    assert outer in STATUS.meanings or (isinstance(found, Refusal) and found.reason is Reason.CITY_ANSWER_INVALID)


TRUE = {
    "insuredProof": told(
        1, {"idNo": "440604189002140210", "paidMonths": 78, "payList": [{"month": "202312", "payBase": 654321}]}
    ),
    "houseRecord": told("0", {"wfbz": "0", "total": 1, "fwxx": [HOME], "xm": "何㛃"}),
    "depositProof": told("S", {"idCard": "440604189002140210", "base": 123456, "rows": [{"ym": "2023-12", "sum": 1}]}),
    "fineRecord": told(0, {"JSZH": "440604189002140210", "FKLB": [{"FKJE": "200.00", "WFDD": "何㛃路"}]}),
    "taxPaid": told("1", {"NSRSBH": "440604189002140210", "HJJE": 1, "MX": [{"SZ": "契税", "SJJE": 1}]}),
    "invoiceCheck": told("001", {"XF": {"MC": "某公司", "SBH": "91440605M90000003G"}, "HW": [{"MC": "何", "SL": "免税"}]}),
    "vehicleTax": told(200, {"ownerNo": "440604189002140210", "list": [{"year": "2024", "tax": "36.00"}]}),
    "incomeTaxList": told("0000", {"NSRSBH": "440604189002140210", "MXLB": [{"SKSSQ": "2023-12"}]}),
}


@settings(max_examples=160 * TIMES)
@given(st.data())
def test_an_answer_or_a_refusal_and_no_false_no_record(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(TRUE)))
    body = data.draw(hostile(json.dumps(TRUE[operation], ensure_ascii=False).encode()))
    found = answer_or_refusal(lambda: read(operation, body))
    assert isinstance(found, Refusal) or not found.no_record


@settings(max_examples=110 * TIMES)
@given(
    hostile(json.dumps(lent()).encode())
    | edited(SEALED.encode()).map(lambda text: json.dumps(lent(text.decode("utf-8", "replace"))).encode())
)
def test_a_secret_or_a_refusal(body: bytes) -> None:
    def lease() -> CityAnswer:
        return CityAnswer("1", ({"secret": DIALECT.read_refresh(response(body), MOMENT).secret},))

    answer_or_refusal(lease)


def test_no_secret_shows() -> None:
    assert repr(DIALECT) == "F2Dialect(sid='sid')"
    with pytest.raises(RuntimeError):
        DIALECT.compose(asked("another"), STAMP, "secret")
