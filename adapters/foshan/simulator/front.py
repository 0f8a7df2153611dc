"""F4: social insurance behind a front-end database, one request table and an answer in two.

Laws: an answer says with 反馈代码 what it is; its rows come with it or not at all. The interface page, F4.
"""

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from adapters.foshan.simulator import numbers
from adapters.foshan.simulator.certificates import Month, Record
from adapters.foshan.simulator.records import Register
from adapters.simulation.faults import FLAPPING, HANG
from adapters.simulation.front import Front
from adapters.simulation.operation import TABLE, Asked, Operation, Reply, json_reply

REQUESTS, ANSWERS, ROWS = "qz_cbzm_sq", "qz_cbzm_fk", "qz_cbzm_jfmx"
TABLES = (
    f"""CREATE TABLE IF NOT EXISTS {REQUESTS} (
  sqbh CHAR(32) PRIMARY KEY, sqsj CHAR(14) NOT NULL, sqyh VARCHAR(32) NOT NULL, clbz CHAR(1) NOT NULL,
  zjhm VARCHAR(18), xm VARCHAR(200), qsny CHAR(6), zzny CHAR(6), sxbm VARCHAR(200), sxmc VARCHAR(200), ywlsh VARCHAR(200))""",
    f"""CREATE TABLE IF NOT EXISTS {ANSWERS} (
  sqbh CHAR(32) NOT NULL, blzt CHAR(1) NOT NULL, fkdm VARCHAR(8), fkxx VARCHAR(200), mxts INTEGER,
  xm VARCHAR(200), zjhm VARCHAR(18), dwmc VARCHAR(200), dwxydm VARCHAR(18), cbzt CHAR(1), scny CHAR(6), ljys INTEGER,
  jbjg VARCHAR(200), dyrq CHAR(8), zmbh VARCHAR(40))""",
    f"""CREATE TABLE IF NOT EXISTS {ROWS} (
  sqbh CHAR(32) NOT NULL, xh INTEGER NOT NULL, jfny CHAR(6), xz CHAR(2), jfjs VARCHAR(16), grjf VARCHAR(16), dwjf VARCHAR(16))""",
    *(f"CREATE INDEX IF NOT EXISTS {table}_sqbh ON {table} (sqbh)" for table in (ANSWERS, ROWS)),
)
CODES = {
    "00": "办结",
    "04": "查无参保信息",
    "11": "账号未授权",
    "21": "必填项为空",
    "22": "填写有误",
    "90": "系统繁忙，请稍后重新申请",
    "99": "系统异常",
}
_NAMES = {
    "personName": "xm",
    "idNo": "zjhm",
    "unitName": "dwmc",
    "unitCreditCode": "dwxydm",
    "insureState": "cbzt",
    "firstMonth": "scny",
    "paidMonths": "ljys",
    "agency": "jbjg",
    "printDate": "dyrq",
    "proofNo": "zmbh",
}
_REQUIRED = ("sqsj", "sqyh", "zjhm", "qsny", "zzny", "sxbm", "sxmc", "ywlsh")
_MONTH = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])")
_LONGEST_RANGE = 60
# 9Z stands in no list of the interface page, nor does the state 7.
_CODE_FAULTS = {"unknown_status": "9Z", "busy": "90", FLAPPING: "90", "expired_token": "11"}
_ANSWER_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "missing_field": {"zmbh": None},
    "unknown_code": {"cbzt": "8"},
    "bad_date": {"dyrq": "20240231"},
    "garbage": {"dyrq": "\u2603" * 4, "ljys": -(2**31), "zmbh": "%s;--", "xm": "\ufffd"},
    "half_answer": {"mxts": 999},
}
_SEVERAL = frozenset({"two_holders", "other_holder"})
FAULTS = frozenset(
    {"silence", HANG, "latency", "answers_twice", "unknown_flag", *_SEVERAL, *_CODE_FAULTS, *_ANSWER_FAULTS},
)

Rows = dict[str, list[Record]]


class Counter:
    """The front-end database's one service, over one register, for one account."""

    def __init__(self, register: Register, account: str) -> None:
        self._register = register
        self._account = account

    def operations(self) -> tuple[Operation, ...]:
        """The request table."""
        return (Operation("f4", "insuredProof", TABLE, REQUESTS, self.answer, faults=FAULTS),)

    def answer(self, asked: Asked) -> Reply:
        """The rows that answer a request: {table: rows}."""
        request = json.loads(asked.body)
        return json_reply(_flagged(self._rows(request, asked.fault), asked.fault))

    def _rows(self, request: Record, fault: str | None) -> Rows:
        ticket = request["sqbh"]
        if fault in _CODE_FAULTS:
            return _told(ticket, _CODE_FAULTS[fault])
        if request["sqyh"] != self._account:
            return _told(ticket, "11")
        if not all(request.get(name) for name in _REQUIRED):
            return _told(ticket, "21")
        number, span = numbers.resident(request["zjhm"]), _span(request)
        if number is None or span is None:
            return _told(ticket, "22")
        records = self._found(number, span, request.get("xm"), fault)
        return _merged([_answer(ticket, each, fault) for each in records]) if records else _told(ticket, "04")

    def _found(self, number: str, span: tuple[Month, Month], name: str | None, fault: str | None) -> list[Record]:
        own = self._register.insured_proof(number, *span)
        if name and name != self._register.name_of(number):
            own = None
        if fault not in _SEVERAL:
            return [own] if own else []
        others = (
            found for each in self._register.numbers_of_others(number) if (found := self._register.insured_proof(each, *span))
        )
        mine = [own] if own else []
        return [next(others)] if fault == "other_holder" else [*mine, *islice(others, 2 - len(mine))]


def front(url: str, delay: float) -> Front:
    """The database at this address, `delay` seconds from request to answer."""
    return Front(url, TABLES, "sqbh", "clbz", delay)


def _answer(ticket: str, record: Record, fault: str | None) -> Rows:
    rows = [
        {
            "sqbh": ticket,
            "xh": place,
            "jfny": row["month"],
            "xz": row["kind"],
            "jfjs": _yuan(row["payBase"]),
            "grjf": _yuan(row["personPay"]),
            "dwjf": _yuan(row["unitPay"]),
        }
        for place, row in enumerate(record["payList"], 1)
    ]
    values = {ours: record[theirs] for theirs, ours in _NAMES.items()}
    said = {**_told(ticket, "00")[ANSWERS][0], **values, "mxts": len(rows), **_ANSWER_FAULTS.get(fault or "", {})}
    return {ANSWERS: [said], ROWS: rows}


def _flagged(rows: Rows, fault: str | None) -> Rows:
    if fault == "unknown_flag":
        return {**rows, ANSWERS: [{**each, "blzt": "7"} for each in rows[ANSWERS]]}
    return {name: each * 2 for name, each in rows.items()} if fault == "answers_twice" else rows


def _merged(answers: list[Rows]) -> Rows:
    return {table: [row for each in answers for row in each[table]] for table in (ANSWERS, ROWS)}


def _told(ticket: str, code: str) -> Rows:
    return {ANSWERS: [{"sqbh": ticket, "blzt": "2", "fkdm": code, "fkxx": CODES.get(code, "已转人工处理")}], ROWS: []}


def _span(request: Record) -> tuple[Month, Month] | None:
    begin, end = (_MONTH.fullmatch(request[name]) for name in ("qsny", "zzny"))
    if begin is None or end is None:
        return None
    first, last = (int(begin[1]), int(begin[2])), (int(end[1]), int(end[2]))
    length = (last[0] - first[0]) * 12 + last[1] - first[1] + 1
    return (first, last) if 1 <= length <= _LONGEST_RANGE else None


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
