"""The program: where it serves, its faults and its tape, and the page that describes it."""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree

from adapters.foshan.simulator import numbers
from adapters.foshan.simulator.certificates import NO_HOME
from adapters.foshan.simulator.departments import SERVICES, Service
from adapters.foshan.simulator.licences import (
    DRIVING_LICENCE,
)
from tests.adapters.foshan.simulator.serving import (
    DRIVER,
    HOUSES,
    INSURED,
    PAGE,
    REFRESH,
    REGISTER,
    SECRETS,
    TAX,
    City,
    by_holder,
    question,
    request,
    signed_headers,
    start,
    status_of,
)


def test_says_where_it_serves_and_ends_with_its_parent(pki: Path) -> None:
    running = start(pki)
    assert running.interfaces == ["f1", "f2", "f3"]
    assert running.url.startswith("https://127.0.0.1:")
    assert running.end(told=False) == 0


def test_nobody_without_a_client_certificate_gets_in(city: City) -> None:
    with pytest.raises(aiohttp.ClientError):
        city.call("GET", "/_simulator/faults", known=False)


# Faults and the tape


def test_faults_of_connection_and_bytes(city: City) -> None:
    data = request(DRIVER)
    for fault in ("reset", "truncated"):
        with city.faulty("f1", fault), pytest.raises(aiohttp.ClientError):
            city.soap("queryCertInfoByHolderCode", data)
    with city.faulty("f2", "hang"), pytest.raises(TimeoutError):
        city.call("POST", HOUSES, json={}, headers=signed_headers(city.secret), patience=0.3)
    with city.faulty("f2", "status_500"):
        assert city.call("POST", HOUSES, json={}, headers=signed_headers(city.secret))[0] == 500
    with city.faulty("f1", "huge"):
        assert len(city.soap("queryCertInfoByHolderCode", data)[2]) > 2**21
    with city.faulty("f1", "wrong_charset"):
        body = city.soap("queryCertInfoByHolderCode", data)[2]
        assert REGISTER.people[0].name.encode("utf-8") in body
    for fault in ("entity_bomb", "external_entity"):
        with city.faulty("f1", fault):
            assert b"<!DOCTYPE" in city.soap("queryCertInfoByHolderCode", data)[2]
        with city.faulty("f1", f"inner_{fault}"):
            body = city.soap("queryCertInfoByHolderCode", data)[2]
            assert b"&lt;!DOCTYPE" in body
            assert b"<!DOCTYPE" not in body


def test_faults_in_the_shape_of_a_licence(city: City) -> None:
    def answer(fault: str) -> etree._Element:
        with city.faulty("f1", fault, "queryCertInfoByHolderCode"):
            return city.licence("queryCertInfoByHolderCode", DRIVER)

    def holders(response: etree._Element) -> list[str | None]:
        return [element.text for element in response.iter("CZZTDM")]

    assert answer("missing_field").find(".//ZZZT") is None
    assert answer("unknown_code").findtext(".//ZZZT") == "7"
    assert answer("bad_date").findtext(".//ZZBFRQ") == "20240231"
    assert status_of(answer("unknown_status")) == "77"
    assert status_of(answer("expired_token")) == "11"
    assert DRIVER["holderCode"] not in holders(answer("other_holder"))
    assert len(set(holders(answer("two_holders")))) == 2
    assert holders(city.licence("queryCertInfoByHolderCode", DRIVER)) == [DRIVER["holderCode"]]


@pytest.mark.parametrize("path", [INSURED, HOUSES, TAX])
def test_faults_in_the_shape_of_a_certificate(city: City, path: str) -> None:
    asked = question(path, REGISTER.people[0].number)
    true = city.signed(path, asked)

    def answer(fault: str) -> dict[str, Any]:
        with city.faulty("f2", fault):
            answered = city.signed(path, asked)
        assert answered != true
        return answered

    for fault in ("missing_field", "unknown_code", "bad_date", "unknown_custom_code"):
        assert answer(fault)["status"]["code"] == "200"
    assert REGISTER.people[0].number not in json.dumps(answer("other_holder"))
    mine, other = answer("two_holders")["custom"]["data"]
    assert mine == true["custom"]["data"]
    assert other != mine
    codes = [answer(fault)["status"]["code"] for fault in ("unknown_status", "expired_token", "busy")]
    assert codes == ["20999", "40105", "50301"]
    assert city.signed(path, asked) == true


def test_an_empty_list_need_not_mean_no_home(city: City) -> None:
    with city.faulty("f2", "empty_without_flag", "houseRecord"):
        custom = city.signed(HOUSES, question(HOUSES, REGISTER.people[5].number))["custom"]
    assert custom["data"] == NO_HOME | {"wfbz": "0"}


def test_a_refresh_fails_only_when_its_fault_names_it(city: City) -> None:
    with city.faulty("f2", "expired_token"):
        assert city.refresh()
    with city.faulty("f2", "expired_token", "refresh"):
        assert city.signed(REFRESH, {}, SECRETS["f2"]["app_secret"])["status"]["code"] == "40102"


def test_the_tape_shows_the_inner_documents(city: City) -> None:
    before = [entry["seq"] for entry in city.control("GET", "tape")["entries"]]
    city.licence("queryCertInfoByHolderCode", by_holder(DRIVING_LICENCE, REGISTER.people[3].number))
    (entry,) = city.control("GET", f"tape?after={max(before, default=0)}")["entries"]
    assert (entry["interface"], entry["operation"]) == ("f1", "queryCertInfoByHolderCode")
    assert REGISTER.people[3].number in entry["request"]["inner"]
    assert f"<CZZT>{REGISTER.people[3].name}</CZZT>" in entry["response"]["inner"]


def shape(value: Any) -> Any:
    """The keys and types of a JSON value; a list is as its first row."""
    if isinstance(value, dict):
        return {key: shape(held) for key, held in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def _of(service: Service, place: int) -> dict[str, str]:
    """The holder at this place, in the service's words."""
    if numbers.resident in service.forms:
        return {service.number: REGISTER.people[place].number, service.holder: REGISTER.people[place].name}
    return {service.number: REGISTER.companies[place].code, service.holder: REGISTER.companies[place].name}


def test_the_pages_examples_have_the_shape_of_the_answers(city: City) -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", PAGE[PAGE.index("## F2.5") : PAGE.index("# F3. ")], re.DOTALL)
    for service, (asked, answered, nothing) in zip(SERVICES, zip(*[iter(blocks)] * 3, strict=True), strict=True):
        body = json.loads(asked) | _of(service, 0)
        assert shape(city.signed(service.path, body)) == shape(json.loads(answered))
        body = body | _of(service, 10)
        assert city.signed(service.path, body) == json.loads(nothing)
    examples = PAGE[PAGE.index("## F1.10") : PAGE.index("# F2. Cert")]
    for licence in REGISTER.licences(DRIVING_LICENCE, REGISTER.people[0].number):
        assert all(f"<{name}>" in examples or f"<{name}/>" in examples for name in licence.info)
        assert all(f'"{name}":' in examples for name in licence.data)
