"""G1's dialect against the interface page's examples, and against answers that no city should give."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.cutting import Cutter
from adapters.connectors.message import HttpResponse
from adapters.connectors.signing import Stamp
from adapters.connectors.verdict import TokenExpiredError
from adapters.guangzhou.g1 import ERRORS, FILE_MARKER, G1Dialect, answer_of
from gateway.model.city import CityAnswer, CityFile, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.hostile import answer_or_refusal, edited, hostile
from tests.fuzzing import TIMES

Example = Callable[..., str]
CODE = "c3787eb08aa246e9aa6691a391142727"
STAMP = Stamp(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "0" * 32)
DIALECT = G1Dialect("kuacheng-demo", "gateway", "11440600M00000027C", "not-a-secret-1", "not-a-secret-2")
ASKED = CityRequest("guangzhou.g1", "auth", {"license_item_code": "100051003"})
FACE = {
    "ZZBS": "1.2.156.3005.2.111000000000131433001.11440105M10001023P.JH201500000000.001.I",
    "ZZLXDM": "111000000000131433001",
    "JHZZH": "J440105-2015-513563",
    "NFXM": "何㛃",
    "NFZJHM": "440604189002140210",
    "NFXB": "1",
    "VFXM": "梁秋月",
    "VFZJHM": "440605189103051221",
    "VFXB": "2",
    "DJRQ": "20150420",
    "DJJG": "广州市海珠区民政局",
    "DJJGDM": "11440105M10001023P",
    "BZ": None,
    "ZT": "01",
}
LICENCE = {
    "license_code": "4401052015AB12CD34",
    "name": "结婚证",
    "id_code": "J440105-2015-513563",
    "holder_name": "何㛃,梁秋月",
    "holder_identity_type": "10,10",
    "holder_identity_num": "440604189002140210,440605189103051221",
    "issue_date": "2015-04-20 00:00:00",
    "license_item_code": "100051003",
    "license_status": "ISSUED",
    "data_fields": json.dumps(FACE, ensure_ascii=False),
    "auth_code": CODE,
}
GOOD = {"ack_code": "SUCCESS", "errors": [], "correlation_id": STAMP.nonce, "data": None, "total_count": 0}
AUTH = {**GOOD, "data": [{"license_code": "4401052015AB12CD34"}], "auth_codes": [CODE], "total_count": 1}
FETCH = {**GOOD, "data": LICENCE}


def response(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    parts = ((f"{prefix}{name}", part) for name, part in tree.items())
    return {
        key: value
        for name, part in parts
        for key, value in (flat(part, f"{name}.") if isinstance(part, dict) else {name: part}).items()
    }


def test_login_as_the_page_has_it(example: Example) -> None:
    request = DIALECT.compose_login()
    assert (request.method, request.path) == ("POST", "/license-app/v1/security/login")
    assert json.loads(request.body) == json.loads(example("guangzhou", "app_secret"))
    lease = DIALECT.read_login(response(example("guangzhou", "access_token").encode()))
    assert (len(lease.secret), lease.seconds) == (36, 86400)


def test_question_as_the_page_has_it(example: Example) -> None:
    asked = json.loads(example("guangzhou", "license_item_code", "page_index"))
    own = {name: asked.pop(name) for name in ("page_index", "page_size", "request_id")}
    request = DIALECT.compose_auth(CityRequest("guangzhou.g1", "auth", flat(asked)), STAMP, "a-token")
    assert (request.method, request.path) == ("POST", "/license-app/v1/license/auth?access_token=a-token")
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(request.body) == {**asked, "page_index": own["page_index"], "page_size": 150, "request_id": STAMP.nonce}
    assert "何".encode() in DIALECT.compose_auth(CityRequest("guangzhou.g1", "auth", {"holder_name": "何"}), STAMP, "").body


def test_answer_as_the_page_has_it(example: Example) -> None:
    found = json.loads(example("guangzhou", "auth_codes", "SUCCESS"))
    nonce = Stamp(STAMP.moment, found["correlation_id"])
    (code,) = DIALECT.read_auth(nonce, response(found))
    request = DIALECT.compose_fetch(code, "a-token")
    assert (request.method, request.path) == (
        "GET",
        f"/license-app/v1/license/get_license?auth_code={code}&access_token=a-token",
    )
    asked = CityRequest("guangzhou.g1", "auth", {"license_item_code": "100012001"})
    licence = DIALECT.read_fetch(asked, code, response(example("guangzhou", '"data_fields"').encode()))
    assert licence["data_fields"]["TYSHXYDM"] == licence["id_code"]  # type: ignore[call-overload, index]
    assert code not in json.dumps(licence)


def test_no_record_as_the_page_has_it(example: Example) -> None:
    none = json.loads(example("guangzhou", "auth_codes", after="No such record:"))
    assert DIALECT.read_auth(Stamp(STAMP.moment, none["correlation_id"]), response(none)) == ()
    assert answer_of(()).no_record


@pytest.mark.parametrize(
    "part",
    [{"total_count": 1}, {"total_count": "0"}, {"auth_codes": [CODE]}, {"auth_codes": None}, {"data": None}, {"data": [{}]}],
)
def test_nothing_less_than_all_four_parts_says_no_record(part: dict[str, object]) -> None:
    none = {**GOOD, "data": [], "auth_codes": [], "total_count": 0}
    assert DIALECT.read_auth(STAMP, response(none)) == ()
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        DIALECT.read_auth(STAMP, response({**none, **part}))


def test_holders_stand_apart() -> None:
    record = DIALECT.read_fetch(ASKED, CODE, response(FETCH))
    assert record["holders"] == [
        {"holder_name": "何㛃", "holder_identity_type": "10", "holder_identity_num": "440604189002140210"},
        {"holder_name": "梁秋月", "holder_identity_type": "10", "holder_identity_num": "440605189103051221"},
    ]
    assert record["data_fields"] == FACE


def test_the_shares_of_a_title_stand_with_their_owners(example: Example) -> None:
    face = json.loads(example("guangzhou", "BDCQZH", "ZZBS", after="The `data_fields` of a"))
    asked = CityRequest("guangzhou.g1", "auth", {"license_item_code": "100025001"})

    def holders(shares: str) -> object:
        title = {**LICENCE, "license_item_code": "100025001", "data_fields": json.dumps({**face, "GYFE": shares})}
        return DIALECT.read_fetch(asked, CODE, response({**FETCH, "data": title}))["holders"]

    assert [each["GYFE"] for each in holders("2/3,1/3")] == ["2/3", "1/3"]  # type: ignore[attr-defined]
    assert not any("GYFE" in each for each in holders(""))  # type: ignore[attr-defined]
    with pytest.raises(Refusal, match="one part for each holder"):
        holders("1/2")


def test_a_comma_in_one_holders_name_is_no_joint() -> None:
    one = {**LICENCE, "holder_name": "广州,一公司", "holder_identity_type": "31", "holder_identity_num": "91440115M900000036"}
    assert DIALECT.read_fetch(ASKED, CODE, response({**FETCH, "data": one}))["holders"] == [
        {"holder_name": "广州,一公司", "holder_identity_type": "31", "holder_identity_num": "91440115M900000036"}
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"auth_code": "0" * 32},
        {"auth_code": None},
        {"license_item_code": "100034007"},
        {"holder_name": "何㛃"},
        {"holder_identity_num": "440604189002140210"},
        {"holder_identity_type": "10,10,10"},
        {"data_fields": FACE},
        {"data_fields": "{}"},
        {"data_fields": LICENCE["data_fields"][:-1]},  # type: ignore[index]
    ],
)
def test_not_the_licence_that_was_asked_for(part: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        DIALECT.read_fetch(ASKED, CODE, response({**FETCH, "data": {**LICENCE, **part}}))


@pytest.mark.parametrize(
    ("codes", "reason", "status"),
    [
        (["10001"], Reason.CITY_REFUSED, "10001"),
        (["30001"], Reason.CITY_REFUSED, "30001"),
        (["40002"], Reason.CITY_REFUSED, "40002"),
        (["50001"], Reason.CITY_UNAVAILABLE, "50001"),
        (["77777"], Reason.CITY_ANSWER_INVALID, "77777"),
        (["何"], Reason.CITY_ANSWER_INVALID, "_other"),
        ([10001], Reason.CITY_ANSWER_INVALID, "10001"),
        ([], Reason.CITY_ANSWER_INVALID, ""),
    ],
)
def test_error_codes(codes: list[object], reason: Reason, status: str) -> None:
    failed = {**GOOD, "ack_code": "FAILURE", "errors": [{"code": code, "message": "何"} for code in codes], "auth_codes": []}
    with pytest.raises(Refusal) as caught:
        DIALECT.read_auth(STAMP, response(failed))
    assert (caught.value.reason, caught.value.city_status) == (reason, status)
    assert "何" not in caught.value.detail


@pytest.mark.parametrize("code", ["10002", "10003"])
def test_an_expired_token_can_be_told_from_a_refusal(code: str) -> None:
    with pytest.raises(TokenExpiredError):
        DIALECT.read_fetch(ASKED, CODE, response({**GOOD, "ack_code": "FAILURE", "errors": [{"code": code}]}))


@pytest.mark.parametrize(
    "part",
    [
        {"ack_code": "PARTIAL"},
        {"ack_code": None},
        {"errors": [{"code": "10001"}]},
        {"errors": None},
        {"correlation_id": "another"},
    ],
)
def test_an_envelope_that_is_none(part: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        DIALECT.read_auth(STAMP, response({**AUTH, **part}))


@pytest.mark.parametrize(
    "part",
    [
        {"access_token": "x"},
        {"access_token": "a b&c=d" * 5 + "e"},
        {"expires_in": 0},
        {"expires_in": "86400"},
        {"expires_in": 10**9},
    ],
)
def test_a_login_that_is_none(part: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        DIALECT.read_login(response({**GOOD, "access_token": "0" * 36, "expires_in": 86400, **part}))


def test_an_http_status_is_read_first() -> None:
    with pytest.raises(Refusal) as caught:
        DIALECT.read_auth(STAMP, response(AUTH, 502))
    assert (caught.value.reason, caught.value.city_status) == (Reason.CITY_UNAVAILABLE, "http-502")


@given(st.text() | st.integers())
def test_a_code_in_no_table_is_never_no_record(code: object) -> None:
    body = {**GOOD, "ack_code": "FAILURE", "errors": [{"code": code}], "data": [], "auth_codes": []}
    with pytest.raises(Refusal) as caught:
        DIALECT.read_auth(STAMP, response(body))
    assert code in ERRORS.meanings or caught.value.reason is Reason.CITY_ANSWER_INVALID


@settings(max_examples=110 * TIMES)
@given(hostile(json.dumps(AUTH).encode()), st.sampled_from([200, 200, 200, 404, 500]))
def test_codes_or_a_refusal_and_no_false_no_record(body: bytes, status: int) -> None:
    found = answer_or_refusal(
        lambda: answer_of(tuple({"code": code} for code in DIALECT.read_auth(STAMP, response(body, status))))
    )
    assert isinstance(found, Refusal) or not found.no_record


@settings(max_examples=110 * TIMES)
@given(hostile(json.dumps(FETCH, ensure_ascii=False).encode()))
def test_a_licence_or_a_refusal(body: bytes) -> None:
    answer_or_refusal(lambda: answer_of((DIALECT.read_fetch(ASKED, CODE, response(body)),)))


@settings(max_examples=80 * TIMES)
@given(edited(LICENCE["data_fields"].encode()))  # type: ignore[union-attr]
def test_a_face_or_a_refusal(face: bytes) -> None:
    licence = {**LICENCE, "data_fields": face.decode("utf-8", "replace")}
    answer_or_refusal(lambda: answer_of((DIALECT.read_fetch(ASKED, CODE, response({**FETCH, "data": licence})),)))


FILE = CityFile("PDF", "4401052015AB12CD34")
ARCHIVE = {**GOOD, "correlation_id": "", "file_name": "结婚证.pdf", "file_data": base64.b64encode(b"%PDF-1.5 a page").decode()}


def cut(body: bytes, pieces: int) -> bytes:
    """The file that comes in this answer, as the client reads it."""
    cutter, step = Cutter(FILE_MARKER, "test"), len(body) // pieces + 1
    found = b"".join(cutter.feed(body[place : place + step]) for place in range(0, len(body), step))
    DIALECT.read_archive(FILE, response(b""), cutter.envelope)
    return found


def test_a_file_is_asked_for_with_its_type_and_cut_out_of_its_answer() -> None:
    asked = DIALECT.compose_archive(FILE, CODE, "a-token")
    assert asked.path.endswith(f"/license/archive?auth_code={CODE}&file_type=pdf&access_token=a-token")
    for spaces in (None, 2):
        assert cut(json.dumps(ARCHIVE, indent=spaces).encode(), 7) == b"%PDF-1.5 a page"


def test_of_two_licences_the_one_that_is_named_is_meant() -> None:
    rows = [{"license_code": f"{FILE.reference[:-1]}{place}", "auth_code": CODE[:-1] + str(place)} for place in range(6)]
    answer = {**AUTH, "data": rows, "auth_codes": [each["auth_code"] for each in rows], "total_count": 6}
    assert DIALECT.read_grant(STAMP, FILE, response(answer)) == CODE[:-1] + "4"
    for other in ([rows[4], rows[4]], [rows[0]], [rows[4] | {"auth_code": rows[0]["auth_code"]}], ["x"], [None]):
        codes = [rows[4]["auth_code"]] * len(other)
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            DIALECT.read_grant(STAMP, FILE, response({**answer, "data": other, "auth_codes": codes, "total_count": len(other)}))


@pytest.mark.parametrize("code", ["", "../../etc/passwd", "4401052015ab12cd34", None, 7])
def test_a_licence_without_a_proper_code_has_no_files(code: object) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        answer_of(({**LICENCE, "license_code": code},), files=True)  # type: ignore[dict-item]


@settings(max_examples=110 * TIMES)
@given(hostile(json.dumps(ARCHIVE, ensure_ascii=False).encode()), st.integers(1, 9))
def test_a_file_or_a_refusal(body: bytes, pieces: int) -> None:
    found = answer_or_refusal(lambda: CityAnswer("", ({"file": cut(body, pieces).hex()},)))
    if isinstance(found, CityAnswer):
        said = json.loads(body)["file_data"]
        assert base64.b64decode(said, validate=True).hex() == found.records[0]["file"]


def test_no_secret_shows() -> None:
    assert "not-a-secret" not in repr(DIALECT)
