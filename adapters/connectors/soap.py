"""SOAP 1.1 with one string parameter that holds an XML document, in a charset that may be another than the declared one.

Laws: those of strict XML (xml_text), within and without; what the bytes are declared as must be a name that is known to mean the
charset in use.
Standards: SOAP 1.1 sections 4 and 4.4 (envelope, fault); XML 1.0 section 2.2 (characters); GB 18030.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from adapters.connectors.charset import decoded
from adapters.connectors.verdict import invalid
from adapters.connectors.xml_text import check_carried, parse_xml
from gateway.model.refusal import Reason, Refusal

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
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
        check_carried(document, self.system)
        declaration = f'<?xml version="1.0" encoding="{self.declared}"?>'
        return (
            f'{declaration}<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:cer="{self.namespace}"><soapenv:Body><cer:{operation}>'
            f"<{self.parameter}>{escape(declaration + document)}</{self.parameter}>"
            f"</cer:{operation}></soapenv:Body></soapenv:Envelope>"
        ).encode(self.charset)

    def open(self, operation: str, body: bytes) -> Element:
        """The root of the document within the answer. Raises Refusal, blame COUNTERPARTY."""
        where = f"{self.system} envelope"
        root = parse_xml(decoded(body, self.charset, where), self.known_as, where)
        content = root.find(f"{{{_SOAP}}}Body") if root.tag == f"{{{_SOAP}}}Envelope" else None
        if content is None or len(content) != 1:
            raise invalid(where, "is no SOAP 1.1 envelope with one element in its body")
        if content[0].tag == f"{{{_SOAP}}}Fault":
            raise _fault(content[0], where)
        values = content[0].findall(self.value) if content[0].tag == f"{{{self.namespace}}}{operation}Response" else []
        if len(values) != 1 or len(values[0]):
            raise invalid(where, "does not hold the answer of the operation that was asked")
        return parse_xml(values[0].text or "", self.known_as, f"{self.system} document")


def _fault(fault: Element, where: str) -> Refusal:
    code = (fault.findtext("faultcode") or "").strip().rpartition(":")[2].partition(".")[0]
    if code not in _FAULTS:
        return invalid(where, "is a SOAP fault of an unknown code")
    reason, status = _FAULTS[code]
    return Refusal(reason, f"{where}: is a SOAP fault", city_status=status)
