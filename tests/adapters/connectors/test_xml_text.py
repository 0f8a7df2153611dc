"""Strict XML: one text is one document, one path one value, or a refusal. Hostile documents: test_soap.py, test_g3.py."""

import os
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.xml_text import named, parse_xml, read_xml, text_of, write_xml
from bench.machine import resident_mb
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
    root = parse_xml("<r><a>1</a><a>2</a><b><c/></b></r>", UTF8, "here")
    for path in ("a", "b", "d"):
        with pytest.raises(Refusal):
            text_of(root, path, "here")
    assert read_xml(root, "here") == {"a": ["1", "2"], "b": {"c": ""}}
    assert [each.text for each in named(root, "a")] == ["1", "2"]
    assert read_xml(parse_xml("<r><a/><a><b>1</b></a><a>2</a></r>", UTF8, "here"), "here") == {"a": ["", {"b": "1"}, "2"]}


def test_a_path_leads_through_every_element_of_its_name() -> None:
    assert text_of(parse_xml("<r><h><a>1</a></h></r>", UTF8, "here"), "h/a", "here") == "1"
    for twice in ("<r><h><a>1</a></h><h><a>1</a></h></r>", "<r><h><a>1</a><a>1</a></h></r>", "<r><a>1</a></r>"):
        with pytest.raises(Refusal):
            text_of(parse_xml(twice, UTF8, "here"), "h/a", "here")


def test_nothing_of_a_document_is_kept() -> None:
    """Neither names that a city makes up, which a parser may keep for good, nor of a faulty document what is wrong with it."""

    def names(first: int) -> None:
        for place in range(first, first + 25):
            made = "".join(f"<planted{place:07d}{number:07d}/>" for number in range(20_000))
            parse_xml(f"<r>{made}</r>", UTF8, "here")
            with suppress(Refusal):
                parse_xml(f"<r>{made[:-1]}</r>", UTF8, "here")

    names(0)
    before = resident_mb(os.getpid())
    names(25)
    assert resident_mb(os.getpid()) - before < 16


def test_depth_is_bounded() -> None:
    assert read_xml(parse_xml("<a>" * 16 + "</a>" * 16, UTF8, "here"), "here")
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read_xml(parse_xml("<a>" * 19 + "</a>" * 19, UTF8, "here"), "here")
