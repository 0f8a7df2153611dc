"""Strict XML, bounded: a text that a city wrote as XML, as elements and plain records; and records as XML.

Laws: no entities, no document type, no network, bounded depth; an element that stands twice never passes for one, because two readers
would take two values; a declared charset must be one that the interface uses; of a document nothing is kept once its elements are gone.
Standard: XML 1.0 sections 2.2 (characters) and 2.8 (prolog).

Read by expat, which forgets a document's names with it: libxml2 keeps every name that it ever met, so that a city which makes some up fills
the memory. Entities are declared in a document type alone (4.1), so where none may stand there are none.
"""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from adapters.connectors.nesting import Tree, leaf_text
from adapters.connectors.verdict import invalid
from gateway.model.refusal import Reason, Refusal, Violation

_DEEPEST = 16
_MOST_TAGS = 200_000
_DECLARATION = re.compile(r"\s{0,64}<\?xml\s[^>]{0,200}\?>")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENCODING = re.compile(r"""\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def parse_xml(text: str, known_as: frozenset[str], where: str) -> Element:
    """The root of the document; `known_as` (lower case) is what it may say of its charset. Raises CITY_ANSWER_INVALID."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise invalid(where, "has a document type")
    if text.count("<") > _MOST_TAGS:
        raise invalid(where, "has more elements than are read")
    if declaration := _DECLARATION.match(text):
        named = _ENCODING.search(declaration.group())
        if named and named.group(1).lower() not in known_as:
            raise invalid(where, "declares a charset that the interface does not use")
        text = text[declaration.end() :]
    try:
        return fromstring(text)  # noqa: S314  nothing that could be expanded is in it
    except (ParseError, ValueError):
        raise invalid(where, "is not well-formed XML") from None


def check_carried(document: str, system: str) -> None:
    """Raises INVALID_REQUEST for a text that XML cannot carry."""
    if _NOT_XML.search(document):
        rule = "a text holds a character that XML does not allow"
        raise Refusal(Reason.INVALID_REQUEST, f"{system} request: {rule}", violations=(Violation("", rule),))


def write_xml(tree: Tree) -> str:
    """The tree as elements without attributes, in its own order; an empty text makes an empty element."""
    pieces = [(name, write_xml(part) if isinstance(part, dict) else escape(leaf_text(part))) for name, part in tree.items()]
    return "".join([f"<{name}>{content}</{name}>" for name, content in pieces])


def read_xml(element: Element, where: str, depth: int = _DEEPEST) -> dict[str, object]:
    """The children by name, each a trimmed text or again such a record; those of one name as a list. CITY_ANSWER_INVALID if deep."""
    if depth == 0:
        raise invalid(where, "nests too deep")
    record: dict[str, object] = {}
    for child in element:
        name, part = child.tag, read_xml(child, where, depth - 1) if len(child) else (child.text or "").strip()
        if name not in record:
            record[name] = part
        elif isinstance(before := record[name], list):
            before.append(part)
        else:
            record[name] = [before, part]
    return record


def named(elements: Iterable[Element], name: str) -> list[Element]:
    """Those of this name, of an element's children. They are looked through, for paths cost several times as much."""
    return [each for each in elements if each.tag == name]


def text_of(element: Element | None, path: str, where: str) -> str:
    """The trimmed text of the one element at the path. CITY_ANSWER_INVALID where there is none, or several, or parts in it."""
    found = [] if element is None else [element]
    for name in path.split("/"):
        found = [below for each in found for below in named(each, name)]
    return only_text(found, f"{where} {path}")


def only_text(found: list[Element], where: str) -> str:
    """The trimmed text of the one element that there is. Raises as `text_of`."""
    if len(found) != 1 or len(found[0]):
        raise invalid(where, "is missing, or stands twice, or is no text")
    return (found[0].text or "").strip()
