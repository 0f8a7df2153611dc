"""The CertShare envelope: SOAP 1.1 around one string that is itself an XML document.

Laws: bytes are GB18030 whatever they declare; answers declare gb2312; no entity is ever resolved and a document type is
refused, in the envelope and inside. Standard: SOAP 1.1 (W3C Note, May 2000); the interface page, F1.1 and F1.2.
"""

import re
from dataclasses import dataclass, field

from lxml import etree

from adapters.simulation.operation import Reply

CHARSET = "gb18030"
DECLARATION = '<?xml version="1.0" encoding="gb2312"?>\n'
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "urn:certshare:foshan"

_CONTENT_TYPE = "text/xml; charset=gb2312"
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*\?>")


class UnreadableError(ValueError):
    """A document that cannot be read; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an envelope asks: the operation's name and its one string parameter."""

    operation: str
    inner: str = field(repr=False)


def read_call(body: bytes) -> Call:
    """The call in a request's envelope; UnreadableError where there is none."""
    try:
        text = body.decode(CHARSET)
    except UnicodeDecodeError:
        raise UnreadableError("the message is not GB18030") from None
    root = read_document(text)
    asked = root.find(f"{{{SOAP}}}Body/*")
    if root.tag != f"{{{SOAP}}}Envelope" or asked is None:
        raise UnreadableError("the message is no SOAP 1.1 envelope with a body")
    name = etree.QName(asked)
    parameter = asked.find("xmlParam")
    if name.namespace != SERVICE or parameter is None:
        raise UnreadableError("the body holds no operation of this service with an xmlParam")
    return Call(name.localname, parameter.text or "")


def read_document(text: str) -> etree._Element:
    """The root of an XML document given as text; UnreadableError if it is not well-formed or has a document type."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_DECLARED.sub("", text, count=1).strip().encode(), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        raise UnreadableError("the document is not well-formed") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("a document type is not allowed")
    return root


def document(root: etree._Element) -> str:
    """The XML document of `root` as text, declared gb2312."""
    return DECLARATION + etree.tostring(root, encoding="unicode")


def answer(call: Call, inner: str) -> Reply:
    """The reply to `call` whose value is the document `inner`."""
    body = etree.Element(f"{{{SOAP}}}Body", nsmap=None)
    response = etree.SubElement(body, f"{{{SERVICE}}}{call.operation}Response", nsmap={"ns2": SERVICE})
    etree.SubElement(response, "return").text = inner
    return _reply(body, call.inner, inner)


def fault(reason: str) -> Reply:
    """A SOAP Fault that blames the client; HTTP 200 all the same."""
    body = etree.Element(f"{{{SOAP}}}Body", nsmap=None)
    told = etree.SubElement(body, f"{{{SOAP}}}Fault")
    etree.SubElement(told, "faultcode").text = "soap:Client"
    etree.SubElement(told, "faultstring").text = reason
    return _reply(body, None, None)


def _reply(body: etree._Element, asked: str | None, answered: str | None) -> Reply:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    envelope.append(body)
    return Reply(
        body=document(envelope).encode(CHARSET),
        content_type=_CONTENT_TYPE,
        charset=CHARSET,
        request_inner=asked,
        response_inner=answered,
    )
