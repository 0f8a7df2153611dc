"""G3: the housing registry on the province's service bus (GSB), behind the signed gateway.

Laws: HTTP 200 always; the gateway, the bus and the registry each speak for themselves; checks in the order of the interface document.
Interface: docs/interfaces/guangzhou.md, G3.
"""

from collections.abc import Mapping
from typing import Any

from adapters.guangzhou.simulator.checks import HOLDER, TEXT, body_object, entitled, fields_of, malformed, missing
from adapters.guangzhou.simulator.housing import Record, document
from adapters.guangzhou.simulator.records import Records
from adapters.guangzhou.simulator.tif import BUSINESS, Door, GatewayError, refusal, require
from adapters.simulation.faults import CLOCK_SKEW
from adapters.simulation.operation import Asked, Operation, Reply, json_reply

PATH = "/ebus/gzbdc/gsb/houseRecordQuery"
_FORMS = {"request.QLRZJZL": TEXT, "request.QLRZJH": HOLDER, **{f"request.{name}": form for name, form in BUSINESS.items()}}
_BUS = {200: "成功", 400: "请求报文格式错误", 401: "申请机构未授权", 503: "服务繁忙", 777: "未知状态"}
_RESULTS = {"00": "查询成功", "01": "查无登记信息", "02": "参数不合法", "77": "业务受理中"}
_BY_FAULT = {"unknown_status": 777, "busy": 503}
_SPOILT = {
    "missing_field": lambda record: {name: value for name, value in record.items() if name != "ZMBH"},
    "unknown_code": lambda record: {**record, "FWXX": [{**home, "GHYT": "空中楼阁"} for home in record["FWXX"]]},
    "bad_date": lambda record: {**record, "CXSJ": "20240231093000"},
    "wrong_count": lambda record: {**record, "FWTS": str(len(record["FWXX"]) + 1)},
}
_DOCUMENTS = {
    "inner_garbage": "\x09<result><resultCode>",
    "inner_entity_bomb": '<!DOCTYPE r [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
    + "]><r>&a9;</r>",
    "inner_external_entity": '<!DOCTYPE r [<!ENTITY outside SYSTEM "file:///etc/hostname">]><r>&outside;</r>',
}
_FAULTS = frozenset(
    {
        *_BY_FAULT,
        *_SPOILT,
        *_DOCUMENTS,
        "expired_token",
        "two_holders",
        "other_holder",
        "unknown_result",
        "empty_list",
        CLOCK_SKEW,
    }
)


class _BusError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class HousingRegistry:
    """G3 behind the gateway's door, over one city's records."""

    def __init__(self, records: Records, secrets: Mapping[str, str]) -> None:
        self._records = records
        self._door = Door(secrets)

    def operations(self) -> tuple[Operation, ...]:
        """The one door of G3."""
        return (Operation("g3", "gsb", "POST", PATH, self.answer, faults=_FAULTS),)

    def answer(self, asked: Asked) -> Reply:
        """The registry's document in the bus's envelope, or the refusal of whoever refuses first."""
        try:
            self._door.admit(asked)
            require(asked.fault != "expired_token", 4015)
            inner = self._document(asked)
        except GatewayError as error:
            return refusal(error)
        except _BusError as error:
            return json_reply({"response": {"errorCode": error.code, "errorMsg": _BUS[error.code], "value": None}})
        value = {"type": "GsbString", "value": inner}
        reply = json_reply({"response": {"errorCode": 200, "errorMsg": _BUS[200], "value": value}})
        return Reply(reply.body, response_inner=inner)

    def _document(self, asked: Asked) -> str:
        if asked.fault in _BY_FAULT:
            raise _BusError(_BY_FAULT[asked.fault])
        fields = _fields(asked)
        if missing(fields, _FORMS) or malformed(fields, {**_FORMS, "request.QLRMC": TEXT}) or fields["request.QLRZJZL"] != "1":
            return document("02", _RESULTS["02"])
        if asked.fault in _DOCUMENTS:
            return _DOCUMENTS[asked.fault]
        if asked.fault == "unknown_result":
            return document("77", _RESULTS["77"])
        found = self._found(fields, asked.fault)
        code = "00" if found or asked.fault == "empty_list" else "01"
        return document(code, _RESULTS[code], found)

    def _found(self, fields: Mapping[str, Any], fault: str | None) -> list[Record]:
        number, name = fields["request.QLRZJH"], fields.get("request.QLRMC") or None
        record = self._records.gsb_record(number, name)
        own = [record] if record else []
        if fault in {"two_holders", "other_holder"}:
            return (own if fault == "two_holders" else []) + [self._another(number)]
        if fault == "empty_list":
            return []
        return [_SPOILT[fault](each) for each in own] if fault in _SPOILT else own

    def _another(self, number: str) -> Record:
        others = (person.number for person in self._records.register.people if person.number != number.upper())
        return next(record for other in others if (record := self._records.gsb_record(other)))


def _fields(asked: Asked) -> dict[str, Any]:
    """The request laid flat. Raises the bus's word for a body that is none, or an organisation that may not ask."""
    value = body_object(asked.body)
    if value is None:
        raise _BusError(400)
    fields = fields_of(value)
    if not entitled(str(fields.get("request.ywxx.sqjg") or "11")):
        raise _BusError(401)
    return fields
