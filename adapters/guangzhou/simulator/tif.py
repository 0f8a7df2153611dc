"""The province's signed gateway, before G2 and G3: who is let through, and its words for everybody else.

Laws: headers, account and signature, clock, nonce, in this order; a nonce serves once.
Interface: docs/interfaces/guangzhou.md, G2, Headers and Envelope.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping

from adapters.guangzhou.simulator.checks import CASE, CODE, TEXT, malformed, missing
from adapters.simulation.operation import Asked, Reply, json_reply
from adapters.simulation.seen import Seen

SKEW = 300
_HEADERS = {
    "x-tif-paasid": TEXT,
    "x-tif-timestamp": re.compile(r"[0-9]{1,12}"),
    "x-tif-nonce": re.compile(r"[0-9A-Za-z-]{16,64}"),
    "x-tif-signature": re.compile(r"[0-9A-Fa-f]{64}"),
}
BUSINESS = {
    "ywxx.sxbm": TEXT,
    "ywxx.sxmc": TEXT,
    "ywxx.bjbh": CASE,
    "ywxx.czyzh": TEXT,
    "ywxx.czyxm": TEXT,
    "ywxx.sqjg": CODE,
}
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


class GatewayError(Exception):
    """A refusal of the gateway or of a bureau, by its errcode."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Door:
    """The gateway's state for one account: its token, and the nonces seen within twice the skew."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._paasid, self._token = secrets["paasid"], secrets["token"]
        self._nonces = Seen(2.0 * SKEW)

    def admit(self, asked: Asked) -> None:
        """Raises GatewayError for a request that is not let through."""
        headers = {name: asked.headers.get(name) for name in _HEADERS}
        require(missing(headers, _HEADERS) is None and malformed(headers, _HEADERS) is None, 4014)
        timestamp, nonce = str(headers["x-tif-timestamp"]), str(headers["x-tif-nonce"])
        signature = hashlib.sha256(f"{timestamp}{self._token}{nonce}{timestamp}".encode()).hexdigest()
        known = headers["x-tif-paasid"] == self._paasid
        require(known and hmac.compare_digest(signature, str(headers["x-tif-signature"])), 4011)
        require(abs(asked.now - int(timestamp)) <= SKEW, 4012)
        require(not self._nonces.again(nonce, asked.now), 4013)


def refusal(error: GatewayError) -> Reply:
    """The refusal as it is sent."""
    return json_reply({"errcode": error.code, "errmsg": _MESSAGES[error.code], "data": None})


def require(holds: bool, code: int) -> None:  # noqa: FBT001 - the condition is the sentence
    """Raises GatewayError with the code unless it holds."""
    if not holds:
        raise GatewayError(code)
