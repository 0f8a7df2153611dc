"""G1: the licence platform `license-app/v1` - log-in, licences by statutory duty, the licence itself, its files.

Laws: HTTP 200 with an error inside; a code is spent by the first call that names it; a request_id serves once; 'no such
record' is SUCCESS with nothing in it. Interface: docs/interfaces/guangzhou.md, G1.
"""

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from adapters.guangzhou.simulator import archive
from adapters.guangzhou.simulator.catalogue import CATALOGUE
from adapters.guangzhou.simulator.checks import (
    CASE,
    CODE,
    DIVISION,
    HOLDER,
    TEXT,
    TOKEN,
    body_object,
    entitled,
    fields_of,
    malformed,
    missing,
)
from adapters.guangzhou.simulator.licences import Licence
from adapters.guangzhou.simulator.records import Records, data_fields_text
from adapters.guangzhou.simulator.spoilt import another_holder_of, spoilt_licence
from adapters.simulation.faults import CLOCK_SKEW
from adapters.simulation.operation import Asked, Operation, Reply, json_reply
from adapters.simulation.seen import Seen

TOKEN_LIFE = 86_400.0
CODE_LIFE = 600.0
LARGEST_PAGE = 150
_BEIJING = timezone(timedelta(hours=8))
_BASE = "/license-app/v1"
_LOGIN = dict.fromkeys(("app_key", "app_secret", "account", "password", "org_code"), TEXT)
_AUTH = {
    "operator.account": TEXT,
    "operator.name": TEXT,
    "operator.role": TEXT,
    "operator.division_code": DIVISION,
    "operator.service_org": TEXT,
    "operator.service_org_code": CODE,
    "service_item_code": TOKEN,
    "service_item_name": TEXT,
    "biz_num": CASE,
    "identity_number": HOLDER,
    "license_item_code": TEXT,
    "request_id": TOKEN,
}
_AUTH_OPTIONAL = {"holder_name": TEXT, "operator.identity_num": HOLDER, "operator.division": TEXT}
_PAGE = ("page_index", "page_size")
_MESSAGES = {
    "10001": "登录失败:应用或账号信息不正确",
    "10002": "access_token缺失或无效",
    "10003": "access_token已过期",
    "20001": "缺少必填参数",
    "20002": "参数格式不正确",
    "20003": "证照目录编码不存在",
    "20004": "request_id重复",
    "20005": "分页参数超出范围",
    "20006": "接口不存在",
    "30001": "该机构无权依职能用证",
    "40001": "用证码不存在",
    "40002": "用证码已使用",
    "40003": "用证码已过期",
    "40004": "证照文件不存在",
    "50001": "平台繁忙,请稍后再试",
    "50002": "平台内部错误",
    "77777": "未知状态",
}
_OF_FILES = frozenset({"wrong_type", "other_file"})
_EVERYWHERE = {"busy": "50001", "unknown_status": "77777"}


class PlatformError(Exception):
    """A refusal of the platform, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Grant:
    licence: Licence
    ends: float


class LicencePlatform:
    """The platform's state: live tokens, codes handed out, and what was seen before."""

    def __init__(self, records: Records, secrets: Mapping[str, str], token_life: float | None) -> None:
        self._records = records
        self._account = {key: secrets[key] for key in _LOGIN}
        self._token_life = TOKEN_LIFE if token_life is None else token_life
        self._tokens: dict[str, float] = {}
        self._grants: dict[str, _Grant] = {}
        self._spent = Seen(CODE_LIFE)
        self._requests = Seen(TOKEN_LIFE)

    def operations(self) -> tuple[Operation, ...]:
        """The doors of G1."""
        shared = frozenset({"unknown_status", "expired_token", "busy"})
        return (
            Operation(
                "g1",
                "login",
                "POST",
                f"{_BASE}/security/login",
                _answering(self._login),
                business=False,
                faults=frozenset(_EVERYWHERE),
            ),
            Operation(
                "g1",
                "auth",
                "POST",
                f"{_BASE}/license/auth",
                _answering(self._auth),
                faults=shared | {"two_holders", CLOCK_SKEW},
                if_named=frozenset({"missing_field"}),
            ),
            Operation(
                "g1",
                "get_license",
                "GET",
                f"{_BASE}/license/get_license",
                _answering(self._get_license),
                faults=frozenset({"missing_field", "unknown_code", "bad_date", "other_holder"}),
                if_named=shared,
            ),
            Operation(
                "g1",
                "archive",
                "GET",
                f"{_BASE}/license/archive",
                _answering(self._archive),
                business=False,
                if_named=shared | _OF_FILES,
            ),
            Operation("g1", "unknown", "*", "/license-app/{rest:.*}", _no_such_operation),
        )

    def _login(self, asked: Asked) -> dict[str, Any]:
        body = _object(asked)
        _require(missing(body, _LOGIN) is None, "20001")
        _require(malformed(body, _LOGIN) is None, "20002")
        _require(all(body[key] == value for key, value in self._account.items()), "10001")
        token = str(uuid.uuid4())
        self._tokens[token] = asked.now + self._token_life
        return {"access_token": token, "expires_in": round(self._token_life)}

    def _check_token(self, asked: Asked) -> None:
        if asked.fault == "expired_token":
            self._tokens = dict.fromkeys(self._tokens, asked.now)
        ends = self._tokens.get(asked.query.get("access_token", ""))
        _require(ends is not None, "10002")
        _require(ends is not None and asked.now < ends, "10003")

    def _auth(self, asked: Asked) -> dict[str, Any]:
        self._check_token(asked)
        body = fields_of(_object(asked))
        _check_auth(body)
        _require(not self._requests.again(body["request_id"], asked.now), "20004")
        item, holder = body["license_item_code"], body["identity_number"]
        found = self._records.licences(holder, item, body.get("holder_name") or None)
        if asked.fault == "two_holders":
            found += another_holder_of(self._records, item, holder)
        size = body["page_size"]
        page = found[(body["page_index"] - 1) * size :][:size]
        codes = [self._grant(licence, asked.now) for licence in page]
        answer: dict[str, Any] = {
            "auth_codes": codes,
            "data": [licence.head | {"auth_code": code} for licence, code in zip(page, codes, strict=True)],
            "total_count": len(found),
        }
        if asked.fault == "missing_field":
            del answer["auth_codes"]
        return answer

    def _grant(self, licence: Licence, now: float) -> str:
        self._forget(now)
        code = uuid.uuid4().hex
        self._grants[code] = _Grant(licence, now + CODE_LIFE)
        return code

    def _forget(self, now: float) -> None:
        # A code that has expired is still known as such for as long as it lived.
        while self._grants:
            oldest = next(iter(self._grants))
            if now < self._grants[oldest].ends + CODE_LIFE:
                return
            del self._grants[oldest]

    def _redeem(self, asked: Asked) -> Licence:
        """The licence for which the code of this request was handed out; the code is spent."""
        code = asked.query.get("auth_code", "")
        _require(code not in self._spent, "40002")
        grant = self._grants.pop(code, None)
        if grant is None:
            raise PlatformError("40001")
        _require(asked.now < grant.ends, "40003")
        self._spent.again(code, asked.now)
        return grant.licence

    def _get_license(self, asked: Asked) -> dict[str, Any]:
        self._check_token(asked)
        code = asked.query.get("auth_code", "")
        _require(bool(code), "20001")
        licence = self._redeem(asked)
        if asked.fault == "other_holder":
            others = another_holder_of(self._records, licence.head["license_item_code"], licence.head["holder_identity_num"])
            licence = others[0]
        if asked.fault in {"missing_field", "unknown_code", "bad_date"}:
            licence = replace(licence, fields=spoilt_licence(licence, asked.fault))
        return {"data": licence.head | {"data_fields": data_fields_text(licence), "auth_code": code}}

    def _archive(self, asked: Asked) -> dict[str, Any]:
        self._check_token(asked)
        kind = asked.query.get("file_type", "")
        _require(bool(kind and asked.query.get("auth_code")), "20001")
        _require(kind in archive.KINDS, "20002")
        licence = self._redeem(asked)
        _require(licence.head["license_status"] != archive.WITHDRAWN, "40004")
        sent = next(each for each in archive.KINDS if each != kind) if asked.fault == "wrong_type" else kind
        content = archive.content(licence, sent) + (uuid.uuid4().bytes if asked.fault == "other_file" else b"")
        return {"file_name": f"{licence.head['name']}.{kind}", "file_data": base64.b64encode(content).decode()}


def _check_auth(body: dict[str, Any]) -> None:
    _require(missing(body, _AUTH) is None, "20001")
    _require(all(body.get(key) is not None for key in _PAGE), "20001")
    _require(malformed(body, _AUTH | _AUTH_OPTIONAL) is None, "20002")
    _require(all(type(body[key]) is int for key in _PAGE), "20002")
    _require(body["page_index"] >= 1 and 1 <= body["page_size"] <= LARGEST_PAGE, "20005")
    _require(body["license_item_code"] in CATALOGUE, "20003")
    _require(entitled(body["operator.service_org_code"]), "30001")


def _object(asked: Asked) -> dict[str, Any]:
    body = body_object(asked.body)
    if body is None:
        raise PlatformError("20002")
    return body


def _require(holds: bool, code: str) -> None:  # noqa: FBT001 - the condition is the sentence
    if not holds:
        raise PlatformError(code)


def _answering(judge: Callable[[Asked], dict[str, Any]]) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        try:
            answer = _envelope(asked) | judge(asked)
            _require(asked.fault not in _EVERYWHERE, _EVERYWHERE.get(asked.fault or "", ""))
            return json_reply(answer)
        except PlatformError as error:
            return json_reply(_failure(asked, error.code))

    return answer


def _no_such_operation(asked: Asked) -> Reply:
    return json_reply(_failure(asked, "20006"), 404)


def _failure(asked: Asked, code: str) -> dict[str, Any]:
    error = {"code": code, "message": _MESSAGES[code]}
    return _envelope(asked) | {"ack_code": "FAILURE", "errors": [error]}


def _envelope(asked: Asked) -> dict[str, Any]:
    request_id = (body_object(asked.body) or {}).get("request_id", "")
    return {
        "ack_code": "SUCCESS",
        "errors": [],
        "sign": "",
        "sign_method": "NONE",
        "timestamp": f"{datetime.fromtimestamp(asked.now, UTC).astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}",
        "correlation_id": request_id if isinstance(request_id, str) else "",
        "response_id": uuid.uuid4().hex,
        "data": None,
        "total_count": 0,
    }
