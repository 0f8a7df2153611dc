"""G2: certificates behind the province's signed gateway, one path a bureau.

Laws: checks in the order of the interface document; each bureau has its own words for 'no such record'.
Interface: docs/interfaces/guangzhou.md, G2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from adapters.guangzhou.simulator.checks import (
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
from adapters.guangzhou.simulator.tif import BUSINESS, Door, GatewayError, refusal, require
from adapters.simulation.faults import CLOCK_SKEW
from adapters.simulation.operation import Asked, Operation, Reply, json_reply

MOST_MONTHS = 60
_COMPACT, _DASHED = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])"), re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_BY_FAULT = {"unknown_status": 7777, "busy": 5003, "expired_token": 4015}
_RECORD_FAULTS = frozenset({"missing_field", "unknown_code", "bad_date", "two_holders", "other_holder", CLOCK_SKEW})

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


def _find_medical(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.medical_statement(number, body["begnym"], body["endym"], name)


def _find_deposits(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.deposit_proof(number, body["ksny"], body["jsny"], name)


def _find_fines(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.violation_fines(number, body["qsny"], body["jzny"], name)


def _find_tax_paid(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.tax_payment_proof(number, body["ssqq"], body["ssqz"], name)


def _find_vehicle_tax(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    return records.vehicle_tax_record(number, body["qsny"], body["jzny"], name)


def _find_invoice(records: Records, body: Mapping[str, Any], number: str, name: str | None) -> dict[str, Any] | None:
    found = records.checked_invoice(number, name)
    asked = number == body["xsfsbh"]
    return found if found and (not asked or (found["fphm"], found["kprq"]) == (body["fphm"], body["kprq"])) else None


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
    Service(
        name="medical",
        path="/ebus/gzyb/mi/accountTransfers",
        number="certno",
        holder="psn_name",
        required={"psn_cert_type": re.compile("01"), "certno": HOLDER, "begnym": _COMPACT, "endym": _COMPACT},
        optional={"psn_name": TEXT},
        months=("begnym", "endym"),
        find=_find_medical,
        none_is_empty=False,
    ),
    Service(
        name="fund",
        path="/ebus/gzgjj/fund/depositProof",
        number="zjhm",
        holder="xm",
        required={"zjlx": re.compile("01"), "zjhm": HOLDER, "ksny": _COMPACT, "jsny": _COMPACT},
        optional={"xm": TEXT},
        months=("ksny", "jsny"),
        find=_find_deposits,
        none_is_empty=False,
    ),
    Service(
        name="traffic",
        path="/ebus/gzjj/violation/fines",
        number="sfzmhm",
        holder="xm",
        required={"sfzmmc": re.compile("A"), "sfzmhm": HOLDER, "qsny": _DASHED, "jzny": _DASHED},
        optional={"xm": TEXT},
        months=("qsny", "jzny"),
        find=_find_fines,
        none_is_empty=False,
    ),
    Service(
        name="paid",
        path="/ebus/gzsw/tax/paymentProof",
        number="nsrsbh",
        holder="nsrmc",
        required={"nsrlx": re.compile("[12]"), "nsrsbh": HOLDER, "ssqq": _DASHED, "ssqz": _DASHED},
        optional={"nsrmc": TEXT},
        months=("ssqq", "ssqz"),
        find=_find_tax_paid,
        none_is_empty=False,
    ),
    Service(
        name="invoice",
        path="/ebus/gzsw/invoice/check",
        number="xsfsbh",
        holder="xsfmc",
        required={"xsfsbh": HOLDER, "fphm": re.compile("[0-9]{20}"), "kprq": re.compile("[0-9]{8}")},
        optional={"xsfmc": TEXT},
        months=None,
        find=_find_invoice,
        none_is_empty=True,
    ),
    Service(
        name="vehicle",
        path="/ebus/gzsw/tax/vehicleTax",
        number="zjhm",
        holder="nsrmc",
        required={"zjlx": re.compile("[12]01"), "zjhm": HOLDER, "qsny": _COMPACT, "jzny": _COMPACT},
        optional={"nsrmc": TEXT},
        months=("qsny", "jzny"),
        find=_find_vehicle_tax,
        none_is_empty=False,
    ),
)


class SignedGateway:
    """G2 behind the gateway's door, over one city's records."""

    def __init__(self, records: Records, secrets: Mapping[str, str]) -> None:
        self._records = records
        self._door = Door(secrets)

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
                return refusal(error)
            return json_reply({"errcode": 0, "errmsg": "ok", "data": data})

        return answer

    def _serve(self, service: Service | None, asked: Asked) -> list[dict[str, Any]]:
        self._door.admit(asked)
        if asked.fault in _BY_FAULT:
            raise GatewayError(_BY_FAULT[asked.fault])
        if service is None:
            raise GatewayError(4040)
        body = _checked(service, asked)
        require(entitled(body["ywxx.sqjg"]), 4003)
        record = service.find(self._records, body, body[service.number], body.get(service.holder) or None)
        found = self._faulty(service, body, record, asked.fault) if asked.fault else [record] if record else []
        if not found and not service.none_is_empty:
            raise GatewayError(4004)
        return found

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
        register = self._records.register
        others = chain((person.number for person in register.people), (company.code for company in register.companies))
        found = (service.find(self._records, body, number, None) for number in others if number != body[service.number].upper())
        return [next(record for record in found if record)]


def _checked(service: Service, asked: Asked) -> dict[str, Any]:
    value = body_object(asked.body)
    if value is None:
        raise GatewayError(4001)
    body = fields_of(value)
    required = service.required | BUSINESS
    require(missing(body, required) is None, 4000)
    require(malformed(body, required | service.optional | {"ywxx.sqjgmc": TEXT}) is None, 4001)
    if service.months:
        first, last = (Month.of(body[name]) for name in service.months)
        require(first <= last < first.plus(MOST_MONTHS), 4001)
    return body
