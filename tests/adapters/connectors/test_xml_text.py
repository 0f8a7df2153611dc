"""Strict XML: one text is one document, one path one value, or a refusal. Hostile documents: test_soap.py, test_g3.py."""

import gc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.connectors.xml_text import named, parse_xml, read_xml, text_of, write_xml
from gateway.model.refusal import Blame, Refusal
from tests.fuzzing import TIMES

UTF8 = frozenset({"utf-8"})


@pytest.mark.parametrize("prolog", ["", '<?xml version="1.0" encoding="UTF-8"?>', '\n<?xml version="1.0"?> <!-- a note -->'])
def test_a_document(prolog: str) -> None:
    assert read_xml(parse_xml(f"{prolog}<r><a> 何 </a><b/></r>", UTF8, "here"), "here") == {"a": "何", "b": ""}


@pytest.mark.parametrize(
    "text", ["", "何", "<r>", "<!DOCTYPE r><r/>", '<?xml version="1.0" encoding="gbk"?><r/>', "<r>&undefined;</r>", "<r>\x00</r>"]
)
def test_no_document(text: str) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        parse_xml(text, UTF8, "here")


@settings(max_examples=60 * TIMES)
@given(st.text(max_size=60), st.integers(0, 40))
def test_a_document_or_a_refusal(noise: str, place: int) -> None:
    true, refusal = write_xml({"r": {"a": "何", "b": "1"}}), None
    try:
        read_xml(parse_xml(true[:place] + noise + true[place:], UTF8, "here"), "here")
    except Refusal as caught:
        refusal = caught
    assert refusal is None or refusal.blame is Blame.COUNTERPARTY


def test_what_stands_twice_has_no_one_value() -> None:
    root = etree.fromstring("<r><a>1</a><a>2</a><b><c/></b></r>")
    for path in ("a", "b", "d"):
        with pytest.raises(Refusal):
            text_of(root, path, "here")
    assert read_xml(root, "here") == {"a": ["1", "2"], "b": {"c": ""}}
    assert [each.text for each in named(root, "a")] == ["1", "2"]
    assert read_xml(etree.fromstring("<r><a/><a><b>1</b></a><a>2</a></r>"), "here") == {"a": ["", {"b": "1"}, "2"]}


def test_a_path_leads_through_every_element_of_its_name() -> None:
    assert text_of(etree.fromstring("<r><h><a>1</a></h></r>"), "h/a", "here") == "1"
    for twice in ("<r><h><a>1</a></h><h><a>1</a></h></r>", "<r><h><a>1</a><a>1</a></h></r>", "<r><a>1</a></r>"):
        with pytest.raises(Refusal):
            text_of(etree.fromstring(twice), "h/a", "here")


@pytest.mark.parametrize("faulty", ["<r><planted></r>", "<r>&planted;</r>", '<r xmlns:planted=""/>', "<r><planted:a/></r>"])
def test_no_parser_that_is_kept_quotes_a_body(faulty: str) -> None:
    parse_xml("<r/>", UTF8, "here")
    with suppress(Refusal):
        parse_xml(faulty, UTF8, "here")
    gc.unfreeze()  # a parser that was made while this file was read is kept as well
    kept = [each for each in gc.get_objects() if isinstance(each, etree.XMLParser)]
    assert not [each for each in kept if "planted" in str([*each.error_log])]
    assert parse_xml("<r><a>1</a></r>", UTF8, "here")[0].text == "1"


def test_depth_is_bounded() -> None:
    assert read_xml(etree.fromstring("<a>" * 16 + "</a>" * 16), "here")
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read_xml(etree.fromstring("<a>" * 19 + "</a>" * 19), "here")
