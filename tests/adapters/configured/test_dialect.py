"""A described dialect: every knob of a signature, where the parts of a question go, and whatever a city may answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.configured.dialect import dialect
from adapters.connectors.signing import Stamp
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.refusal import Refusal
from tests.adapters.configured.departments import CREDENTIALS, NOBODY, SECRET, sealed_document
from tests.adapters.configured.described import REQUEST, STAMP, answered, compiled, composed, described, read, written
from tests.adapters.hostile import answer_or_refusal, edited, hostile, replaced
from tests.fuzzing import TIMES

PLAIN = """\
interface: guangzhou.plain
family: signed-rest
signature: {SIGNATURE}
answer: {levels: [{at: code, codes: {"0": ok}}], records: data}
operations: {ask: {path: /ask}}
"""
G2 = """{digest: sha-256, parts: [moment, secret, nonce, moment],
  headers: {account: x-tif-paasid, moment: x-tif-timestamp, nonce: x-n, signature: s}}"""
F2 = """{digest: hmac-sha-256, parts: [account, nonce, moment], spelled: base64, clock: milliseconds,
  headers: {account: a, moment: m, nonce: n, signature: s}}"""


@pytest.mark.parametrize(
    ("signature", "given_", "good"),
    [
        (G2, ("id", "token", "123456789abcdefg"), "1ccd4cba6d7e967f941117a5dfe59a021f6c219ce37e43b5f01790cf0ab21058"),
        (F2, ("sid", "secret", "rid"), "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q="),
    ],
)
def test_the_signatures_of_both_cities_are_a_matter_of_knobs(
    signature: str, given_: tuple[str, str, str], good: str, clock: Any
) -> None:
    interface, (account, secret, nonce) = described(PLAIN.replace("{SIGNATURE}", signature)), given_
    assert interface.http
    made = dialect("guangzhou.plain", interface.http, {"account": account, "secret": secret})
    asked = made.compose(CityRequest("guangzhou.plain", "ask", {"no": "1"}), Stamp(clock.now(), nonce), "", b"")
    assert asked.headers["s"] == good
    assert secret not in {value for name, value in asked.headers.items() if name != "s"}


def test_no_secret_shows() -> None:
    shown = repr(compiled(written("token-rest"))) + repr(compiled(written("sealed"))) + repr(composed(compiled(written("soap"))))
    assert not any(each in shown for each in (SECRET, "token-0", CREDENTIALS["token_key"], CREDENTIALS["private_key"]))


def test_parts_go_where_the_file_says() -> None:
    asked = composed(compiled(written("signed-rest")))
    assert (asked.method, asked.path) == ("POST", "/rest/aid/query")
    assert json.loads(asked.body) == {
        "head": {"requestId": STAMP.nonce, "version": 2},
        "biz": {"jkmc": "aidRecord", **REQUEST.values},
    }
    asked = composed(compiled(written("token-rest")))
    assert asked.path.startswith("/aid?sfzh=44")
    assert "%E6%B5%8B" in asked.path
    assert asked.headers == {"Authorization": "Bearer token-0"}
    assert asked.body == b""
    asked = composed(
        compiled(written("token-rest").replace("method: GET", "method: POST").replace("written: query", "written: form"))
    )
    assert asked.path == "/aid"
    assert b"sfzh=44" in asked.body


def test_what_xml_cannot_carry_is_the_caller_s_fault() -> None:
    for family in ("soap", "xml-in-json"):
        with pytest.raises(Refusal, match="INVALID_REQUEST"):
            composed(compiled(written(family)), CityRequest("guangzhou.aid", "aidRecord", {"xm": "\x0b"}))


def test_an_operation_that_is_not_there_is_our_fault() -> None:
    with pytest.raises(RuntimeError):
        composed(compiled(written("soap")), CityRequest("guangzhou.aid", "other", {}))


@pytest.mark.parametrize("key", ["", "00", "何" * 32, "zz" * 16])
@pytest.mark.parametrize(("family", "name"), [("token-rest", "token_key"), ("token-rest", "field_key"), ("sealed", "cipher_key")])
def test_a_key_of_the_wrong_form_is_told_by_its_name(family: str, name: str, key: str) -> None:
    interface = described(written(family))
    assert interface.http
    with pytest.raises(ValueError, match=f"the credential {name} does not serve") as caught:
        dialect(interface.name, interface.http, {**CREDENTIALS, name: key})
    assert not key or key not in str(caught.value)


def test_a_credential_that_no_header_can_carry() -> None:
    interface = described(written("signed-rest"))
    assert interface.http
    with pytest.raises(ValueError, match="the credential account goes into a header"):
        dialect(interface.name, interface.http, {**CREDENTIALS, "account": "网关\r\n"})


def resealed(body: Any) -> bytes:
    return json.dumps(
        {"code": "0", "data": sealed_document(json.dumps(body).encode("utf-8", "surrogatepass"), STAMP.moment)}
    ).encode()


def bodies(family: str) -> st.SearchStrategy[bytes]:
    """True answers, with a record and without, spoilt."""
    true = [answered(family), answered(family, NOBODY)]
    if family == "soap":
        return st.one_of(*(edited(each) for each in true), st.binary(max_size=100))
    spoilt = [hostile(each) for each in true]
    if family == "sealed":
        inner = [json.loads(_opened_by_us(each)) for each in true]
        spoilt += [replaced(each).map(resealed) for each in inner]
    return st.one_of(*spoilt)


def _opened_by_us(body: bytes) -> bytes:
    dialect_ = compiled(written("sealed"))
    envelope = json.loads(body)["data"]
    return dialect_.wrapping.sealer.open(envelope, STAMP.moment, "")  # type: ignore[attr-defined, no-any-return]


SAYS_NONE: dict[str, Callable[[Any], bool]] = {
    "signed-rest": lambda body: body["code"] == 200 and body["data"]["ret"] == "04",
    "token-rest": lambda body: body["code"] == "0" and body["rows"] == [],
    "xml-in-json": lambda body: (
        "<resultCode>00</resultCode>" in body["response"]["value"] and "<list></list>" in body["response"]["value"]
    ),
    "sealed": lambda body: json.loads(_opened_by_us(json.dumps(body).encode()))["ret"] == "2404",
}


@pytest.mark.parametrize("family", ["signed-rest", "token-rest", "soap", "xml-in-json", "sealed"])
def test_whatever_comes_is_a_value_or_a_refusal_and_never_a_false_no_record(family: str) -> None:
    dialect_ = compiled(written(family))

    @settings(max_examples=60 * TIMES)
    @given(bodies(family))
    def judge(body: bytes) -> None:
        found = answer_or_refusal(lambda: read(dialect_, body))
        if isinstance(found, CityAnswer) and found.no_record and family in SAYS_NONE:
            assert SAYS_NONE[family](json.loads(body))

    judge()


@pytest.mark.parametrize("status", [204, 301, 401, 404, 500, 503])
def test_a_status_of_http_says_nothing_about_a_holder(status: int) -> None:
    for family in ("signed-rest", "token-rest", "soap", "xml-in-json", "sealed"):
        with pytest.raises(Refusal):
            read(compiled(written(family)), b"" if status == 204 else answered(family, NOBODY), status)
