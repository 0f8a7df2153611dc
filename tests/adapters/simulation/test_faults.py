"""The fault book counts what it arms, and the bytes it spoils are spoilt in one way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters.simulation.faults import BODY_FAULTS, TRANSPORT_FAULTS, XML_FAULTS, FaultBook, WrongFaultError, spoil
from adapters.simulation.operation import Operation, Reply, json_reply

LOGIN = Operation("g1", "login", "POST", "/login", lambda _: Reply(b""), business=False)
AUTH = Operation("g1", "auth", "POST", "/auth", lambda _: Reply(b""), if_named=frozenset({"missing_field"}))
TAKE = Operation("g1", "take", "GET", "/take", lambda _: Reply(b""), faults=frozenset({"missing_field"}))
SOAP = Operation("f1", "query", "POST", "/soap", lambda _: Reply(b""), xml=True)
OPERATIONS = (LOGIN, AUTH, TAKE, SOAP)
JSON = json_reply({"名称": "广州", "data": []})
XML = Reply("<?xml version='1.0' encoding='GB18030'?><r>佛山</r>".encode("gb18030"), 200, "text/xml", "gb18030")


def armed(**order: Any) -> FaultBook:
    """A book with one fault of g1 armed."""
    book = FaultBook(OPERATIONS)
    book.arm({"interface": "g1", **order})
    return book


@given(st.integers(1, 20), st.integers(0, 30))
def test_a_fault_shows_itself_as_often_as_it_was_armed(times: int, requests: int) -> None:
    book = armed(fault="empty", times=times)
    shown = [book.take(TAKE, "take") is not None for _ in range(requests)]
    assert sum(shown) == min(times, requests)
    assert shown == sorted(shown, reverse=True)


def test_below_zero_is_for_ever_until_cleared() -> None:
    book = armed(fault="hang", times=-1)
    assert all(book.take(AUTH, "auth") for _ in range(50))
    assert [fault["times"] for fault in book.listing()["armed"]] == [-1]
    book.clear()
    assert book.take(AUTH, "auth") is None


def test_what_flaps_shows_itself_to_every_other_request_it_befalls() -> None:
    book = armed(fault="flapping", times=-1, operation="auth")
    shown = [(book.take(TAKE, "take"), book.take(AUTH, "auth") is not None) for _ in range(4)]
    assert shown == [(None, True), (None, False), (None, True), (None, False)]


def test_log_in_is_spared_unless_it_is_named() -> None:
    assert armed(fault="status_500").take(LOGIN, "login") is None
    assert armed(fault="status_500", operation="login").take(LOGIN, "login") is not None
    assert armed(fault="status_500", operation="login").take(AUTH, "auth") is None


def test_another_interface_is_spared() -> None:
    assert armed(fault="empty").take(SOAP, "query") is None


def test_a_fault_of_one_operation_passes_the_others_by() -> None:
    book = armed(fault="missing_field")
    assert book.take(AUTH, "auth") is None
    assert book.take(TAKE, "take") is not None
    assert armed(fault="missing_field", operation="auth").take(AUTH, "auth") is not None


@pytest.mark.parametrize(
    "order",
    [
        None,
        {},
        {"interface": "g9", "fault": "empty"},
        {"interface": "g1", "fault": "nothing"},
        {"interface": "g1", "fault": "entity_bomb"},
        {"interface": "f1", "fault": "missing_field"},
    ],
)
def test_what_nobody_offers_cannot_be_armed(order: Any) -> None:
    book = FaultBook(OPERATIONS)
    with pytest.raises(WrongFaultError):
        book.arm(order)
    assert book.listing()["armed"] == []


def test_the_listing_says_what_each_interface_offers() -> None:
    offered = FaultBook(OPERATIONS).listing()["offered"]
    generic = {*TRANSPORT_FAULTS, *BODY_FAULTS}
    assert {name: set(faults) for name, faults in offered.items()} == {
        "g1": generic | {"missing_field"},
        "f1": generic | set(XML_FAULTS),
    }


@pytest.mark.parametrize("reply", [JSON, XML, json_reply({"ascii": 1})], ids=["json", "xml", "ascii"])
def test_the_wrong_charset_does_not_read_as_the_declared_one(reply: Reply) -> None:
    body = spoil("wrong_charset", reply).body
    assert body != reply.body
    assert body.decode(reply.charset, errors="replace") != reply.body.decode(reply.charset)


def test_spoilt_bodies_are_what_their_names_say() -> None:
    assert spoil("empty", JSON).body == b""
    assert (spoil("status_500", JSON).status, spoil("status_500", JSON).content_type) == (500, "text/html")
    assert not isinstance(json.loads(spoil("not_object", JSON).body), dict)
    assert etree.fromstring(spoil("not_object", XML).body).tag != "r"
    for reply in (JSON, XML):
        with pytest.raises(UnicodeDecodeError):
            spoil("garbage", reply).body.decode(reply.charset)


@pytest.mark.parametrize("name", sorted(TRANSPORT_FAULTS))
def test_a_fault_of_transport_leaves_the_bytes_alone(name: str) -> None:
    assert spoil(name, JSON) == JSON


def test_the_xml_faults_are_entities() -> None:
    bomb, outside = (spoil(name, XML).body.decode("gb18030") for name in ("entity_bomb", "external_entity"))
    assert bomb.count("<!ENTITY") == 10
    assert "&a8;" * 10 in bomb
    assert 'SYSTEM "file:///' in outside
    with pytest.raises(etree.XMLSyntaxError, match="amplification"):
        etree.fromstring(bomb.encode("gb18030"))
    assert etree.fromstring(outside.encode("gb18030"), etree.XMLParser(resolve_entities=False)).tag == "r"
