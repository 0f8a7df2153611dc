"""G3's dialect: housing records (个人住房记录) over the signed gateway, where the answer is an XML document in a JSON string.

Laws: pure; three voices speak - the gateway, the service bus, the registry - and all are read; only the registry's resultCode 01 says
'no such record', and only without a record; figures in full-width signs are read as the same figures, texts stay as they are.
Source: docs/interfaces/guangzhou.md, G3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree.ElementTree import Element

from adapters.connectors.json_body import member, read_object
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.signing import Signer, Stamp
from adapters.connectors.verdict import CodeTable, Meaning, invalid, spelled
from adapters.connectors.xml_text import named, only_text, parse_xml, read_xml
from adapters.guangzhou.tif import REFUSALS, signed_post
from gateway.model.city import CityAnswer, CityRequest, Record

SYSTEM = "guangzhou.g3"
CREDENTIALS = frozenset({"paasid", "token"})

_PATHS: Mapping[str, str] = MappingProxyType({"houseRecordQuery": "/ebus/gzbdc/gsb/houseRecordQuery"})
OPERATIONS = frozenset(_PATHS)

GATEWAY = CodeTable(int, REFUSALS)
BUS = CodeTable(
    int,
    {200: Meaning.OK, 400: Meaning.REFUSED, 401: Meaning.REFUSED, 500: Meaning.UNAVAILABLE, 503: Meaning.UNAVAILABLE},
)
REGISTRY = CodeTable(
    str,
    {"00": Meaning.OK, "01": Meaning.NO_RECORD, "02": Meaning.REFUSED, "03": Meaning.REFUSED, "99": Meaning.UNAVAILABLE},
)

_TYPE = "GsbString"
_CHARSETS = frozenset({"utf-8"})
_FIGURES = frozenset({"CXSJ", "QLRZJH", "FWTS", "FWMJ", "DJSJ", "GYFE"})
_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ．－／", "0123456789Xx.-/")


@dataclass(frozen=True, slots=True)
class G3Dialect:
    """Guangzhou's housing registry behind the gateway, as one account on it."""

    signer: Signer

    def compose(self, request: CityRequest, stamp: Stamp) -> HttpRequest:
        """The question on the wire, signed."""
        path = _PATHS.get(request.operation)
        if path is None:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        return signed_post(path, {"request": nest(request.values)}, self.signer, stamp)

    def read(self, request: CityRequest, response: HttpResponse) -> CityAnswer:
        """The records, or the registry's word that there are none. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} {request.operation}"
        bus, document = _carried(read_object(accepted_body(response, where), where), where)
        root = parse_xml(document, _CHARSETS, f"{where} document")
        parts = list(root) if root.tag == "result" else []
        code = only_text(named(parts, "resultCode"), f"{where} resultCode")
        status = spelled(f"{bus}.{code}")
        meaning = REGISTRY.judge(code, f"{where} resultCode", status)
        found = named(parts, "record")
        if bool(found) != (meaning is Meaning.OK):
            raise invalid(f"{where} record", "stands without resultCode 00, or is missing with it", status)
        return CityAnswer(status, tuple([_record(each, f"{where} record") for each in found]), no_record=not found)


def _carried(answer: dict[str, object], where: str) -> tuple[int, str]:
    """The bus's code and the document that it carries. What the gateway says instead of that is a refusal."""
    if "errcode" in answer:
        GATEWAY.judge(answer["errcode"], f"{where} errcode")
    response = member(answer, "response", dict[str, object], where)
    code = response.get("errorCode")
    BUS.judge(code, f"{where} errorCode")
    value = member(response, "value", dict[str, object], where)
    if value.get("type") != _TYPE:
        raise invalid(f"{where} value.type", "is not the one that the interface names", spelled(code))
    return member(response, "errorCode", int, where), member(value, "value", str, f"{where} value")


def _record(element: Element, where: str) -> Record:
    record = _figures(read_xml(element, where))
    listed = record.get("FWXX", [])
    homes = record["FWXX"] = [_home(each, where) for each in (listed if isinstance(listed, list) else [listed])]
    if not homes or record.get("FWTS") != str(len(homes)):
        raise invalid(f"{where} FWTS", "is not the number of homes given, or that is none")
    return record  # type: ignore[return-value]


def _home(said: object, where: str) -> dict[str, object]:
    if not isinstance(said, dict):
        raise invalid(f"{where} FWXX", "is no record of a home")
    return _figures(said)


def _figures(record: dict[str, object]) -> dict[str, object]:
    """The record, in which each figure that stands in full-width signs is replaced."""
    for name in _FIGURES:
        value = record.get(name)
        if isinstance(value, str) and not value.isascii():
            record[name] = value.translate(_FULL_WIDTH)
    return record
