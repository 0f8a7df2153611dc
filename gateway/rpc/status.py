"""One table, Reason -> what the caller is told. A refusal is worded here and nowhere else; docs/reasons.md is made from it.

A Refusal's `detail` never leaves: only what stands in this table, and the paths of fields at fault.
Source: google.rpc error model (code.proto, error_details.proto); CONTRACT.md, Errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from gateway.model.refusal import Reason, Refusal

DOMAIN = "kuacheng"


class Retry(Enum):
    """Whether asking again makes sense, and with which request_id."""

    NEVER = "no: the same question gets the same answer"
    SAME_ID = "yes, with the same request_id: nothing was asked"
    NEW_ID = "yes, with a new request_id: the city may have been asked; what it has deferred is fetched under its own"


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of one reason. `after` in seconds, for reasons that pass by themselves."""

    code: grpc.StatusCode
    cause: str
    mend: str
    zh: str
    retry: Retry = Retry.NEVER
    after: float = 0.0


_C = grpc.StatusCode

WORDINGS: Mapping[Reason, Wording] = MappingProxyType(
    {
        Reason.INVALID_REQUEST: Wording(
            _C.INVALID_ARGUMENT,
            "a part of the request is missing or malformed",
            "mend each field that BadRequest names",
            "请求内容缺失或格式不正确，请按提示逐项更正",
        ),
        Reason.INVALID_IDENTIFIER: Wording(
            _C.INVALID_ARGUMENT,
            "the holder's number breaks the rule of its standard",
            "compare the number with the document, character by character",
            "证件号码不符合编码规则，请与证件逐字核对",
        ),
        Reason.UNKNOWN_EVIDENCE_TYPE: Wording(
            _C.INVALID_ARGUMENT,
            "no such evidence type in the catalogue",
            "take a code or alias that DirectoryService.ListEvidenceTypes lists",
            "证照类型代码不在目录中，请查询可用的证照类型",
        ),
        Reason.UNKNOWN_REGION: Wording(
            _C.INVALID_ARGUMENT,
            "no such region, or it does not answer for this type here",
            "take a region that DirectoryService lists for this type",
            "行政区划代码不可用，或该地区未提供此类证照",
        ),
        Reason.REPLAYED_REQUEST: Wording(
            _C.ALREADY_EXISTS,
            "this request_id was asked before, and it is never asked of the city twice",
            "make a new request_id if you mean a new question; the evidence log has the outcome of the first, and of a deferred one the "
            "answer is fetched by asking exactly the same",
            "该请求编号已使用，同一编号不会重复查询；如需重新查询请更换编号",
        ),
        Reason.DEADLINE_TOO_SHORT: Wording(
            _C.INVALID_ARGUMENT,
            "the deadline leaves no time to ask the city",
            "give the call a longer deadline, ten seconds for instance",
            "超时时间过短，来不及向对方城市查询，请延长",
        ),
        Reason.UNKNOWN_EXCHANGE: Wording(
            _C.NOT_FOUND,
            "the log holds no exchange with this id that your department asked",
            "take the exchange_id of an answer or a refusal that a system of your department was given",
            "存证日志中没有本部门以此交换编号发起的查询，请核对交换编号",
        ),
        Reason.EXCHANGE_PURGED: Wording(
            _C.NOT_FOUND,
            "what the log held of this exchange was purged when its time of retention was over",
            "take the receipt that came with the answer: it verifies as ever against the log's key and checkpoints",
            "该次查询的存证内容已超过保存期限并依规清除；当时随答复取得的存证回执仍可核验",
        ),
        Reason.PRESENTED_CODE_REFUSED: Wording(
            _C.INVALID_ARGUMENT,
            "the city does not take the code that the holder showed: it was used, has expired, or is of another kind of paper",
            "let the holder show a new code for this paper, and ask with a new request_id; this is not NO_RECORD",
            "对方城市不接受所出示的亮证码：可能已使用、已过期或属于其他证照，请持证人重新出示后以新的请求编号查询；这不代表没有记录",
        ),
        Reason.CALLER_UNKNOWN: Wording(
            _C.UNAUTHENTICATED,
            "the certificate does not name a system that its authority may speak for, or it is not in force",
            "ask your region's certificate authority for a client certificate with one URI "
            "spiffe://<trust domain>/department/<credit code>/system/<name>",
            "无法确认调用系统身份，请向本地区证书机构申请有效的客户端证书",
        ),
        Reason.CERTIFICATE_REVOKED: Wording(
            _C.UNAUTHENTICATED,
            "the certificate was revoked",
            "install the replacement that your certificate authority gave you, or ask it for one",
            "证书已被吊销，请更换证书",
        ),
        Reason.NO_AGREEMENT: Wording(
            _C.PERMISSION_DENIED,
            "no agreement in force lets this system ask this evidence of this region, or no right lets it search the log for a holder",
            "ask the operator of the gateway which agreement or right you need; DirectoryService lists what you may ask now",
            "没有生效的数据共享协议允许本系统查询该地区的此类证照，或本系统无权查阅使用记录，请联系网关运营方",
        ),
        Reason.PURPOSE_NOT_COVERED: Wording(
            _C.PERMISSION_DENIED,
            "there is an agreement, or a right to search, but not for this matter, legal basis or field",
            "check matter_code, legal_basis and fields against the agreement or the right",
            "协议或查阅权限未涵盖该事项、用证依据或所需字段，请核对",
        ),
        Reason.HOLDER_AUTHORISATION_REQUIRED: Wording(
            _C.PERMISSION_DENIED,
            "this needs the holder's authorisation, and none came with the request",
            "ask on another legal basis that your agreement names; a signed authorisation cannot be verified here yet",
            "此依据需要持证主体授权，网关目前尚不能核验授权凭证，请改用协议约定的其他依据",
        ),
        Reason.HOLDER_AUTHORISATION_INVALID: Wording(
            _C.PERMISSION_DENIED,
            "the holder's authorisation does not verify or does not cover this",
            "ask on another legal basis that your agreement names; a signed authorisation cannot be verified here yet",
            "持证主体授权无效或不适用于本次查询",
        ),
        Reason.QUOTA_EXCEEDED: Wording(
            _C.RESOURCE_EXHAUSTED,
            "the agreement's quota is used up",
            "wait for the time that RetryInfo names, or ask for a larger quota",
            "已超出协议约定的查询额度，请稍后再试",
            Retry.SAME_ID,
            60.0,
        ),
        Reason.FORWARDING_REFUSED: Wording(
            _C.UNAUTHENTICATED,
            "who calls is named by a header that this connection may not name it by, or the gateway's front proxy names nobody",
            "call without x-forwarded-client-cert, with your own certificate; if you came through the gateway's own front proxy, its "
            "operator looks at listen.front_proxy and at the proxy's certificate",
            "调用方身份由请求头转述，而本连接无权转述；请使用本系统证书直接调用，或联系网关运维人员检查前置代理配置",
        ),
        Reason.CITY_UNAVAILABLE: Wording(
            _C.UNAVAILABLE,
            "the city's system cannot be reached, or says that it is not serving",
            "ask again later with a new request_id, what was deferred with its own; this is not NO_RECORD",
            "对方城市系统暂时无法访问，请稍后以新的请求编号重试（已延时受理的仍用原编号）；这不代表没有记录",
            Retry.NEW_ID,
            5.0,
        ),
        Reason.CITY_TIMEOUT: Wording(
            _C.DEADLINE_EXCEEDED,
            "the city's system did not answer in time",
            "ask again later with a new request_id, what was deferred with its own, and a longer deadline; this is not NO_RECORD",
            "对方城市系统未在规定时间内答复，请稍后重试（已延时受理的仍用原编号）；这不代表没有记录",
            Retry.NEW_ID,
            5.0,
        ),
        Reason.CITY_REFUSED: Wording(
            _C.FAILED_PRECONDITION,
            "the city's system refused the gateway: its account, its rights or the form of the question",
            "tell the operator of the gateway the exchange id; this is not NO_RECORD",
            "对方城市系统拒绝了本次查询，请将交换编号告知网关运营方；这不代表没有记录",
        ),
        Reason.CITY_ANSWER_INVALID: Wording(
            _C.DATA_LOSS,
            "the city answered something that is no answer by its own interface document",
            "tell the operator of the gateway the exchange id; this is not NO_RECORD",
            "对方城市系统的答复不符合接口规范，请将交换编号告知网关运营方；这不代表没有记录",
        ),
        Reason.HOLDER_AMBIGUOUS: Wording(
            _C.FAILED_PRECONDITION,
            "several holders match, and the first is never picked; or the one under this number bears another name",
            "give the holder's number and name exactly as on the document; if they are, the city has to mend its register",
            "匹配到多个持证主体，或该号码下的姓名不一致，请按证件准确填写号码和姓名，或联系对方城市核实",
        ),
        Reason.OUTCOME_UNKNOWN: Wording(
            _C.UNKNOWN,
            "it is not known whether the city acted",
            "ask again with a new request_id",
            "本次查询结果未知，请以新的请求编号重试",
            Retry.NEW_ID,
            1.0,
        ),
        Reason.DEFERRAL_EXPIRED: Wording(
            _C.DEADLINE_EXCEEDED,
            "the city deferred its answer and did not give it within the limit, or it is no longer asked in the same way",
            "ask anew with a new request_id, and ask the city's operators if it happens again",
            "对方系统受理后逾期未答复，请以新的请求编号重新查询",
            Retry.NEW_ID,
            60.0,
        ),
        Reason.PRESENTED_CODE_UNANSWERED: Wording(
            _C.UNKNOWN,
            "the city may have used up the code that the holder showed, and its answer was lost; a code serves once and is not sent again",
            "let the holder show a new code, and ask with a new request_id; this is not NO_RECORD",
            "亮证码可能已被使用而未收到对方城市的答复，同一亮证码不会再次发送，请持证人重新出示后以新的请求编号查询；这不代表没有记录",
        ),
        Reason.OVERLOADED: Wording(
            _C.RESOURCE_EXHAUSTED,
            "too many exchanges are in flight",
            "ask again after the time that RetryInfo names",
            "网关繁忙，请稍后重试",
            Retry.SAME_ID,
            1.0,
        ),
        Reason.LEDGER_UNAVAILABLE: Wording(
            _C.UNAVAILABLE,
            "the evidence log cannot record, and what is not recorded is not answered",
            "ask again later with a new request_id, what was deferred with its own; the operator has to mend the log",
            "存证日志暂不可用，未存证的查询不予答复，请稍后重试（已延时受理的仍用原编号）",
            Retry.NEW_ID,
            5.0,
        ),
        Reason.SHUTTING_DOWN: Wording(
            _C.UNAVAILABLE,
            "the gateway is stopping",
            "connect again and ask with the same request_id; nothing was asked",
            "网关正在停止服务，请重新连接后重试",
            Retry.SAME_ID,
            0.5,
        ),
        Reason.INTERNAL: Wording(
            _C.INTERNAL,
            "a fault of the gateway itself",
            "tell the operator of the gateway the exchange id",
            "网关内部错误，请将交换编号告知网关运营方",
        ),
    }
)


def worded(refusal: Refusal, exchange_id: str = "", after: float | None = None) -> status_pb2.Status:
    """The status that says it: code, one sentence, and google.rpc details.

    Without an id where there never was an exchange; `after` in seconds, where it is another than the reason's own.
    """
    wording = WORDINGS[refusal.reason]
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=refusal.reason.name,
            domain=DOMAIN,
            metadata={"blame": refusal.blame.value} | ({"exchange_id": exchange_id} if exchange_id else {}),
        ),
        error_details_pb2.LocalizedMessage(locale="zh-CN", message=wording.zh),
    ]
    if refusal.violations:
        details.append(_bad_request(refusal))
    if wording.retry is not Retry.NEVER:
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(wording.after if after is None else after)))
    number, _ = wording.code.value
    return status_pb2.Status(code=number, message=f"{wording.cause}: {wording.mend}", details=[_packed(each) for each in details])


def _bad_request(refusal: Refusal) -> error_details_pb2.BadRequest:
    violations = (
        error_details_pb2.BadRequest.FieldViolation(field=each.field, description=each.description) for each in refusal.violations
    )
    return error_details_pb2.BadRequest(field_violations=violations)


def _duration(seconds: float) -> duration_pb2.Duration:
    return duration_pb2.Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
