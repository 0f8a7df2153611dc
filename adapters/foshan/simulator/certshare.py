"""F1, the licence library: what each operation checks, looks up and answers.

Laws: HTTP 200 always; the status in the inner head says all; checks in the order of the interface page, F1.5; status 10
means 'no such record' and nothing else does.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from adapters.foshan.simulator import files, numbers, soap
from adapters.foshan.simulator.licences import Licence
from adapters.foshan.simulator.records import HOLDER_TYPES, Register
from adapters.foshan.simulator.wallet import Wallet
from adapters.simulation.operation import Asked, Operation, Reply

PATH = "/CertShare/services/CertShareService"
MESSAGES = {
    0: "数据获取成功",
    10: "未查询到证照信息",
    11: "认证失败",
    12: "缺少必填参数",
    99: "其他错误",
    100: "无权限访问该证照类型",
    102: "参数值错误",
    113: "证照类型代码错误",
}
_NOT_PERMITTED = frozenset({"11100000000013127D001"})
_HOLDER_FORMS: dict[str, Callable[[str], str | None]] = {"111": numbers.resident, "001": numbers.organisation}
_BY_HOLDER = ("holderCode", "holderTypeCode", "certTypeCode")
_BY_CODE = "queryCertInfoByQRcode"
_REQUIRED = {
    "queryCertInfoByHolderCode": _BY_HOLDER,
    "queryCert": ("certNo", "certTypeCode"),
    _BY_CODE: ("qrCode", "certTypeCode"),
    "verifyCertInfo": _BY_HOLDER,
    "downloadFile": ("fileId", "certTypeCode"),
}
_LONGEST_NUMBER = 40
_LONGEST_SYSTEM_NAME = 100

# 77 stands in no list: the interface page does not know it.
_STATUS_FAULTS = {"unknown_status": 77, "expired_token": 11}
# What a fault in the shape of a record does to a certInfo and to a verifyInfo; None takes the element out.
_RECORD_FAULTS: dict[str, dict[str, str | None]] = {
    "missing_field": {"ZZZT": None, "verifyResult": None},
    "unknown_code": {"ZZZT": "7", "verifyResult": "7"},
    "bad_date": {"ZZBFRQ": "20240231"},
}
_HOLDER_FAULTS = frozenset({"two_holders", "other_holder"})
_INNER_FAULTS = {
    "inner_garbage": "\x09<response><head>",
    "inner_entity_bomb": (
        f'{soap.DECLARATION}<!DOCTYPE r [<!ENTITY a0 "ha">'
        + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
        + "]><response><head><status>0</status><message>&a9;</message></head></response>"
    ),
    "inner_external_entity": (
        f'{soap.DECLARATION}<!DOCTYPE r [<!ENTITY outside SYSTEM "file:///etc/hostname">]>'
        "<response><head><status>0</status><message>&outside;</message></head></response>"
    ),
}
IF_NAMED = frozenset({"wrong_digest", "wrong_type"})
FAULTS = frozenset({*_STATUS_FAULTS, *_RECORD_FAULTS, *_HOLDER_FAULTS, *_INNER_FAULTS})


class _RefusedError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Question:
    operation: str
    data: dict[str, str] = field(repr=False)
    claims: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LicenceLibrary:
    """The licence library of one register; `access` is the one (accessId, accessToken) that is let in, `wallet` makes codes to show."""

    register: Register
    access: tuple[str, str] = field(repr=False)
    wallet: Wallet = field(repr=False)

    def operations(self) -> tuple[Operation, ...]:
        """F1's one door."""
        return (
            Operation(
                interface="f1",
                name="CertShareService",
                method="POST",
                path=PATH,
                answer=self.answer,
                faults=FAULTS,
                if_named=IF_NAMED,
                xml=True,
                name_of=_name_of,
            ),
        )

    def answer(self, asked: Asked) -> Reply:
        """The SOAP answer to one request."""
        try:
            call = soap.read_call(asked.body)
        except soap.UnreadableError as error:
            return soap.fault(str(error))
        if call.operation not in _REQUIRED:
            return soap.fault("unknown operation")
        if asked.fault in _INNER_FAULTS:
            return soap.answer(call, _INNER_FAULTS[asked.fault])
        try:
            question = self._presented(self._question(call), asked.now)
            _show(asked.fault)
            response = _response(0, self._data(question, asked.fault))
        except _RefusedError as refused:
            response = _response(refused.status)
        return soap.answer(call, soap.document(response))

    def _question(self, call: soap.Call) -> _Question:
        try:
            root = soap.read_document(call.inner)
        except soap.UnreadableError:
            raise _RefusedError(99) from None
        if root.tag != "request":
            raise _RefusedError(99)
        head, data = _texts(root.find("head")), _texts(root.find("data"))
        access = head.get("accessId"), head.get("accessToken")
        if None in access:
            raise _RefusedError(12)
        if access != self.access:
            raise _RefusedError(11)
        claims = _texts(root.find("data/verifyData"))
        use = _texts(root.find("data/useCause"))
        if not all(name in data for name in _REQUIRED[call.operation]) or not _complete(use):
            raise _RefusedError(12)
        if call.operation == "verifyCertInfo" and not claims:
            raise _RefusedError(12)
        return _checked(_Question(call.operation, data, claims), use)

    def _presented(self, question: _Question, now: float) -> _Question:
        """With the holder, where a code was shown; from now on the code is used up."""
        if question.operation != _BY_CODE:
            return question
        holder = self.wallet.take(question.data["qrCode"], question.data["certTypeCode"], now)
        if holder is None:
            raise _RefusedError(102)
        return replace(question, data={**question.data, "holderCode": holder})

    def _data(self, question: _Question, fault: str | None) -> etree._Element:
        if question.operation == "downloadFile":
            return self._file(question.data, fault)
        held = self._look_up(question)
        if fault in _HOLDER_FAULTS:
            holder = question.data.get("holderCode", "")
            other = self.register.licence_of_somebody_else(question.data["certTypeCode"], held, holder)
            held = (other,) if fault == "other_holder" else (*held, other)
        if not held:
            raise _RefusedError(10)
        data = etree.Element("data")
        etree.SubElement(data, "totalCount").text = str(len(held))
        if question.operation == _BY_CODE:
            etree.SubElement(data, "holderCode").text = question.data["holderCode"]
        for licence in held:
            element = _verified(licence, question.claims) if question.claims else _cert_info(licence)
            if question.data.get("fileInfo") == "1":
                element.append(files.info(licence, wrong_digest=fault == "wrong_digest"))
            data.append(_spoilt(element, _RECORD_FAULTS.get(fault or "", {})))
        return data

    def _file(self, asked: dict[str, str], fault: str | None) -> etree._Element:
        identifier, _, kind = asked["fileId"].rpartition("/")
        licence = self.register.licence_identified(asked["certTypeCode"], identifier)
        if licence is None or kind not in files.KINDS:
            raise _RefusedError(10)
        data = etree.Element("data")
        etree.SubElement(data, "fileName").text = f"{licence.info['ZZMC']}.{kind}"
        content = files.content(licence, kind if fault != "wrong_type" else next(each for each in files.KINDS if each != kind))
        etree.SubElement(data, "fileData").text = base64.b64encode(content).decode()
        return data

    def _look_up(self, question: _Question) -> tuple[Licence, ...]:
        asked = question.data
        if question.operation == "queryCert":
            held = self.register.licences_numbered(asked["certTypeCode"], asked["certNo"])
            wanted = asked.get("holderName")
            return tuple(one for one in held if wanted is None or wanted in one.info["CZZT"].split("^"))
        holder = asked["holderCode"]
        if asked.get("holderName", self.register.name_of(holder)) != self.register.name_of(holder):
            return ()
        held = self.register.licences(asked["certTypeCode"], holder)
        return tuple(one for one in held if asked.get("certNo", one.info["ZZBH"]) == one.info["ZZBH"])


def _show(fault: str | None) -> None:
    if fault in _STATUS_FAULTS:
        raise _RefusedError(_STATUS_FAULTS[fault])


def _name_of(asked: Asked) -> str:
    try:
        return soap.read_call(asked.body).operation
    except soap.UnreadableError:
        return "CertShareService"


def _texts(element: etree._Element | None) -> dict[str, str]:
    children = [] if element is None else list(element)
    texts = {str(child.tag): (child.text or "").strip() for child in children}
    return {name: text for name, text in texts.items() if text}


def _complete(use: dict[str, str]) -> bool:
    wanted = {"certificateSystemName", "certificateCallCategory"}
    if use.get("certificateCallCategory") == "0":
        wanted |= {"certificateMatterName", "certificateEventCode"}
    return wanted <= use.keys()


def _checked(question: _Question, use: dict[str, str]) -> _Question:
    """The question with its number in upper case, once type code, permission and values stand."""
    data = question.data
    type_code = data["certTypeCode"]
    if type_code not in HOLDER_TYPES and type_code not in _NOT_PERMITTED:
        raise _RefusedError(113)
    if type_code in _NOT_PERMITTED:
        raise _RefusedError(100)
    proper_use = use["certificateCallCategory"] in {"0", "1"}
    if not proper_use or len(use["certificateSystemName"]) > _LONGEST_SYSTEM_NAME:
        raise _RefusedError(102)
    if len(data.get("certNo", "")) > _LONGEST_NUMBER:
        raise _RefusedError(102)
    if question.operation in {"queryCert", "downloadFile", _BY_CODE}:
        return question
    if data["holderTypeCode"] not in HOLDER_TYPES[type_code]:
        raise _RefusedError(102)
    holder = _HOLDER_FORMS[data["holderTypeCode"]](data["holderCode"])
    if holder is None:
        raise _RefusedError(102)
    return _Question(question.operation, {**data, "holderCode": holder}, question.claims)


def _response(status: int, data: etree._Element | None = None) -> etree._Element:
    response = etree.Element("response")
    head = etree.SubElement(response, "head")
    etree.SubElement(head, "status").text = str(status)
    etree.SubElement(head, "message").text = MESSAGES.get(status, "业务受理中")
    if data is not None:
        response.append(data)
    return response


def _cert_info(licence: Licence) -> etree._Element:
    element = etree.Element("certInfo")
    for name, text in licence.info.items():
        etree.SubElement(element, name).text = text or None
    etree.SubElement(element, "certData").text = _json(licence.data)
    return element


def _verified(licence: Licence, claims: dict[str, str]) -> etree._Element:
    known = licence.info | licence.data
    verdicts = {name: str(int(known[name] == text)) if name in known else "2" for name, text in claims.items()}
    element = etree.Element("verifyInfo")
    for name in ("ZZBS", "ZZBH"):
        etree.SubElement(element, name).text = licence.info[name]
    agrees = all(verdict == "1" for verdict in verdicts.values())
    etree.SubElement(element, "verifyResult").text = str(int(agrees))
    items = etree.SubElement(element, "verifyItems")
    for name, verdict in verdicts.items():
        etree.SubElement(items, name).text = verdict
    return element


def _spoilt(element: etree._Element, changes: dict[str, str | None]) -> etree._Element:
    for name, text in changes.items():
        child = element.find(name)
        if child is not None and text is None:
            element.remove(child)
        elif child is not None:
            child.text = text
    return element


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
