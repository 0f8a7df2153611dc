"""F2, the departments: what each asks for, how each says yes, no and 'no such record'.

Laws: one table row a service; type and meaning of `custom.code` are the row's own. The interface page, F2.4 to F2.12.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from adapters.foshan.simulator import numbers
from adapters.foshan.simulator.certificates import NO_HOME, Month, Record
from adapters.foshan.simulator.records import Register

_LONGEST_RANGE_MONTHS = 60
_LONGEST_TEXT = 200
_MONTHS = range(1, 13)
_USE = ("sxbm", "sxmc", "ywbh")

Custom = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """How a department words its verdicts: (code, text) each; `none` is 'no such record'."""

    fine: tuple[int | str, str]
    none: tuple[int | str, str]
    missing: tuple[int | str, str]
    wrong: tuple[int | str, str]
    nothing: Record | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its fields' names, the form of its months, its words, and the register it looks into.

    `spoilt` maps a fault to the field of the record (or of its first row) that it changes, and to the value; None takes
    the field out. `also` are fields that have to be those of the record found.
    """

    name: str
    path: str
    number: str
    holder: str
    months: tuple[str, ...]
    month_form: re.Pattern[str]
    words: Words
    look_up: Callable[[Register, str, Month, Month], Record | None]
    spoilt: dict[str, tuple[str, str | None]]
    forms: tuple[Callable[[str], str | None], ...] = (numbers.resident,)
    also: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def custom(self, register: Register, asked: Record, fault: str | None) -> Custom:
        """The department's answer to the body `asked`."""
        if not self._complete(asked):
            return _said(self.words.missing)
        number = self._number(asked[self.number])
        span = self._span(asked)
        if number is None or span is None or not self._proper(asked):
            return _said(self.words.wrong)
        found = self._found(register, number, asked, span)
        return self._answer(register, number, span, found, fault)

    def _complete(self, asked: Record) -> bool:
        use = asked.get("yysm")
        wanted = (asked.get(name) for name in (self.number, *self.months, *self.also))
        return isinstance(use, dict) and all(wanted) and all(use.get(name) for name in _USE)

    def _number(self, said: object) -> str | None:
        read = (form(said) for form in self.forms) if isinstance(said, str) else ()
        return next((number for number in read if number), None)

    def _proper(self, asked: Record) -> bool:
        if not all(form.fullmatch(str(asked[name])) for name, form in self.also.items()):
            return False
        texts = [*(asked["yysm"][name] for name in _USE), asked.get(self.holder) or ""]
        return all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts)

    def _span(self, asked: Record) -> tuple[Month, Month] | None:
        if not self.months:
            return (0, 0), (0, 0)
        matches = [self.month_form.fullmatch(str(asked[name])) for name in self.months]
        begin, end = ((int(found[1]), int(found[2])) if found else (0, 0) for found in matches)
        proper = all(year > 0 and month in _MONTHS for year, month in (begin, end))
        length = (end[0] - begin[0]) * 12 + end[1] - begin[1] + 1
        return (begin, end) if proper and 1 <= length <= _LONGEST_RANGE_MONTHS else None

    def _found(self, register: Register, number: str, asked: Record, span: tuple[Month, Month]) -> Record | None:
        name = (asked.get(self.holder) or "").strip()
        if name and name != register.name_of(number):
            return self.words.nothing
        found = self.look_up(register, number, *span)
        return found if found and all(found[name] == asked[name] for name in self.also) else self.words.nothing

    def _answer(
        self, register: Register, number: str, span: tuple[Month, Month], found: Record | None, fault: str | None
    ) -> Custom:
        if fault in {"two_holders", "other_holder"}:
            wanted = [number, *register.numbers_of_others(number)][fault == "other_holder" :]
            found_of_each = (self.look_up(register, each, *span) for each in wanted)
            held = (record for record in found_of_each if record not in (None, self.words.nothing))
            return _said(self.words.fine, next(held) if fault == "other_holder" else [*islice(held, 2)])
        if fault == "unknown_custom_code":
            return _said(("E77", "业务受理中") if isinstance(self.words.fine[0], str) else (77, "业务受理中"))
        if fault == "empty_without_flag" and self.words.nothing is not None:
            return _said(self.words.fine, {**self.words.nothing, "wfbz": "0"})
        if found is None:
            return _said(self.words.none)
        return _said(self.words.fine, _changed(found, self.spoilt.get(fault or "")))


def _said(words: tuple[int | str, str], data: Any = None) -> Custom:
    code, text = words
    return {"code": code, "text": text} if data is None else {"code": code, "text": text, "data": data}


def _changed(record: Record, change: tuple[str, str | None] | None) -> Record:
    if change is None:
        return record
    name, value = change
    if name in record:
        kept = {key: held for key, held in record.items() if key != name}
        return kept if value is None else {**record, name: value}
    return {key: _first_row_changed(held, change) for key, held in record.items()}


def _first_row_changed(held: Any, change: tuple[str, str | None]) -> Any:
    if not isinstance(held, list) or not held:
        return held
    return [_changed(held[0], change), *held[1:]] if change[0] in held[0] else held


INSURED_PROOF = Service(
    name="insuredProof",
    path="/gjgxjhpt/rest/fsrs/insuredProof",
    number="idNo",
    holder="personName",
    months=("beginMonth", "endMonth"),
    month_form=re.compile(r"([0-9]{4})([0-9]{2})"),
    words=Words(fine=(1, "查询成功"), none=(2, "查无参保记录"), missing=(3, "缺少必填参数"), wrong=(4, "参数格式错误")),
    look_up=lambda register, number, begin, end: register.insured_proof(number, begin, end),
    spoilt={
        "missing_field": ("insureState", None),
        "unknown_code": ("insureState", "8"),
        "bad_date": ("printDate", "20240231"),
    },
)
HOUSE_RECORD = Service(
    name="houseRecord",
    path="/gjgxjhpt/rest/fszrzy/houseRecord",
    number="zjhm",
    holder="xm",
    months=(),
    month_form=re.compile(""),
    words=Words(
        fine=("0", "成功"),
        none=("0", "成功"),
        missing=("1001", "缺少必填参数"),
        wrong=("1002", "参数值不合法"),
        nothing=NO_HOME,
    ),
    look_up=lambda register, number, _begin, _end: register.house_record(number),
    spoilt={
        "missing_field": ("bdcqzh", None),
        "unknown_code": ("ghyt", "77"),
        "bad_date": ("cjrq", "2024/02/31"),
    },
)
INCOME_TAX_LIST = Service(
    name="incomeTaxList",
    path="/gjgxjhpt/rest/fssw/incomeTaxList",
    number="NSRSBH",
    holder="NSRXM",
    months=("SSQQ", "SSQZ"),
    month_form=re.compile(r"([0-9]{4})-([0-9]{2})"),
    words=Words(
        fine=("0000", "成功"),
        none=("1404", "未查询到该纳税人的纳税记录"),
        missing=("1400", "缺少必填参数"),
        wrong=("1422", "参数校验不通过"),
    ),
    look_up=lambda register, number, begin, end: register.income_tax(number, begin, end),
    spoilt={
        "missing_field": ("HJSE", None),
        "unknown_code": ("SDXM", "88"),
        "bad_date": ("KJRQ", "2024-02-31"),
    },
)
DEPOSIT_PROOF = Service(
    name="depositProof",
    path="/gjgxjhpt/rest/fszfgjj/depositProof",
    number="idCard",
    holder="name",
    months=("startMonth", "stopMonth"),
    month_form=re.compile(r"([0-9]{4})-([0-9]{2})"),
    words=Words(fine=("S", "成功"), none=("N", "无缴存记录"), missing=("P1", "缺少必填参数"), wrong=("P2", "参数值不合法")),
    look_up=lambda register, number, begin, end: register.deposit_proof(number, begin, end),
    spoilt={
        "missing_field": ("certNo", None),
        "unknown_code": ("state", "7"),
        "bad_date": ("certDate", "2024/02/31"),
    },
)
FINE_RECORD = Service(
    name="fineRecord",
    path="/gjgxjhpt/rest/fsjj/fineRecord",
    number="JSZH",
    holder="XM",
    months=("KSNY", "JSNY"),
    month_form=re.compile(r"([0-9]{4})([0-9]{2})"),
    words=Words(fine=(0, "成功"), none=(404, "未查询到驾驶人信息"), missing=(400, "缺少必填参数"), wrong=(422, "参数值不合法")),
    look_up=lambda register, number, begin, end: register.fine_record(number, begin, end),
    spoilt={
        "missing_field": ("ZMBH", None),
        "unknown_code": ("JSZZT", "77"),
        "bad_date": ("CJRQ", "20240231"),
    },
)
TAX_PAID = Service(
    name="taxPaid",
    path="/gjgxjhpt/rest/fssw/taxPaid",
    number="NSRSBH",
    holder="NSRMC",
    months=("SSQS", "SSZZ"),
    month_form=re.compile(r"([0-9]{4})([0-9]{2})"),
    words=Words(fine=("1", "成功"), none=("0", "无入库记录"), missing=("-1", "缺少必填参数"), wrong=("-2", "参数校验不通过")),
    look_up=lambda register, number, begin, end: register.tax_paid(number, begin, end),
    spoilt={
        "missing_field": ("WSZH", None),
        "unknown_code": ("NSRLX", "合伙"),
        "bad_date": ("KJSJ", "2024-02-31 16:05:00"),
    },
    forms=(numbers.resident, numbers.organisation),
)
INVOICE = Service(
    name="invoiceCheck",
    path="/gjgxjhpt/rest/fssw/invoiceCheck",
    number="XFSBH",
    holder="XFMC",
    months=(),
    month_form=re.compile(""),
    words=Words(
        fine=("001", "查验成功"), none=("002", "查无此票"), missing=("101", "缺少必填参数"), wrong=("102", "参数格式错误")
    ),
    look_up=lambda register, number, _begin, _end: register.checked_invoice(number),
    spoilt={
        "missing_field": ("CYBH", None),
        "unknown_code": ("FPZT", "存疑"),
        "bad_date": ("CYRQ", "20240231"),
    },
    forms=(numbers.organisation,),
    also={"FPHM": re.compile("[0-9]{20}"), "KPRQ": re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")},
)
VEHICLE_TAX = Service(
    name="vehicleTax",
    path="/gjgxjhpt/rest/fssw/vehicleTax",
    number="ownerNo",
    holder="ownerName",
    months=("from", "to"),
    month_form=re.compile(r"([0-9]{4})-([0-9]{2})"),
    words=Words(fine=(200, "成功"), none=(204, "无车船税信息"), missing=(400, "缺少必填参数"), wrong=(422, "参数值不合法")),
    look_up=lambda register, number, begin, end: register.vehicle_tax(number, begin, end),
    spoilt={
        "missing_field": ("docNo", None),
        "unknown_code": ("ownerKind", "X"),
        "bad_date": ("docDate", "2024/02/31"),
    },
    forms=(numbers.resident, numbers.organisation),
)
SERVICES = (INSURED_PROOF, HOUSE_RECORD, INCOME_TAX_LIST, DEPOSIT_PROOF, FINE_RECORD, TAX_PAID, INVOICE, VEHICLE_TAX)
