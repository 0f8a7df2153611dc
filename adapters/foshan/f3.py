"""F3's dialect: medical-insurance statements (医保个人账户划拨清单) in the NHSA style, each message encrypted (SM4) and signed (SM2).

Laws: pure; the platform's `code` is read first and says nothing about a holder; 'no such record' counts only from within an envelope that
the platform signed, under the msgid of this very question.
Source: docs/interfaces/foshan.md, F3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.connectors.json_body import expect, member, read_object, write_json
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.sealed import Sealer
from adapters.connectors.signing import Stamp
from adapters.connectors.verdict import CodeTable, Meaning, invalid, spelled
from gateway.model.city import CityAnswer, CityRequest, Record
from gateway.model.refusal import Reason, Refusal

SYSTEM = "foshan.f3"
CREDENTIALS = frozenset({"app_code", "sm4_key", "private_key", "platform_key"})

_NUMBERS: Mapping[str, str] = MappingProxyType({"accountTransfers": "FS5203"})
OPERATIONS = frozenset(_NUMBERS)

PLATFORM = CodeTable(
    str,
    {
        "0": Meaning.OK,
        **dict.fromkeys(("1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "2001"), Meaning.REFUSED),
        "5000": Meaning.UNAVAILABLE,
        "5001": Meaning.UNAVAILABLE,
    },
)
BUSINESS = CodeTable(
    str,
    {
        "0000": Meaning.OK,
        "2404": Meaning.NO_RECORD,
        "2400": Meaning.REFUSED,
        "2422": Meaning.REFUSED,
        "2500": Meaning.UNAVAILABLE,
    },
)

_PATH = "/fsyb/api/v1/"
_HEADERS = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass(frozen=True, slots=True)
class F3Dialect:
    """Foshan's medical insurance, as one subscriber with its keys."""

    sealer: Sealer = field(repr=False)

    def compose(self, request: CityRequest, stamp: Stamp, vector: bytes) -> HttpRequest:
        """The question on the wire, sealed; the stamp's nonce is its msgid. A millisecond of SM2."""
        number = _NUMBERS.get(request.operation)
        if number is None:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        document = write_json({"msgid": stamp.nonce, "infno": number, **nest(request.values)})
        envelope = self.sealer.seal(document, stamp.moment, vector)
        return HttpRequest("POST", _PATH + number, _HEADERS, write_json({"data": envelope}))

    def read(self, request: CityRequest, response: HttpResponse, stamp: Stamp) -> CityAnswer:
        """The record, or the city's word that there is none, to the question of this stamp. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} {request.operation}"
        answer = read_object(accepted_body(response, where), where)
        PLATFORM.judge(answer.get("code"), f"{where} code")
        envelope = member(answer, "data", dict[str, object], where)
        document = self.sealer.open(envelope, stamp.moment, f"{where} envelope")
        return _answered(read_object(document, f"{where} document"), stamp.nonce, where)


def _answered(document: dict[str, object], msgid: str, where: str) -> CityAnswer:
    if document.get("msgid") != msgid:
        raise invalid(f"{where} msgid", "is not that of the question")
    code, output = document.get("infcode"), document.get("output")
    status = f"0.{spelled(code)}"
    if BUSINESS.judge(code, f"{where} infcode", status) is Meaning.NO_RECORD:
        if output is not None:
            raise invalid(where, "says that there is no record, and gives output", status)
        return CityAnswer(status, no_record=True)
    if isinstance(output, list) and len(output) > 1:
        raise Refusal(Reason.HOLDER_AMBIGUOUS, f"{where} output: is several records, where one is meant", city_status=status)
    record: Record = expect(output, dict[str, object], f"{where} output")  # type: ignore[assignment]
    return CityAnswer(status, (record,))
