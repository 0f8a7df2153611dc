"""F1 as an integrator meets it: over mutual TLS, by the page, beside the city's own records."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.foshan.simulator.certshare import LicenceLibrary
from adapters.foshan.simulator.licences import (
    BUSINESS_LICENCE,
    DRIVING_LICENCE,
    MARRIAGE_CERTIFICATE,
    REAL_ESTATE_TITLE,
    VEHICLE_LICENCE,
)
from adapters.foshan.simulator.records import HOLDER_TYPES
from adapters.foshan.simulator.wallet import Wallet
from adapters.simulation.operation import Asked
from tests.adapters.foshan.simulator.serving import (
    DRIVER,
    PAGE,
    REGISTER,
    SOAP,
    WRONG_CHECK,
    City,
    by_holder,
    envelope,
    opened,
    parsed,
    read_licences,
    request,
    status_of,
)
from tests.fuzzing import TIMES


@pytest.mark.parametrize(
    ("type_code", "holder"),
    [
        *((BUSINESS_LICENCE, REGISTER.companies[index].code) for index in (0, 9)),
        *((DRIVING_LICENCE, REGISTER.people[index].number) for index in (0, 3)),
        *((MARRIAGE_CERTIFICATE, REGISTER.people[index].number) for index in (2, 3)),
    ],
    ids=("company 0", "company 9", "driver 0", "driver 3", "spouse 2", "spouse 3"),
)
def test_an_e_licence_is_the_citys_own_record(city: City, type_code: str, holder: str) -> None:
    own = REGISTER.licences(type_code, holder)
    name = REGISTER.name_of(holder) or ""
    response = city.licence("queryCertInfoByHolderCode", by_holder(type_code, holder.lower(), holderName=name))
    assert read_licences(response) == own
    assert len(own) == 1
    number = {"certNo": own[0].info["ZZBH"], "certTypeCode": type_code}
    assert read_licences(city.licence("queryCert", number)) == own


@pytest.mark.parametrize("type_code", sorted(HOLDER_TYPES))
def test_every_type_is_held_by_the_first_and_not_by_the_eleventh(city: City, type_code: str) -> None:
    of_companies = HOLDER_TYPES[type_code] == ("001",)
    first, eleventh = ((REGISTER.companies[at].code if of_companies else REGISTER.people[at].number) for at in (0, 10))
    own = REGISTER.licences(type_code, first)
    assert len(own) == 1
    assert read_licences(city.licence("queryCertInfoByHolderCode", by_holder(type_code, first))) == own
    assert status_of(city.licence("queryCertInfoByHolderCode", by_holder(type_code, eleventh))) == "10"
    numbered = {"certNo": own[0].info["ZZBH"], "certTypeCode": type_code}
    assert read_licences(city.licence("queryCert", numbered)) == own
    keys = PAGE[PAGE.index("## F1.9") : PAGE.index("## F1.10")]
    assert all(f"| {name} |" in keys or f"{name}," in keys or f", {name} |" in keys for name in own[0].data)


def test_a_joint_title_is_found_by_either_owner_with_a_share_for_each() -> None:
    [first], [second] = (REGISTER.licences(REAL_ESTATE_TITLE, person.number) for person in REGISTER.people[:2])
    assert first == second
    assert first.info["CZZTDM"] == f"{REGISTER.people[0].number}^{REGISTER.people[1].number}"
    assert first.data["QLBL"].count("^") == 1


def test_a_company_s_vehicle_is_found_by_its_code(city: City) -> None:
    code = REGISTER.companies[0].code
    found = read_licences(city.licence("queryCertInfoByHolderCode", by_holder(VEHICLE_LICENCE, code)))
    assert [each.info["CZZTDMLXDM"] for each in found] == ["001"]


def test_the_charset_is_declared_as_one_and_is_another(city: City) -> None:
    data = by_holder(DRIVING_LICENCE, REGISTER.people[3].number)
    body = city.soap("queryCertInfoByHolderCode", request(data))[2]
    assert body.startswith(b'<?xml version="1.0" encoding="gb2312"?>')
    assert REGISTER.people[3].name.encode("gb18030") in body
    with pytest.raises(UnicodeDecodeError):
        body.decode("gb2312")


def test_two_spouses_are_one_certificate(city: City) -> None:
    man, woman = REGISTER.people[4], REGISTER.people[5]
    answers = [city.licence("queryCertInfoByHolderCode", by_holder(MARRIAGE_CERTIFICATE, one.number)) for one in (man, woman)]
    first, second = map(read_licences, answers)
    assert first == second
    assert first[0].info["CZZTDM"] == f"{man.number}^{woman.number}"
    assert first[0].data["XBDM"] == "^".join({"M": "1", "F": "2"}[one.sex] for one in (man, woman))


def test_verification_says_of_each_value_whether_it_holds(city: City) -> None:
    person = REGISTER.people[1]
    ends = REGISTER.licences(DRIVING_LICENCE, person.number)[0].info["ZZYXQJZRQ"]
    claims = f"<verifyData><ZZYXQJZRQ>{ends}</ZZYXQJZRQ><ZJCX>M</ZJCX><XXYZ>1</XXYZ></verifyData>"
    response = city.licence("verifyCertInfo", by_holder(DRIVING_LICENCE, person.number), claims=claims)
    assert [(item.tag, item.text) for item in response.findall(".//verifyItems/*")] == [
        ("ZZYXQJZRQ", "1"),
        ("ZJCX", "0"),
        ("XXYZ", "2"),
    ]
    assert response.findtext(".//verifyResult") == "0"
    claims = f"<verifyData><ZZYXQJZRQ>{ends}</ZZYXQJZRQ></verifyData>"
    response = city.licence("verifyCertInfo", by_holder(DRIVING_LICENCE, person.number), claims=claims)
    assert response.findtext(".//verifyResult") == "1"


@pytest.mark.parametrize(
    ("status", "data", "other"),
    [
        ("10", DRIVER | {"holderCode": REGISTER.people[10].number}, {}),
        ("10", DRIVER | {"holderCode": "440604189002140210"}, {}),
        ("10", DRIVER | {"holderName": "另一个人"}, {}),
        ("10", DRIVER | {"certNo": "1"}, {}),
        ("10", by_holder(MARRIAGE_CERTIFICATE, REGISTER.people[15].number), {}),
        ("10", by_holder(BUSINESS_LICENCE, REGISTER.companies[10].code), {}),
        ("11", DRIVER, {"head": ("test-access", "another")}),
        ("12", DRIVER | {"holderCode": " "}, {}),
        ("12", DRIVER, {"use": "<certificateSystemName>窗口</certificateSystemName>"}),
        ("12", DRIVER, {"head": ("test-access", "")}),
        ("100", DRIVER | {"certTypeCode": "11100000000013127D001"}, {}),
        ("102", DRIVER | {"holderCode": WRONG_CHECK}, {}),
        ("102", DRIVER | {"holderTypeCode": "001"}, {}),
        ("113", DRIVER | {"certTypeCode": "11100000M00000035K999"}, {}),
    ],
)
def test_every_refusal_has_its_status(city: City, status: str, data: dict[str, str], other: dict[str, Any]) -> None:
    response = city.licence("queryCertInfoByHolderCode", data, **other)
    assert status_of(response) == status
    assert response.find("data") is None


def test_no_entity_is_resolved(city: City) -> None:
    doctype = '<!DOCTYPE request [<!ENTITY id "test-access">]>'
    inner = request(DRIVER, head=("&id;", "test-token")).replace("<request>", f"{doctype}<request>")
    assert status_of(opened(city.soap("queryCertInfoByHolderCode", inner))) == "99"
    outer = envelope("queryCert", request(DRIVER)).replace("<e:Envelope", f"{doctype}<e:Envelope", 1)
    assert b"soap:Client" in city.raw_soap(outer.encode("gb18030"))[2]


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\xff\xff", envelope("queryAll", request(DRIVER)).encode("gb18030")])
def test_an_envelope_that_says_nothing_is_a_fault(city: City, body: bytes) -> None:
    status, _, answer = city.raw_soap(body)
    assert status == 200
    assert parsed(answer.decode("gb18030")).findtext(".//faultcode") == "soap:Client"


LIBRARY = LicenceLibrary(REGISTER, ("test-access", "test-token"), Wallet(REGISTER))


@given(
    body=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: envelope("queryCert", text).encode("gb18030", "replace"))
)
@settings(max_examples=80 * TIMES, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    reply = LIBRARY.answer(Asked("POST", "/", {}, {}, body, 0.0))
    assert reply.status == 200
    assert parsed(reply.body.decode("gb18030")).tag == f"{{{SOAP}}}Envelope"
