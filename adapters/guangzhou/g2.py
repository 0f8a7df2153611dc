"""G2's dialect: certificates (证明) over the province's signed gateway (x-tif), REST and JSON, one path a service.

Laws: pure; what says 'no such record' is each service's own; a list of homes that is empty is no statement about the holder.
Source: docs/interfaces/guangzhou.md, G2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adapters.connectors.json_body import member, objects, read_object
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.signing import Signer, Stamp
from adapters.connectors.verdict import CodeTable, Meaning, invalid, spelled
from adapters.guangzhou.tif import REFUSALS, signed_post
from gateway.model.city import CityAnswer, CityRequest, Record

SYSTEM = "guangzhou.g2"
CREDENTIALS = frozenset({"paasid", "token"})

_ALWAYS: Mapping[str | int, Meaning] = MappingProxyType(
    {**REFUSALS, 0: Meaning.OK, 4000: Meaning.REFUSED, 4001: Meaning.REFUSED, 4003: Meaning.REFUSED}
)
_CODES = CodeTable(int, _ALWAYS)
_CODES_WITH_NONE = CodeTable(int, {**_ALWAYS, 4004: Meaning.NO_RECORD})


@dataclass(frozen=True, slots=True)
class _Service:
    """One service: where it is, its codes, whether an empty `data` says 'no such record', and which number counts which list."""

    path: str
    codes: CodeTable
    empty_is_none: bool = False
    counted: tuple[str, str] | None = None


SERVICES: Mapping[str, _Service] = MappingProxyType(
    {
        "insuredProof": _Service("/ebus/gzrs/si/insuredProof", _CODES, empty_is_none=True),
        "personalRecords": _Service("/ebus/gzbdc/house/personalRecords", _CODES_WITH_NONE, counted=("fwts", "fwlb")),
        "incomeStatement": _Service("/ebus/gzsw/tax/incomeStatement", _CODES_WITH_NONE),
        "depositProof": _Service("/ebus/gzgjj/fund/depositProof", _CODES_WITH_NONE),
        "violationFines": _Service("/ebus/gzjj/violation/fines", _CODES_WITH_NONE),
        "paymentProof": _Service("/ebus/gzsw/tax/paymentProof", _CODES_WITH_NONE),
        "invoiceCheck": _Service("/ebus/gzsw/invoice/check", _CODES, empty_is_none=True),
        "vehicleTax": _Service("/ebus/gzsw/tax/vehicleTax", _CODES_WITH_NONE),
        "accountTransfers": _Service("/ebus/gzyb/mi/accountTransfers", _CODES_WITH_NONE),
    }
)
OPERATIONS = frozenset(SERVICES)


@dataclass(frozen=True, slots=True)
class G2Dialect:
    """Guangzhou's certificate interface, as one account on the gateway."""

    signer: Signer

    def compose(self, request: CityRequest, stamp: Stamp) -> HttpRequest:
        """The question on the wire, signed."""
        service = SERVICES.get(request.operation)
        if service is None:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        return signed_post(service.path, nest(request.values), self.signer, stamp)

    def read(self, request: CityRequest, response: HttpResponse) -> CityAnswer:
        """The records, or the city's word that there are none. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} {request.operation}"
        service = SERVICES[request.operation]
        answer = read_object(accepted_body(response, where), where)
        status = spelled(answer.get("errcode"))
        if service.codes.judge(answer.get("errcode"), f"{where} errcode") is Meaning.NO_RECORD:
            if answer.get("data") is not None:
                raise invalid(where, "says that there is no record, and gives data", status)
            return CityAnswer(status, no_record=True)
        rows = objects(member(answer, "data", list[object], where), f"{where} data")
        if not rows and not service.empty_is_none:
            raise invalid(f"{where} data", "is empty, which is no statement here", status)
        if service.counted:
            _count(rows, *service.counted, f"{where} data")
        records: tuple[Record, ...] = rows  # type: ignore[assignment]
        return CityAnswer(status, records, no_record=not rows)


def _count(rows: tuple[dict[str, object], ...], total: str, listed: str, where: str) -> None:
    for row in rows:
        count = member(row, total, int, where)
        if count < 1 or len(member(row, listed, list[object], where)) != count:
            raise invalid(f"{where} {total}, {listed}", "contradict one another, or are none")
