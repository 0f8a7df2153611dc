"""G2's dialect against the interface page's examples, and against answers that no city should give."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.message import HttpResponse
from adapters.connectors.signing import Signer, Stamp
from adapters.guangzhou.g2 import OPERATIONS, SERVICES, G2Dialect
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.hostile import answer_or_refusal, hostile
from tests.fuzzing import TIMES

Example = Callable[..., str]
STAMP = Stamp(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "123456789abcdefg")
DIALECT = G2Dialect(Signer("kuacheng", "token"))
WORDS = {
    "insuredProof": "aac002",
    "personalRecords": "qlrzjh",
    "incomeStatement": "sksqq",
    "accountTransfers": "certno",
    "depositProof": "zjhm",
    "violationFines": "sfzmhm",
    "paymentProof": "nsrsbh",
    "invoiceCheck": "fphm",
    "vehicleTax": "zjhm",
}
SECTIONS = {operation: f"## POST {service.path}" for operation, service in SERVICES.items()}
WITH_NONE = {
    "personalRecords",
    "incomeStatement",
    "accountTransfers",
    "depositProof",
    "violationFines",
    "paymentProof",
    "vehicleTax",
}
WITHOUT = ("insuredProof", "invoiceCheck")


def response(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def asked(operation: str, values: dict[str, str] | None = None) -> CityRequest:
    return CityRequest("guangzhou.g2", operation, values or {})


def read(operation: str, body: object) -> CityAnswer:
    return DIALECT.read(asked(operation), response(body))


def answered(data: object, errcode: object = 0) -> dict[str, object]:
    return {"errcode": errcode, "errmsg": "何", "data": data}


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    parts = ((f"{prefix}{name}", part) for name, part in tree.items())
    return {
        key: value
        for name, part in parts
        for key, value in (flat(part, f"{name}.") if isinstance(part, dict) else {name: part}).items()
    }


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_question_as_the_page_has_it(operation: str, example: Example) -> None:
    body = json.loads(example("guangzhou", WORDS[operation], "ywxx", after=SECTIONS[operation]))
    request = DIALECT.compose(asked(operation, flat(body)), STAMP)
    assert (request.method, json.loads(request.body)) == ("POST", body)
    assert request.path in example("guangzhou", "x-tif-signature") or operation != "insuredProof"


def test_signature_as_the_page_has_it(example: Example) -> None:
    page = example("guangzhou", "x-tif-signature").splitlines()
    headers = dict(line.split(": ") for line in page[1:])
    request = DIALECT.compose(asked("insuredProof"), STAMP)
    assert (dict(request.headers), f"{request.method} {request.path} HTTP/1.1") == (headers, page[0])


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_answer_as_the_page_has_it(operation: str, example: Example) -> None:
    body = example("guangzhou", WORDS[operation], "errcode", after=SECTIONS[operation])
    answer = read(operation, body.encode())
    assert (answer.status, answer.no_record, len(answer.records)) == ("0", False, 1)
    assert answer.records == tuple(json.loads(body, parse_float=str)["data"])


def test_no_record_is_each_services_own(example: Example) -> None:
    empty = example("guangzhou", "errcode", '"data": []')
    none = example("guangzhou", "4004")
    for operation, body, status in [
        *((each, empty, "0") for each in WITHOUT),
        *((each, none, "4004") for each in sorted(WITH_NONE)),
    ]:
        answer = read(operation, body.encode())
        assert (answer.no_record, answer.status) == (True, status)
    for operation, body in [*((each, none) for each in WITHOUT), *((each, empty) for each in sorted(WITH_NONE))]:
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            read(operation, body.encode())


@pytest.mark.parametrize("homes", [[], [{}, {}], None, {}])
def test_an_empty_list_of_homes_says_nothing(homes: object) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read("personalRecords", answered([{"fwts": len(homes or ()) if homes == [] else 1, "fwlb": homes}]))


def test_an_empty_list_of_contributions_or_payments_is_a_record() -> None:
    assert not read("insuredProof", answered([{"list": []}])).no_record
    assert not read("incomeStatement", answered([{"mxlb": []}])).no_record


@pytest.mark.parametrize("data", [[], [{"fwts": 1, "fwlb": [{}]}]])
def test_no_record_with_data_is_a_contradiction(data: object) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read("personalRecords", answered(data, 4004))


@pytest.mark.parametrize(
    ("errcode", "reason", "status"),
    [
        (4003, Reason.CITY_REFUSED, "4003"),
        (4011, Reason.CITY_REFUSED, "4011"),
        (4012, Reason.CITY_REFUSED, "4012"),
        (4015, Reason.CITY_REFUSED, "4015"),
        (5000, Reason.CITY_UNAVAILABLE, "5000"),
        (5003, Reason.CITY_UNAVAILABLE, "5003"),
        (7777, Reason.CITY_ANSWER_INVALID, "7777"),
        ("0", Reason.CITY_ANSWER_INVALID, "0"),
        (False, Reason.CITY_ANSWER_INVALID, "_other"),
        (None, Reason.CITY_ANSWER_INVALID, "_other"),
        (0.0, Reason.CITY_ANSWER_INVALID, "0.0"),
    ],
)
def test_error_codes(errcode: object, reason: Reason, status: str) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Refusal) as caught:
            read(operation, answered(None, errcode))
        assert (caught.value.reason, caught.value.city_status) == (reason, status)
        assert operation in caught.value.detail
        assert "何" not in caught.value.detail


@pytest.mark.parametrize("data", [None, {}, "", [[]], [None], [{}, 1]])
def test_data_that_is_none(data: object) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            read(operation, answered(data))


@pytest.mark.parametrize(
    ("status", "reason"), [(500, Reason.CITY_UNAVAILABLE), (403, Reason.CITY_REFUSED), (404, Reason.CITY_ANSWER_INVALID)]
)
def test_an_http_status_is_read_first(status: int, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        DIALECT.read(asked("insuredProof"), response(answered([]), status))
    assert caught.value.reason is reason


@given(st.sampled_from(sorted(OPERATIONS)), st.integers() | st.text() | st.booleans() | st.none())
def test_a_code_in_no_table_is_never_no_record(operation: str, errcode: object) -> None:
    known = SERVICES[operation].codes.meanings if type(errcode) is int else {}
    found = answer_or_refusal(lambda: read(operation, answered(None, errcode)))
    assert errcode in known or (isinstance(found, Refusal) and found.reason is Reason.CITY_ANSWER_INVALID)


TRUE = {
    "insuredProof": answered(
        [{"aac002": "440604189002140210", "aae201": 24, "list": [{"aae003": "202412", "aac040": 12307.25}]}]
    ),
    "personalRecords": answered([{"qlrzjh": "440604189002140210", "fwts": 1, "fwlb": [{"zl": "何㛃路", "jzmj": 105.31}]}]),
    "accountTransfers": answered([{"certno": "440604189002140210", "acct_balc": 17.5, "trns_list": [{"ym": "202401"}]}]),
    "depositProof": answered([{"zjhm": "440604189002140210", "grjcbl": 7.5, "jcmx": [{"jcny": "202401"}]}]),
    "violationFines": answered([{"sfzmhm": "440604189002140210", "ljjf": 3, "wflb": [{"fkje": 200, "wfnr": "何"}]}]),
    "paymentProof": answered([{"nsrsbh": "440604189002140210", "hjje": "1.00", "mxlb": [{"sjje": "1.00"}]}]),
    "invoiceCheck": answered([{"xsfsbh": "91440115M900000036", "gmfsbh": None, "hwmx": [{"hwmc": "何", "sl": None}]}]),
    "vehicleTax": answered([{"zjhm": "91440115M900000036", "ljse": 12.36, "jnmx": [{"sknd": 2024, "hphm": "粤A00001"}]}]),
    "incomeStatement": answered([{"zjhm": "440604189002140210", "yjsehj": 723678, "mxlb": [{"sksq": "2023-01"}]}]),
}


@settings(max_examples=160 * TIMES)
@given(st.data())
def test_an_answer_or_a_refusal_and_no_false_no_record(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(TRUE)))
    body = data.draw(hostile(json.dumps(TRUE[operation], ensure_ascii=False).encode()))
    found = answer_or_refusal(lambda: read(operation, body))
    if isinstance(found, CityAnswer) and found.no_record:
        said = json.loads(body)
        assert (said["errcode"], said["data"]) == ((0, []) if operation in WITHOUT else (4004, None))


def test_no_secret_shows() -> None:
    assert "a-token" not in repr(G2Dialect(Signer("kuacheng", "a-token")))
    with pytest.raises(RuntimeError):
        DIALECT.compose(asked("another"), STAMP)
