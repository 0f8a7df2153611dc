"""SOAP 1.1 with one string parameter that holds an XML document, in a charset that may be another than the declared one.

Laws: no entities, no document type, no network, bounded depth; an element that stands twice never passes for one, because two
readers would take two values; what the bytes are declared as must be a name that is known to mean the charset in use.
Standards: SOAP 1.1 sections 4 and 4.4 (envelope, fault); XML 1.0 sections 2.2 (characters) and 2.8 (prolog); GB 18030.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from adapters.connectors.nesting import Tree
from adapters.connectors.verdict import invalid
from gateway.model.refusal import Reason, Refusal, Violation

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_DEEPEST = 16
_DECLARATION = re.compile(r"\s{0,64}<\?xml\s[^>]{0,200}\?>")
_ENCODING = re.compile(r"""\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAULTS: Mapping[str, tuple[Reason, str]] = {
    "Client": (Reason.CITY_REFUSED, "soap-Client"),
    "Server": (Reason.CITY_UNAVAILABLE, "soap-Server"),
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One interface's envelope: a `parameter` goes in, a `value` comes back.

    `charset` is what the bytes are, `declared` what we say they are; `known_as` (lower case) is what the city may say.
    """

    system: str
    namespace: str
    parameter: str
    value: str
    charset: str
    declared: str
    known_as: frozenset[str]

    def compose(self, operation: str, document: str) -> bytes:
        """A request that carries the document (its root element, no declaration). INVALID_REQUEST for what XML cannot carry."""
        if _NOT_XML.search(document):
            rule = "a text holds a character that XML does not allow"
            raise Refusal(Reason.INVALID_REQUEST, f"{self.system} request: {rule}", violations=(Violation("", rule),))
        declaration = f'<?xml version="1.0" encoding="{self.declared}"?>'
        return (
            f'{declaration}<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:cer="{self.namespace}"><soapenv:Body><cer:{operation}>'
            f"<{self.parameter}>{escape(declaration + document)}</{self.parameter}>"
            f"</cer:{operation}></soapenv:Body></soapenv:Envelope>"
        ).encode(self.charset)

    def open(self, operation: str, body: bytes) -> etree._Element:
        """The root of the document within the answer. Raises Refusal, blame COUNTERPARTY."""
        where = f"{self.system} envelope"
        root = self._parse(self._decode(body, where), where)
        content = root.find(f"{{{_SOAP}}}Body") if root.tag == f"{{{_SOAP}}}Envelope" else None
        if content is None or len(content) != 1:
            raise invalid(where, "is no SOAP 1.1 envelope with one element in its body")
        if content[0].tag == f"{{{_SOAP}}}Fault":
            raise _fault(content[0], where)
        values = content[0].findall(self.value) if content[0].tag == f"{{{self.namespace}}}{operation}Response" else []
        if len(values) != 1 or len(values[0]):
            raise invalid(where, "does not hold the answer of the operation that was asked")
        return self._parse(values[0].text or "", f"{self.system} document")

    def _decode(self, body: bytes, where: str) -> str:
        try:
            text = body.decode(self.charset)
        except UnicodeDecodeError:
            raise invalid(where, "is not in the charset of the interface") from None
        if not text.isascii() and _is_utf8(body):
            raise invalid(where, "is in UTF-8, whatever it declares")
        return text

    def _parse(self, text: str, where: str) -> etree._Element:
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise invalid(where, "has a document type")
        if declaration := _DECLARATION.match(text):
            named = _ENCODING.search(declaration.group())
            if named and named.group(1).lower() not in self.known_as:
                raise invalid(where, "declares a charset that the interface does not use")
            text = text[declaration.end() :]
        try:
            root = etree.fromstring(text.encode("utf-8"), _parser())
        except (etree.XMLSyntaxError, ValueError):
            raise invalid(where, "is not well-formed XML") from None
        return root


def write_xml(tree: Tree) -> str:
    """The tree as elements without attributes, in its own order; an empty text makes an empty element."""
    pieces = [(name, escape(part) if isinstance(part, str) else write_xml(part)) for name, part in tree.items()]
    return "".join([f"<{name}>{content}</{name}>" for name, content in pieces])


def read_xml(element: etree._Element, where: str, depth: int = _DEEPEST) -> dict[str, object]:
    """The children by name, each a trimmed text or again such a record; those of one name as a list. CITY_ANSWER_INVALID if deep."""
    if depth == 0:
        raise invalid(where, "nests too deep")
    found: dict[str, list[object]] = {}
    for child in element:
        found.setdefault(child.tag, []).append(read_xml(child, where, depth - 1) if len(child) else (child.text or "").strip())
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def text_of(element: etree._Element | None, path: str, where: str) -> str:
    """The trimmed text of the one element at the path. CITY_ANSWER_INVALID where there is none, or several, or parts in it."""
    found = [] if element is None else element.findall(path)
    if len(found) != 1 or len(found[0]):
        raise invalid(f"{where} {path}", "is missing, or stands twice, or is no text")
    return (found[0].text or "").strip()


def _parser() -> etree.XMLParser:
    # A parser keeps the log of its last errors, which quote the body; so each document gets its own. It costs some microseconds.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _fault(fault: etree._Element, where: str) -> Refusal:
    code = (fault.findtext("faultcode") or "").strip().rpartition(":")[2].partition(".")[0]
    if code not in _FAULTS:
        return invalid(where, "is a SOAP fault of an unknown code")
    reason, status = _FAULTS[code]
    return Refusal(reason, f"{where}: is a SOAP fault", city_status=status)


def _is_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8 as well: names in GB18030 never are for long, so such an answer is in the wrong charset."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
