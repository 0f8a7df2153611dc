"""SOAP 1.1 with one string parameter that holds an XML document, in a charset that may be another than the declared one.

Laws: those of strict XML (xml_text), within and without; what the bytes are declared as must be a name that is known to mean the
charset in use.
Standards: SOAP 1.1 sections 4 and 4.4 (envelope, fault); XML 1.0 section 2.2 (characters); GB 18030.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from adapters.connectors.verdict import invalid
from adapters.connectors.xml_text import parse_xml
from gateway.model.refusal import Reason, Refusal, Violation

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
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
        root = parse_xml(self._decode(body, where), self.known_as, where)
        content = root.find(f"{{{_SOAP}}}Body") if root.tag == f"{{{_SOAP}}}Envelope" else None
        if content is None or len(content) != 1:
            raise invalid(where, "is no SOAP 1.1 envelope with one element in its body")
        if content[0].tag == f"{{{_SOAP}}}Fault":
            raise _fault(content[0], where)
        values = content[0].findall(self.value) if content[0].tag == f"{{{self.namespace}}}{operation}Response" else []
        if len(values) != 1 or len(values[0]):
            raise invalid(where, "does not hold the answer of the operation that was asked")
        return parse_xml(values[0].text or "", self.known_as, f"{self.system} document")

    def _decode(self, body: bytes, where: str) -> str:
        try:
            text = body.decode(self.charset)
        except UnicodeDecodeError:
            raise invalid(where, "is not in the charset of the interface") from None
        if not text.isascii() and _is_utf8(body):
            raise invalid(where, "is in UTF-8, whatever it declares")
        return text


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
