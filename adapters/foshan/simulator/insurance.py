"""F3: the medical-insurance platform (NHSA style), one service behind its envelope.

Laws: HTTP 200 always; `code` is the platform's word, unsigned; all that is said about a person stands in the sealed document, which
repeats the question's msgid; a msgid serves once. Interface page, F3.
"""

import json
import re
from itertools import islice
from typing import Any

from adapters.foshan.simulator import numbers
from adapters.foshan.simulator.certificates import Month, Record
from adapters.foshan.simulator.envelope import EnvelopeError, Keys, opened, sealed
from adapters.foshan.simulator.records import Register
from adapters.guomi.sm2 import PrivateKey
from adapters.simulation.faults import CLOCK_SKEW
from adapters.simulation.operation import Asked, Operation, Reply, json_reply
from adapters.simulation.seen import Seen

PATH = "/fsyb/api/v1/FS5203"
_NUMBER = "FS5203"
CODES = {
    "0": "成功",
    "1001": "报文格式错误",
    "1002": "应用不存在",
    "1003": "验签失败",
    "1004": "时间戳超出允许范围",
    "1005": "解密失败",
    "1006": "msgid重复",
    "1007": "版本或算法不支持",
    "1008": "密钥已更换",
    "2001": "无权调用该接口",
    "5001": "平台繁忙，请稍后重试",
}
_MESSAGES = {"0000": "", "2400": "缺少必填参数", "2404": "未查询到参保信息", "2422": "参数值不合法"}
# 9077 and 7700 stand in no list of the interface page.
_CODE_FAULTS = {"unknown_status": "9077", "expired_token": "1008", "busy": "5001"}
_RECORD_FAULTS = frozenset({"missing_field", "unknown_code", "bad_date", "two_holders", "other_holder", CLOCK_SKEW})
_ENVELOPE_FAULTS = frozenset(
    {"wrong_signature", "altered_cipher", "stale_envelope", "other_msgid", "unknown_infcode", "inner_garbage"}
)
_INPUT = ("psnCertType", "certno", "begnMonth", "endMonth")
_USE = ("matterCode", "matterName", "caseNo", "orgCode", "opter")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_LONGEST_TEXT, _LONGEST_RANGE = 200, 60
_MSGID = re.compile(r"[0-9A-Za-z]{16,64}")
_HOUR = 3600.0


class Insurance:
    """The platform in front of one register, with one subscriber."""

    def __init__(self, register: Register, keys: Keys) -> None:
        self._register = register
        self._keys = keys
        self._ids = Seen(_HOUR)
        self._stranger = PrivateKey(bytes(31) + b"\x07")

    def operations(self) -> tuple[Operation, ...]:
        """F3's doors: the service, and the refusal of everything else."""
        faults = _RECORD_FAULTS | _ENVELOPE_FAULTS | {*_CODE_FAULTS}
        return (
            Operation("f3", "accountTransfers", "POST", PATH, self.answer, faults=faults),
            Operation("f3", "unknownService", "POST", "/fsyb/{rest:.*}", lambda _: _refused("2001")),
        )

    def answer(self, asked: Asked) -> Reply:
        """The sealed document, or the platform's refusal."""
        try:
            question = self._question(asked)
        except EnvelopeError as error:
            return _refused(error.code)
        document = {"msgid": question["msgid"], **self._said(question, asked.fault)}
        if asked.fault == "other_msgid":
            document["msgid"] = "0" * 32
        inner = "{" if asked.fault == "inner_garbage" else json.dumps(document, ensure_ascii=False)
        return self._reply(inner, asked)

    def _question(self, asked: Asked) -> dict[str, Any]:
        body = _object(asked.body)
        question = _object(opened(self._keys, body.get("data"), asked.now))
        msgid = question.get("msgid")
        if not isinstance(msgid, str) or not _MSGID.fullmatch(msgid) or question.get("infno") != _NUMBER:
            raise EnvelopeError("1001")
        if self._ids.again(msgid, asked.now):
            raise EnvelopeError("1006")
        if asked.fault in _CODE_FAULTS:
            raise EnvelopeError(_CODE_FAULTS[asked.fault])
        return question

    def _said(self, question: dict[str, Any], fault: str | None) -> dict[str, Any]:
        given: Any = question.get("input")
        if not (_complete(given, _INPUT) and _complete(question.get("use"), _USE)):
            return _told("2400")
        number, span = numbers.resident(given["certno"]), _span(given)
        if number is None or span is None or given["psnCertType"] != "01":
            return _told("2422")
        if fault == "unknown_infcode":
            return {"infcode": "7700", "err_msg": "业务受理中"}
        found = self._found(number, span, fault)
        return _told("2404") if found is None else {**_told("0000"), "output": found}

    def _found(self, number: str, span: tuple[Month, Month], fault: str | None) -> Record | list[Record] | None:
        own = self._register.account_transfers(number, *span)
        if fault not in {"two_holders", "other_holder"}:
            return own and _spoilt(own, fault)
        numbers_of_others = self._register.numbers_of_others(number)
        others = (record for each in numbers_of_others if (record := self._register.account_transfers(each, *span)))
        mine = [own] if own else []
        return next(others) if fault == "other_holder" else [*mine, *islice(others, 2 - len(mine))]

    def _reply(self, inner: str, asked: Asked) -> Reply:
        signer = self._stranger if asked.fault == "wrong_signature" else None
        moment = asked.now - _HOUR if asked.fault == "stale_envelope" else asked.now
        envelope = sealed(self._keys, inner.encode(), moment, signer)
        if asked.fault == "altered_cipher":
            envelope["data"]["encData"] = envelope["data"]["encData"][:-32] + "0" * 32
        body = json_reply({"code": "0", "message": CODES["0"], "data": envelope}).body
        return Reply(body, response_inner=inner)


def _spoilt(record: Record, fault: str | None) -> Record:
    if fault == "missing_field":
        return {name: value for name, value in record.items() if name != "docNo"}
    if fault == "unknown_code":
        return {**record, "psninfo": {**record["psninfo"], "psnInsuStas": "8"}}
    return {**record, "makeTime": "2024-02-31 09:30:00"} if fault == "bad_date" else record


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise EnvelopeError("1001") from None
    if not isinstance(value, dict):
        raise EnvelopeError("1001")
    return value


def _complete(given: Any, names: tuple[str, ...]) -> bool:
    parts = [given.get(name) for name in names] if isinstance(given, dict) else [None]
    return all(isinstance(part, str) and 0 < len(part) <= _LONGEST_TEXT for part in parts)


def _span(given: dict[str, str]) -> tuple[Month, Month] | None:
    found = [_MONTH.fullmatch(given[name]) for name in ("begnMonth", "endMonth")]
    begin, end = ((int(each[1]), int(each[2])) if each else (0, 0) for each in found)
    length = (end[0] - begin[0]) * 12 + end[1] - begin[1] + 1
    return (begin, end) if begin[0] > 0 and 1 <= length <= _LONGEST_RANGE else None


def _told(code: str) -> dict[str, Any]:
    return {"infcode": code, "err_msg": _MESSAGES[code]}


def _refused(code: str) -> Reply:
    return json_reply({"code": code, "message": CODES.get(code, "已转人工处理")})
