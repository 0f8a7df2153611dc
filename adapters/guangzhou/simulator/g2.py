"""G2: three certificates behind the province's signed gateway, one path a bureau.

Laws: checks in the order of the interface document; a nonce serves once; each bureau has its own words for 'no such
record'. Interface: docs/interfaces/guangzhou.md, G2.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.guangzhou.simulator.checks import (
    CASE,
    CODE,
    HOLDER,
    TEXT,
    body_object,
    entitled,
    fields_of,
    malformed,
    missing,
)
from adapters.guangzhou.simulator.records import Records
from adapters.guangzhou.simulator.register import Month
from adapters.guangzhou.simulator.spoilt import spoilt_certificate
from adapters.simulation.operation import Asked, Operation, Reply, json_reply
from adapters.simulation.seen import Seen

SKEW = 300
MOST_MONTHS = 60
_HEADERS = {
    "x-tif-paasid": TEXT,
    "x-tif-timestamp": re.compile(r"[0-9]{1,12}"),
    "x-tif-nonce": re.compile(r"[0-9A-Za-z-]{16,64}"),
    "x-tif-signature": re.compile(r"[0-9A-Fa-f]{64}"),
}
_BUSINESS = {
    "ywxx.sxbm": TEXT,
    "ywxx.sxmc": TEXT,
    "ywxx.bjbh": CASE,
    "ywxx.czyzh": TEXT,
    "ywxx.czyxm": TEXT,
    "ywxx.sqjg": CODE,
}
_COMPACT, _DASHED = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])"), re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_MESSAGES = {
    4000: "缺少必填参数",
    4001: "参数格式不正确",
    4003: "申请机构未获授权",
    4004: "查无记录",
    4011: "签名校验失败",
    4012: "时间戳超出允许范围",
    4013: "nonce重复",
    4014: "缺少x-tif请求头",
    4015: "token已更换",
    4040: "服务不存在",
    5000: "系统内部错误",
    5003: "系统繁忙,请稍后再试",
    7777: "未知状态",
}
_BY_FAULT = {"unknown_status": 7777, "busy": 5003, "expired_token": 4015}
_RECORD_FAULTS = frozenset({"missing_field", "unknown_code", "bad_date", "two_holders", "other_holder"})

Find = Callable[[Records, Mapping[str, Any], str, str | None], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Service:
    """One bureau's service: its fields, and its words for 'no such record'.

    `find` takes the records, the fields, a number and a name (None: whatever the name is).
    """

    name: str
    path: str
    number: str
    holder: str
    required: dict[str, re.Pattern[str]]
    optional: dict[str, re.Pattern[str]]
    months: tuple[str, str] | None
    find: Find
    none_is_empty: bool


def _find_insurance(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.insurance_proof(number, body["aae041"], body["aae042"], name)


def _find_housing(records: Records, _: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.housing_record(number, name)


def _find_tax(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.income_tax_statement(number, body["sksqq"], body["sksqz"], name)


SERVICES = (
    Service(
        name="si",
        path="/ebus/gzrs/si/insuredProof",
        number="aac002",
        holder="aac003",
        required={
            "aac058": re.compile("01"),
            "aac002": HOLDER,
            "aac003": TEXT,
            "aae041": _COMPACT,
            "aae042": _COMPACT,
        },
        optional={},
        months=("aae041", "aae042"),
        find=_find_insurance,
        none_is_empty=True,
    ),
    Service(
        name="house",
        path="/ebus/gzbdc/house/personalRecords",
        number="qlrzjh",
        holder="qlrmc",
        required={"qlrzjzl": re.compile("1"), "qlrzjh": HOLDER, "qlrmc": TEXT},
        optional={},
        months=None,
        find=_find_housing,
        none_is_empty=False,
    ),
    Service(
        name="tax",
        path="/ebus/gzsw/tax/incomeStatement",
        number="zjhm",
        holder="xm",
        required={"zjlx": re.compile("201"), "zjhm": HOLDER, "sksqq": _DASHED, "sksqz": _DASHED},
        optional={"xm": TEXT},
        months=("sksqq", "sksqz"),
        find=_find_tax,
        none_is_empty=False,
    ),
)


class GatewayError(Exception):
    """A refusal of the gateway or of a bureau, by its errcode."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class SignedGateway:
    """The gateway's state: one account, and the nonces seen within twice the skew."""

    def __init__(self, records: Records, secrets: Mapping[str, str]) -> None:
        self._records = records
        self._paasid, self._token = secrets["paasid"], secrets["token"]
        self._nonces = Seen(2.0 * SKEW)

    def operations(self) -> tuple[Operation, ...]:
        """The doors of G2; the last one is every path that is no service."""
        services = [
            Operation(
                "g2",
                service.name,
                "POST",
                service.path,
                self._answering(service),
                faults=frozenset(_BY_FAULT) | _RECORD_FAULTS,
            )
            for service in SERVICES
        ]
        return (*services, Operation("g2", "unknown", "*", "/ebus/{rest:.*}", self._answering(None)))

    def _answering(self, service: Service | None) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            try:
                data = self._serve(service, asked)
            except GatewayError as error:
                return json_reply({"errcode": error.code, "errmsg": _MESSAGES[error.code], "data": None})
            return json_reply({"errcode": 0, "errmsg": "ok", "data": data})

        return answer

    def _serve(self, service: Service | None, asked: Asked) -> list[dict[str, Any]]:
        self._admit(asked)
        if asked.fault in _BY_FAULT:
            raise GatewayError(_BY_FAULT[asked.fault])
        if service is None:
            raise GatewayError(4040)
        body = _checked(service, asked)
        _require(entitled(body["ywxx.sqjg"]), 4003)
        record = service.find(self._records, body, body[service.number], body.get(service.holder) or None)
        found = self._faulty(service, body, record, asked.fault) if asked.fault else [record] if record else []
        if not found and not service.none_is_empty:
            raise GatewayError(4004)
        return found

    def _admit(self, asked: Asked) -> None:
        headers = {name: asked.headers.get(name) for name in _HEADERS}
        _require(missing(headers, _HEADERS) is None and malformed(headers, _HEADERS) is None, 4014)
        timestamp, nonce = str(headers["x-tif-timestamp"]), str(headers["x-tif-nonce"])
        signature = hashlib.sha256(f"{timestamp}{self._token}{nonce}{timestamp}".encode()).hexdigest()
        known = headers["x-tif-paasid"] == self._paasid
        _require(known and hmac.compare_digest(signature, str(headers["x-tif-signature"])), 4011)
        _require(abs(asked.now - int(timestamp)) <= SKEW, 4012)
        _require(not self._nonces.again(nonce, asked.now), 4013)

    def _faulty(
        self, service: Service, body: Mapping[str, Any], record: dict[str, Any] | None, fault: str
    ) -> list[dict[str, Any]]:
        own = [record] if record else []
        if fault == "two_holders":
            return own + self._another(service, body)
        if fault == "other_holder":
            return self._another(service, body)
        return [spoilt_certificate(service.name, one, fault) for one in own]

    def _another(self, service: Service, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        others = (person.number for person in self._records.register.people)
        found = (service.find(self._records, body, number, None) for number in others if number != body[service.number].upper())
        return [next(record for record in found if record)]


def _checked(service: Service, asked: Asked) -> dict[str, Any]:
    value = body_object(asked.body)
    if value is None:
        raise GatewayError(4001)
    body = fields_of(value)
    required = service.required | _BUSINESS
    _require(missing(body, required) is None, 4000)
    _require(malformed(body, required | service.optional | {"ywxx.sqjgmc": TEXT}) is None, 4001)
    if service.months:
        first, last = (Month.of(body[name]) for name in service.months)
        _require(first <= last < first.plus(MOST_MONTHS), 4001)
    return body


def _require(holds: bool, code: int) -> None:  # noqa: FBT001 - the condition is the sentence
    if not holds:
        raise GatewayError(code)
