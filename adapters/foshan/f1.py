"""F1's dialect: e-licences (电子证照) in the CertShare style, SOAP 1.1 around a document declared gb2312 that is GB18030.

Laws: pure; status 10 is the only 'no such record', and for a shown code there is none; what is joined by `^` is split here, so that
a table sees holder after holder.
Source: docs/interfaces/foshan.md, F1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.etree.ElementTree import Element

from adapters.connectors.json_body import expect, read_json_text
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.signing import Stamp
from adapters.connectors.soap import Envelope
from adapters.connectors.verdict import CodeTable, Meaning, invalid
from adapters.connectors.xml_text import named, read_xml, text_of, write_xml
from gateway.model.city import CityAnswer, CityFile, CityRequest, Record

SYSTEM = "foshan.f1"
CREDENTIALS = frozenset({"access_id", "access_token"})
VERIFY = "verifyCertInfo"
DOWNLOAD = "downloadFile"
FILE_MARKER = re.compile(rb"(?:&lt;|<)fileData(?:&gt;|>)")
"""What stands right before a file: the inner document is escaped text, or CDATA."""
BY_CODE = "queryCertInfoByQRcode"
OPERATIONS = frozenset({"queryCertInfoByHolderCode", "queryCert", BY_CODE, VERIFY})

ENVELOPE = Envelope(
    system=SYSTEM,
    namespace="urn:certshare:foshan",
    parameter="xmlParam",
    value="return",
    charset="gb18030",
    declared="gb2312",
    known_as=frozenset({"gb2312", "gbk", "gb18030"}),
)

STATUS = CodeTable(
    str,
    {
        "0": Meaning.OK,
        "10": Meaning.NO_RECORD,
        "11": Meaning.REFUSED,
        "12": Meaning.REFUSED,
        "99": Meaning.UNAVAILABLE,
        "100": Meaning.REFUSED,
        "102": Meaning.REFUSED,
        "113": Meaning.REFUSED,
    },
)

# Of a shown code alone 10 and 102 are about the code: it says of nobody that they hold nothing.
CODE_STATUS = CodeTable(str, {**STATUS.meanings, "10": Meaning.CODE_REFUSED, "102": Meaning.CODE_REFUSED})

_PATH = "/CertShare/services/CertShareService"
_HEADERS = {"Content-Type": "text/xml; charset=gb2312", "SOAPAction": '""'}
_JOINT = "^"
_USE = "useCause."
_FORMATS = MappingProxyType({"ofd": "OFD", "png": "PNG"})
_SIZE = re.compile(r"[1-9][0-9]{0,9}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_CLAIMS = "verifyData."
_AGREES: Mapping[str, bool | None] = MappingProxyType({"1": True, "0": False, "2": None})
_HOLDER_PARTS = ("CZZT", "CZZTDM", "CZZTDMLXDM")
# What certData says of each holder, joined in the order of CZZT.
_HOLDER_DATA = ("XBDM", "QLBL")


@dataclass(frozen=True, slots=True)
class F1Dialect:
    """Foshan's e-licence interface, as one access to it."""

    access_id: str
    access_token: str = field(repr=False)

    def compose(self, request: CityRequest, stamp: Stamp) -> HttpRequest:  # noqa: ARG002 - F1 signs nothing
        """The question on the wire. Raises INVALID_REQUEST for a text that XML cannot carry."""
        if request.operation not in OPERATIONS:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        values = {**request.values, "fileInfo": "1"} if request.files else request.values
        return self._written(request.operation, values)

    def compose_download(self, request: CityRequest, file: CityFile) -> HttpRequest:
        """Asks for a file of a record that `request` brought."""
        use = {name: text for name, text in request.values.items() if name.startswith(_USE)}
        return self._written(DOWNLOAD, {"certTypeCode": request.values["certTypeCode"], "fileId": file.reference, **use})

    def read_download(self, head: HttpResponse, envelope: bytes) -> None:
        """What came around a file, once it has come. Raises Refusal, blame COUNTERPARTY, where the city did not give it."""
        where = f"{SYSTEM} {DOWNLOAD}"
        root = ENVELOPE.open(DOWNLOAD, accepted_body(HttpResponse(head.status, head.headers, envelope), where))
        status = text_of(root if root.tag == "response" else None, "head/status", where)
        if STATUS.judge(status, f"{where} head.status") is not Meaning.OK:
            raise invalid(where, "does not know the file that it named", status)
        if len(root.findall("data/fileData")) != 1:
            raise invalid(f"{where} fileData", "is missing, or stands twice", status)

    def _written(self, operation: str, values: Mapping[str, str]) -> HttpRequest:
        head = write_xml({"accessId": self.access_id, "accessToken": self.access_token})
        document = f"<request><head>{head}</head><data>{write_xml(nest(values))}</data></request>"
        return HttpRequest("POST", _PATH, _HEADERS, ENVELOPE.compose(operation, document))

    def read(self, request: CityRequest, response: HttpResponse) -> CityAnswer:
        """The certificates, or a verdict on each claim, or the city's word that there are none. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} {request.operation}"
        root = ENVELOPE.open(request.operation, accepted_body(response, where))
        status = text_of(root if root.tag == "response" else None, "head/status", where)
        by_code = request.operation == BY_CODE
        meaning = (CODE_STATUS if by_code else STATUS).judge(status, f"{where} head.status")
        data = named(root, "data")
        if len(data) != (meaning is Meaning.OK):
            raise invalid(f"{where} data", "stands without status 0, or is missing with it, or stands twice", status)
        if meaning is Meaning.NO_RECORD:
            return CityAnswer(status, no_record=True)
        if request.operation == VERIFY:
            return CityAnswer(status, verdicts=_compared(data[0], request.values, where))
        files = _files(data[0], where) if request.files else ()
        shown_by = text_of(data[0], "holderCode", where) if by_code else ""
        certificates = _certificates(data[0], request.values["certTypeCode"], where)
        return CityAnswer(status, certificates, files=files, shown_by=shown_by)


def _files(data: Element, where: str) -> tuple[tuple[CityFile, ...], ...]:
    """The files of each certificate; one without any has none in this form."""
    return tuple(
        tuple(_file(file, f"{where} fileInfo") for file in each.findall("fileInfo/file")) for each in data.findall("certInfo")
    )


def _file(element: Element, where: str) -> CityFile:
    kind, size, digest, known = (text_of(element, name, where) for name in ("fileType", "fileSize", "fileDigest", "fileId"))
    if kind not in _FORMATS or not _SIZE.fullmatch(size) or not _DIGEST.fullmatch(digest) or not known:
        raise invalid(where, "has a part that is none by the interface")
    return CityFile(_FORMATS[kind], known, digest.lower(), int(size))


def _compared(data: Element, asked: Mapping[str, str], where: str) -> tuple[Mapping[str, bool | None], ...]:
    """For each certificate a verdict on each claim, by the name under which it was asked."""
    wanted = {name.removeprefix(_CLAIMS) for name in asked if name.startswith(_CLAIMS)}
    return tuple(_verdicts(each, wanted, f"{where} verifyInfo") for each in _counted(data, "verifyInfo", where))


def _verdicts(element: Element, wanted: set[str], where: str) -> Mapping[str, bool | None]:
    record = read_xml(element, where)
    items = expect(record.get("verifyItems"), dict[str, object], f"{where} verifyItems")
    if items.keys() != wanted or not all(isinstance(said, str) and said in _AGREES for said in items.values()):
        raise invalid(f"{where} verifyItems", "is not a verdict on each claim")
    if record.get("verifyResult") != str(int(all(said == "1" for said in items.values()))):
        raise invalid(f"{where} verifyResult", "contradicts verifyItems")
    return {f"{_CLAIMS}{name}": _AGREES[str(said)] for name, said in items.items()}


def _certificates(data: Element, type_code: str, where: str) -> tuple[Record, ...]:
    return tuple(_certificate(each, type_code, f"{where} certInfo") for each in _counted(data, "certInfo", where))


def _counted(data: Element, name: str, where: str) -> list[Element]:
    total, found = text_of(data, "totalCount", where), named(data, name)
    if not found or total != str(len(found)):
        raise invalid(f"{where} totalCount", "is not the number of certificates given, or that is none")
    return found


def _certificate(element: Element, type_code: str, where: str) -> Record:
    record = read_xml(element, where)
    if record.get("ZZLXDM") != type_code:
        raise invalid(f"{where} ZZLXDM", "is not the type that was asked for")
    data = expect(
        read_json_text(expect(record.get("certData"), str, f"{where} certData"), f"{where} certData"), dict[str, object], where
    )
    holders = _holders(record, data, where)
    return {**record, "certData": data, "holders": holders}  # type: ignore[dict-item]


def _holders(record: Mapping[str, object], data: Mapping[str, object], where: str) -> list[dict[str, str]]:
    """One record for each holder. How many there are, the type codes say: a name may hold anything."""
    count = expect(record.get("CZZTDMLXDM"), str, f"{where} CZZTDMLXDM").count(_JOINT) + 1
    said = {name: record.get(name) for name in _HOLDER_PARTS} | {name: data[name] for name in _HOLDER_DATA if name in data}
    columns = {name: _split(value, count, f"{where} {name}") for name, value in said.items()}
    return [{name: parts[place] for name, parts in columns.items()} for place in range(count)]


def _split(value: object, count: int, where: str) -> list[str]:
    text = expect(value, str, where)
    parts = [text] if count == 1 else text.split(_JOINT)
    if len(parts) != count:
        raise invalid(where, "does not have one part for each holder")
    return parts
