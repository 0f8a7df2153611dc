"""G3's dialect against the interface page's examples, and against answers that no city should give."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.message import HttpResponse
from adapters.connectors.signing import Signer, Stamp
from adapters.guangzhou.g3 import BUS, GATEWAY, REGISTRY, G3Dialect
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.hostile import answer_or_refusal, edited, hostile
from tests.fuzzing import TIMES

Example = Callable[..., str]
STAMP = Stamp(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "123456789abcdefg")
DIALECT = G3Dialect(Signer("kuacheng", "token"))
ASKED = CityRequest("guangzhou.g3", "houseRecordQuery", {})
HOME = "<FWXX><ZL>广州市某路１号</ZL><FWMJ>１０５．３１</FWMJ><DJSJ>２０１６－０４－１１</DJSJ><GYFE/></FWXX>"
RECORD = f"<record><ZMBH>1</ZMBH><QLRZJH>44060418900214021Ｘ</QLRZJH><FWTS>１</FWTS>{HOME}</record>"
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'


def document(code: str = "00", inside: str = RECORD, declared: str = DECLARED) -> str:
    return f"{declared}<result><resultCode>{code}</resultCode><resultMsg>何</resultMsg>{inside}</result>"


def carried(text: object, code: object = 200, kind: object = "GsbString") -> dict[str, Any]:
    return {"response": {"errorCode": code, "errorMsg": "何", "value": {"type": kind, "value": text}}}


def read(body: object, status: int = 200) -> CityAnswer:
    return DIALECT.read(ASKED, HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode()))


def refused(body: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(body)
    assert "何" not in caught.value.detail
    return caught.value


def test_the_question_as_the_page_has_it(example: Example) -> None:
    page = json.loads(example("guangzhou", "QLRZJZL", '"request"'))["request"]
    values = {name: part for name, part in page.items() if name != "ywxx"} | {f"ywxx.{k}": v for k, v in page["ywxx"].items()}
    request = DIALECT.compose(CityRequest("guangzhou.g3", "houseRecordQuery", values), STAMP)
    assert (request.path, json.loads(request.body)) == ("/ebus/gzbdc/gsb/houseRecordQuery", {"request": page})
    assert request.headers["x-tif-signature"] == "1ccd4cba6d7e967f941117a5dfe59a021f6c219ce37e43b5f01790cf0ab21058"


def test_the_answer_as_the_page_has_it(example: Example) -> None:
    answer = read(example("guangzhou", "GsbString", "<record>").encode())
    (record,) = answer.records
    assert (answer.status, answer.no_record, record["QLRZJH"]) == ("200.00", False, "440106188609011248")
    assert len(record["FWXX"]) == 2  # type: ignore[arg-type]
    nothing = read(example("guangzhou", "GsbString", "<resultCode>01").encode())
    assert (nothing.status, nothing.no_record) == ("200.01", True)


def test_figures_are_read_in_either_width_and_texts_stay_as_they_are() -> None:
    (record,) = read(carried(document())).records
    assert (record["FWTS"], record["QLRZJH"]) == ("1", "44060418900214021X")
    assert record["FWXX"] == [{"ZL": "广州市某路１号", "FWMJ": "105.31", "DJSJ": "2016-04-11", "GYFE": ""}]


@pytest.mark.parametrize(
    ("code", "reason"), [("02", Reason.CITY_REFUSED), ("03", Reason.CITY_REFUSED), ("99", Reason.CITY_UNAVAILABLE), ("77", None)]
)
def test_the_registrys_word(code: str, reason: Reason | None) -> None:
    found = refused(carried(document(code, "")))
    assert (found.reason, found.city_status) == (reason or Reason.CITY_ANSWER_INVALID, f"200.{code}")


@pytest.mark.parametrize(
    "text",
    [
        document("00", ""),
        document("01"),
        document("00", "<record/>"),
        document("00", RECORD.replace("<FWTS>１", "<FWTS>２")),
        document("00", RECORD.replace(HOME, "").replace("１<", "0<")),
        document("00", RECORD.replace(HOME, "<FWXX>1</FWXX>")),
        document("00", RECORD.replace("<FWTS>１</FWTS>", "")),
        document("00", "<resultCode>01</resultCode>"),
        document(declared='<?xml version="1.0" encoding="GBK"?>'),
        document(declared='<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>'),
        document().replace("result>", "answer>"),
        document()[:-9],
        "",
        "何",
        "\x00",
        None,
        [document()],
    ],
)
def test_no_document(text: object) -> None:
    assert refused(carried(text)).reason is Reason.CITY_ANSWER_INVALID


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        *(
            ({"errcode": code, "errmsg": "何", "data": None}, Reason.CITY_REFUSED)
            for code in (4011, 4012, 4013, 4014, 4015, 4040)
        ),
        *(({"errcode": code, "errmsg": "何", "data": None}, Reason.CITY_UNAVAILABLE) for code in (5000, 5003)),
        *(({"errcode": code, "errmsg": "何", "data": []}, Reason.CITY_ANSWER_INVALID) for code in (0, 4004, "4011", None)),
        ({**carried(document("01", "")), "errcode": 0}, Reason.CITY_ANSWER_INVALID),
        (carried(None, 400), Reason.CITY_REFUSED),
        (carried(None, 401), Reason.CITY_REFUSED),
        (carried(document("01", ""), 500), Reason.CITY_UNAVAILABLE),
        (carried(document("01", ""), 503), Reason.CITY_UNAVAILABLE),
        (carried(document("01", ""), 777), Reason.CITY_ANSWER_INVALID),
        (carried(document("01", ""), "200"), Reason.CITY_ANSWER_INVALID),
        (carried(document("01", ""), kind="Another"), Reason.CITY_ANSWER_INVALID),
        ({"response": None}, Reason.CITY_ANSWER_INVALID),
        ({}, Reason.CITY_ANSWER_INVALID),
    ],
)
def test_the_gateways_and_the_buss_word(body: object, reason: Reason) -> None:
    assert refused(body).reason is reason


@given(st.integers() | st.text(max_size=4) | st.booleans() | st.none())
def test_a_code_in_no_table_is_never_no_record(code: object) -> None:
    bodies = ({"errcode": code}, carried(document("01", ""), code), carried(document(str(code).replace("<", ""), "")))
    for body, known in zip(bodies, (GATEWAY.meanings, BUS.meanings, REGISTRY.meanings), strict=True):
        found = answer_or_refusal(lambda body=body: read(body))  # type: ignore[misc]
        listed = (str(code) if known is REGISTRY.meanings else code) in known
        assert listed or (isinstance(found, Refusal) and found.reason is Reason.CITY_ANSWER_INVALID)


@settings(max_examples=80 * TIMES)
@given(hostile(json.dumps(carried(document()), ensure_ascii=False).encode()))
def test_an_answer_or_a_refusal_and_no_false_no_record(body: bytes) -> None:
    found = answer_or_refusal(lambda: read(body))
    assert isinstance(found, Refusal) or not found.no_record


@settings(max_examples=110 * TIMES)
@given(edited(document().encode()))
def test_a_hostile_document_is_an_answer_or_a_refusal(text: bytes) -> None:
    said = text.decode("utf-8", "replace")
    found = answer_or_refusal(lambda: read(carried(said)))
    assert isinstance(found, Refusal) or found.no_record == (re.search(r"<record[\s/>]", said) is None)


def test_no_secret_shows() -> None:
    assert "a-token" not in repr(G3Dialect(Signer("kuacheng", "a-token")))
    with pytest.raises(RuntimeError):
        DIALECT.compose(CityRequest("guangzhou.g3", "another", {}), STAMP)
