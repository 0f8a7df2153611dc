"""F3's dialect against the interface page's examples, and against answers that no city should give."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.message import HttpResponse
from adapters.connectors.sealed import Sealer
from adapters.connectors.signing import Stamp
from adapters.foshan.f3 import BUSINESS, OPERATIONS, PLATFORM, F3Dialect
from adapters.guomi.sm2 import PrivateKey
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.guomi.vectors import PRIVATE
from tests.adapters.hostile import answer_or_refusal, edited, hostile
from tests.fuzzing import TIMES

Example = Callable[..., str]
MSGID = "4f0c0f5e8a354a539e390d1b3a1f6c01"
MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
STAMP = Stamp(MOMENT, MSGID)
KEY, VECTOR = bytes(range(16)), bytes(range(16, 32))
APP, PLATFORM_KEY = PrivateKey(PRIVATE), PrivateKey(bytes([2] * 32))
DIALECT = F3Dialect(Sealer("kuacheng", KEY, APP, PLATFORM_KEY.public))
CITY = Sealer("kuacheng", KEY, PLATFORM_KEY, APP.public)
ASKED = CityRequest("foshan.f3", "accountTransfers", {})
OUTPUT = {"docNo": "1", "psninfo": {"psnName": "何㛃", "certno": "440604189002140210"}, "transfers": [{"total": 1}]}


def sealed(document: object, moment: datetime = MOMENT) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return json.dumps({"code": "0", "message": "何", "data": CITY.seal(body, moment, VECTOR)}).encode()


def told(infcode: object = "0000", output: object = OUTPUT, msgid: object = MSGID) -> dict[str, object]:
    document = {"msgid": msgid, "infcode": infcode, "err_msg": "何"}
    return document if output is None else {**document, "output": output}


def read(body: bytes, status: int = 200) -> CityAnswer:
    return DIALECT.read(ASKED, HttpResponse(status, {}, body), STAMP)


def refused(body: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(body)
    assert "何" not in caught.value.detail
    return caught.value


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, part in tree.items():
        found |= flat(part, f"{prefix}{name}.") if isinstance(part, dict) else {f"{prefix}{name}": part}
    return found


def test_the_question_as_the_page_has_it(example: Example) -> None:
    question = json.loads(example("foshan", "begnMonth", "infno"))
    values = flat({name: question[name] for name in ("input", "use")})
    request = DIALECT.compose(CityRequest("foshan.f3", "accountTransfers", values), STAMP, VECTOR)
    assert (request.method, request.path) == ("POST", "/fsyb/api/v1/FS5203")
    envelope = json.loads(request.body)["data"]
    assert json.loads(CITY.open(envelope, MOMENT, "here")) == question


def test_the_pages_envelope_can_be_checked_and_opened(example: Example) -> None:
    envelope = json.loads(example("foshan", "encData", "1700000000000", after="An example that can be checked"))["data"]
    assert json.loads(CITY.open(envelope, MOMENT, "here")) == json.loads(example("foshan", "begnMonth", "infno"))


def test_the_answer_as_the_page_has_it(example: Example) -> None:
    document = example("foshan", "psninfo", MSGID)
    answer = read(sealed(document.encode()))
    assert (answer.status, answer.no_record, answer.records) == ("0.0000", False, (json.loads(document)["output"],))
    nothing = read(sealed(example("foshan", "2404", MSGID).encode()))
    assert (nothing.status, nothing.no_record, nothing.records) == ("0.2404", True, ())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, Reason.CITY_REFUSED) for code in ("1001", "1003", "1004", "1006", "1008", "2001")),
        ("5000", Reason.CITY_UNAVAILABLE),
        ("5001", Reason.CITY_UNAVAILABLE),
        ("9077", Reason.CITY_ANSWER_INVALID),
        (0, Reason.CITY_ANSWER_INVALID),
        (None, Reason.CITY_ANSWER_INVALID),
    ],
)
def test_the_platforms_word_comes_first(code: object, reason: Reason) -> None:
    for body in ({"code": code, "message": "何"}, json.loads(sealed(told("2404", None))) | {"code": code}):
        assert refused(json.dumps(body).encode()).reason is reason


@pytest.mark.parametrize(
    ("document", "reason", "status"),
    [
        (told("2400"), Reason.CITY_REFUSED, "0.2400"),
        (told("2422", None), Reason.CITY_REFUSED, "0.2422"),
        (told("2500", None), Reason.CITY_UNAVAILABLE, "0.2500"),
        (told("7700", None), Reason.CITY_ANSWER_INVALID, "0.7700"),
        (told(0), Reason.CITY_ANSWER_INVALID, "0.0"),
        (told("2404"), Reason.CITY_ANSWER_INVALID, "0.2404"),
        (told("2404", []), Reason.CITY_ANSWER_INVALID, "0.2404"),
        (told(output=None), Reason.CITY_ANSWER_INVALID, ""),
        (told(output=[OUTPUT]), Reason.CITY_ANSWER_INVALID, ""),
        (told(output=[OUTPUT, OUTPUT]), Reason.HOLDER_AMBIGUOUS, "0.0000"),
        (told(msgid="0" * 32), Reason.CITY_ANSWER_INVALID, ""),
        (told("2404", None, None), Reason.CITY_ANSWER_INVALID, ""),
        ([], Reason.CITY_ANSWER_INVALID, ""),
        (b"{", Reason.CITY_ANSWER_INVALID, ""),
        (b"", Reason.CITY_ANSWER_INVALID, ""),
    ],
)
def test_what_stands_within(document: object, reason: Reason, status: str) -> None:
    found = refused(sealed(document))
    assert (found.reason, found.city_status) == (reason, status)


def test_an_answer_of_another_hour_or_without_an_envelope() -> None:
    refused(sealed(told(), MOMENT - timedelta(hours=1)))
    for data in (None, [], {}, told("2404", None), "何"):
        refused(json.dumps({"code": "0", "data": data}).encode())


@given(st.integers() | st.text(max_size=5) | st.booleans() | st.none())
@settings(max_examples=40 * TIMES)
def test_a_code_in_no_table_is_never_no_record(code: object) -> None:
    found = answer_or_refusal(lambda: read(sealed(told(code, None))))
    assert code in BUSINESS.meanings or (isinstance(found, Refusal) and found.reason is Reason.CITY_ANSWER_INVALID)
    body = json.dumps(json.loads(sealed(told("2404", None))) | {"code": code}).encode()
    assert code in PLATFORM.meanings or isinstance(answer_or_refusal(lambda: read(body)), Refusal)


TRUE = sealed(told())


@settings(max_examples=80 * TIMES)
@given(hostile(TRUE) | edited(TRUE))
def test_an_altered_answer_is_the_same_or_a_refusal(body: bytes) -> None:
    found = answer_or_refusal(lambda: read(body))
    assert isinstance(found, Refusal) or found == CityAnswer("0.0000", (OUTPUT,))  # type: ignore[arg-type]


@settings(max_examples=80 * TIMES)
@given(hostile(json.dumps(told(), ensure_ascii=False).encode()))
def test_what_the_city_signed_is_an_answer_or_a_refusal_and_no_false_no_record(document: bytes) -> None:
    found = answer_or_refusal(lambda: read(sealed(document)))
    assert isinstance(found, Refusal) or not found.no_record


def test_no_secret_shows_and_no_other_operation_is_asked() -> None:
    assert repr(DIALECT) == "F3Dialect()"
    assert set(OPERATIONS) == {"accountTransfers"}
    with pytest.raises(RuntimeError):
        DIALECT.compose(CityRequest("foshan.f3", "another", {}), STAMP, VECTOR)
