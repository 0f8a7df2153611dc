"""F2, the exchange platform: who may pass to a department, and the envelope around its answer.

Laws: HTTP 200 always; `status` is the platform's word and `custom` the department's; checks in the order of the
interface page, F2.2; a refresh is signed with app_secret, everything else with an issued secret.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.foshan.simulator.departments import SERVICES, Custom, Service
from adapters.foshan.simulator.records import Register
from adapters.foshan.simulator.signing import (
    IDS_REMEMBERED_SECONDS,
    SKEW_SECONDS,
    SecretBook,
    Signed,
    matches,
    read_headers,
    sealed,
)
from adapters.simulation.faults import CLOCK_SKEW
from adapters.simulation.operation import Asked, Operation, Reply, json_reply
from adapters.simulation.seen import Seen

REFRESH_PATH = "/gjgxjhpt/sysapi/auth/refreshappsecret"
NOT_SUBSCRIBED_PATH = "/gjgxjhpt/rest/fsgjj/fundStatement"
STATUSES = {
    "200": "OK",
    "40001": "请求头缺失或格式错误",
    "40002": "请求体不是JSON对象",
    "40101": "订阅方不存在",
    "40102": "签名错误",
    "40103": "请求时间超出允许范围",
    "40104": "请求标识重复",
    "40105": "密钥已过期",
    "40301": "未订阅该服务",
    "40401": "服务不存在",
    "50301": "平台繁忙，请稍后重试",
}
# A status that the interface page does not list.
_UNLISTED = "20999"
_STATUS_FAULTS = {"unknown_status": _UNLISTED, "expired_token": "40105", "busy": "50301"}
_REFRESH_STATUS_FAULTS = {"unknown_status": _UNLISTED, "expired_token": "40102", "busy": "50301"}
_RECORD_FAULTS = frozenset(
    {
        CLOCK_SKEW,
        "missing_field",
        "unknown_code",
        "bad_date",
        "two_holders",
        "other_holder",
        "unknown_custom_code",
        "empty_without_flag",
    }
)
_REFRESH_FAULTS = frozenset({*_REFRESH_STATUS_FAULTS, "missing_field", "bad_secret"})


class _RefusedError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who may ask: as handed over in the secrets file; `aes_key` is 16 bytes."""

    sid: str
    app_secret: str = field(repr=False)
    aes_key: bytes = field(repr=False)


class Exchange:
    """The platform in front of the departments of one register, with one subscriber."""

    def __init__(self, register: Register, subscriber: Subscriber, life: float, overlap: float) -> None:
        self._register = register
        self._subscriber = subscriber
        self._secrets = SecretBook(life, overlap)
        self._ids = Seen(IDS_REMEMBERED_SECONDS)

    def operations(self) -> tuple[Operation, ...]:
        """F2's doors: refresh, one a service, and the refusals of everything else."""
        refresh = Operation("f2", "refresh", "POST", REFRESH_PATH, self.refresh, business=False, if_named=_REFRESH_FAULTS)
        services = [
            Operation("f2", service.name, "POST", service.path, self._door(service), faults=_RECORD_FAULTS | {*_STATUS_FAULTS})
            for service in SERVICES
        ]
        refused = [
            Operation("f2", "notSubscribed", "POST", NOT_SUBSCRIBED_PATH, self._refusal("40301")),
            Operation("f2", "unknownService", "POST", "/gjgxjhpt/{rest:.*}", self._refusal("40401")),
        ]
        return (refresh, *services, *refused)

    def refresh(self, asked: Asked) -> Reply:
        """A new secret, sealed, to whoever signs with app_secret."""
        try:
            self._let_in_to_refresh(asked)
            _show(asked.fault, _REFRESH_STATUS_FAULTS)
            _body(asked)
        except _RefusedError as refused:
            return _reply(refused.code)
        secret = self._secrets.renew(asked.now)
        data: dict[str, Any] = {
            "secret": sealed(secret.text, self._subscriber.aes_key),
            "secretEndTime": int(secret.ends * 1000),
        }
        if asked.fault == "bad_secret":
            data["secret"] = sealed(secret.text, bytes(16))[4:]
        if asked.fault == "missing_field":
            del data["secretEndTime"]
        return _reply("200", {"code": 1, "text": "密钥已更新", "data": data})

    def _door(self, service: Service) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            try:
                self._let_in(asked)
                _show(asked.fault, _STATUS_FAULTS)
                body = _body(asked)
            except _RefusedError as refused:
                return _reply(refused.code)
            return _reply("200", service.custom(self._register, body, asked.fault))

        return answer

    def _refusal(self, code: str) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            try:
                self._let_in(asked)
            except _RefusedError as refused:
                return _reply(refused.code)
            return _reply(code)

        return answer

    def _let_in_to_refresh(self, asked: Asked) -> None:
        signed = self._known(asked)
        if not matches(self._subscriber.app_secret, signed):
            raise _RefusedError("40102")
        self._only_once(signed, asked.now)

    def _let_in(self, asked: Asked) -> None:
        signed = self._known(asked)
        secret = self._secrets.signer(signed)
        if secret is None:
            raise _RefusedError("40102")
        if secret.ends <= asked.now:
            raise _RefusedError("40105")
        self._only_once(signed, asked.now)

    def _known(self, asked: Asked) -> Signed:
        signed = read_headers(asked.headers)
        if signed is None:
            raise _RefusedError("40001")
        if signed.sid != self._subscriber.sid:
            raise _RefusedError("40101")
        if abs(signed.moment - asked.now) > SKEW_SECONDS:
            raise _RefusedError("40103")
        return signed

    def _only_once(self, signed: Signed, now: float) -> None:
        if self._ids.again(signed.rid, now):
            raise _RefusedError("40104")


def _show(fault: str | None, statuses: Mapping[str, str]) -> None:
    if fault is not None and fault in statuses:
        raise _RefusedError(statuses[fault])


def _body(asked: Asked) -> dict[str, Any]:
    try:
        body = json.loads(asked.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _RefusedError("40002") from None
    if not isinstance(body, dict):
        raise _RefusedError("40002")
    return body


def _reply(code: str, custom: Custom | None = None) -> Reply:
    status = {"status": {"code": code, "text": STATUSES.get(code, "已转人工处理")}}
    return json_reply(status if custom is None else {**status, "custom": custom})
