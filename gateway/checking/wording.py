"""What each fault that `kuacheng check` knows by itself is called, and how it is mended, in English and Chinese.

Laws: codes are append-only, because scripts know them by name; a wording says what is the case and, apart from it, what to do.
Certificates' faults have their wording in certs.findings, and those of the configuration come with theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """Each by its name."""

    NOT_BUILDABLE = "not-buildable"
    FIELD_UNMAPPED = "field-unmapped"
    NOT_LOOKED_AT = "not-looked-at"
    LOG_UNUSABLE = "log-unusable"
    LOG_OF_ANOTHER = "log-of-another-name"
    CHECKPOINT_REFUSED = "checkpoint-refused"
    LOG_NOT_WRITABLE = "log-not-writable"
    DISK_NEARLY_FULL = "disk-nearly-full"
    SQLITE_WAL_BUG = "sqlite-wal-bug"
    WITNESSES_SILENT = "witnesses-silent"
    WITNESSES_REFUSED = "witnesses-refused"
    CITY_UNREACHABLE = "city-unreachable"
    CITY_SLOW = "city-slow"
    CITY_NOT_LET_IN = "city-does-not-let-us-in"
    CITY_UNREADABLE = "city-unreadable"
    CITY_FAILING = "city-failing"
    CITY_UNTRIED = "city-has-no-connection-test"
    SETTINGS_REFUSED = "settings-refused"
    CLOCK_DIFFERS = "clock-differs-from-city"
    FILES_TOO_FEW = "open-files-too-few"
    GATEWAY_DOWN = "gateway-does-not-run"
    GATEWAY_UNKNOWN = "gateway-address-unknown"
    GATEWAY_STALE = "gateway-has-another-edition"
    BREAKER_OPEN = "breaker-open"
    STATE_UNUSABLE = "state-unusable"


@dataclass(frozen=True, slots=True)
class Wording:
    """`state` as gateway.checking.line has it."""

    state: str
    reason: str
    mend: str
    reason_zh: str
    mend_zh: str
    link: str


_FAILED: Final = "failed"
_WARNING: Final = "warning"
_LEFT_OUT: Final = "left-out"
_SYSTEMS: Final = "docs/configuration.md#systems"

WORDINGS: Final[Mapping[Fault, Wording]] = MappingProxyType(
    {
        Fault.NOT_BUILDABLE: Wording(
            _FAILED,
            "{why}",
            "change gateway.yaml, then: kuacheng config check",
            "无法据此配置启动：{why}",
            "修改 gateway.yaml，然后执行 kuacheng config check",
            "docs/configuration.md#gatewayyaml",
        ),
        Fault.FIELD_UNMAPPED: Wording(
            _FAILED,
            "neither mapped nor withheld: {names}",
            "write an answer rule for each, or withhold it and say why: kuacheng tables check",
            "字段既无映射也未声明不提供：{names}",
            "为每个字段补充映射规则，或声明不提供并注明原因：kuacheng tables check",
            "docs/configuration.md#tables",
        ),
        Fault.NOT_LOOKED_AT: Wording(
            _LEFT_OUT,
            "not looked at, because the configuration does not read",
            "mend the configuration first",
            "配置无法读取，未检查",
            "请先修正配置",
            "docs/configuration.md",
        ),
        Fault.LOG_UNUSABLE: Wording(
            _FAILED,
            "the evidence log cannot be used: {why}",
            "see that the file, or the database, is there and is ours; then: kuacheng ledger verify",
            "存证日志无法使用：{why}",
            "确认日志文件或数据库存在且属于本系统，然后执行 kuacheng ledger verify",
            "docs/ledger.md#when-writing-fails",
        ),
        Fault.LOG_OF_ANOTHER: Wording(
            _FAILED,
            "the store holds the log {held}, and the configuration names {wanted}",
            "point `ledger` at the store of this log, or give `log` back its name",
            "存储中的日志名为 {held}，配置中为 {wanted}",
            "将 ledger 指向正确的存储，或恢复原来的 log 名称",
            "docs/configuration.md#ledger",
        ),
        Fault.CHECKPOINT_REFUSED: Wording(
            _FAILED,
            "its newest checkpoint does not stand: {why}",
            "let nothing be written, and find what changed: kuacheng ledger verify",
            "最新检查点不成立：{why}",
            "停止写入，并查明变动之处：kuacheng ledger verify",
            "docs/ledger.md#what-verify-finds",
        ),
        Fault.LOG_NOT_WRITABLE: Wording(
            _FAILED,
            "{path} cannot be written by this user",
            "run as the gateway's user, or give it the file and its folder",
            "当前用户无权写入 {path}",
            "以网关的用户运行，或授予该用户对文件及其目录的写权限",
            "docs/ledger.md#the-file",
        ),
        Fault.DISK_NEARLY_FULL: Wording(
            _WARNING,
            "{free} MiB are left on the disk of {path}",
            "make room: without it no exchange is recorded, and so none is answered",
            "{path} 所在磁盘仅剩 {free} MiB",
            "请清理磁盘：空间不足时无法存证，所有查询都会被拒绝",
            "docs/ledger.md#keeping-it",
        ),
        Fault.SQLITE_WAL_BUG: Wording(
            _WARNING,
            "{version} can spoil a log that one connection writes while another checkpoints; from {mended} on it cannot. "
            "The gateway's own writers take turns, so only other programs do harm",
            "let no other program write the file; take a newer SQLite, or PostgreSQL",
            "{version} 在一个连接写入、另一个连接做检查点时可能损坏日志（{mended} 起已修复）；"
            "网关自身的写入互斥进行，只有其他程序会造成损坏",
            "不要让其他程序写入该文件；升级 SQLite，或改用 PostgreSQL",
            "docs/ledger.md#the-file",
        ),
        Fault.WITNESSES_SILENT: Wording(
            _WARNING,
            "the newest checkpoint that the witnesses cosigned is {age} s old, and after {limit} s no exchange goes on",
            "see whether the witnesses run and are reachable; a gateway that starts asks them at once",
            "见证人最近一次联署在 {age} 秒前，超过 {limit} 秒后将停止一切查询",
            "检查见证人是否运行、能否连通；网关启动时会立即请求联署",
            "docs/witness.md#watching-it",
        ),
        Fault.WITNESSES_REFUSED: Wording(
            _FAILED,
            "the kept checkpoint does not meet the policy: {why}",
            "if the policy was changed, remove the kept file; otherwise ask the witnesses what they hold",
            "保存的检查点不满足见证策略：{why}",
            "若策略已更改，请删除保存的文件；否则向见证人核对",
            "docs/witness.md#the-policy-file",
        ),
        Fault.CITY_UNREACHABLE: Wording(
            _FAILED,
            "no answer: {why}",
            "try the address from this machine; see whether both sides' certificates are in force: kuacheng certs check",
            "无法连通：{why}",
            "在本机测试该地址，并检查双方证书是否有效：kuacheng certs check",
            _SYSTEMS,
        ),
        Fault.CITY_SLOW: Wording(
            _FAILED,
            "no answer within {seconds:g} s",
            "ask the city whether its system is up; see what lies between: firewall, route, proxy",
            "{seconds:g} 秒内没有应答",
            "向对方城市确认系统是否在运行，并检查防火墙、路由和代理",
            _SYSTEMS,
        ),
        Fault.CITY_NOT_LET_IN: Wording(
            _FAILED,
            "the city answers and does not let us in: {why}",
            "see that the city has our certificate, and that account and secrets are those it gave us",
            "对方有应答但拒绝我方接入：{why}",
            "确认对方已登记我方证书，账号与密钥与其发放的一致",
            _SYSTEMS,
        ),
        Fault.CITY_UNREADABLE: Wording(
            _FAILED,
            "the city answers in a way that its interface does not know: {why}",
            "see whether the address leads to this interface, and whether the city changed it",
            "对方应答不符合接口规范：{why}",
            "确认地址指向该接口，并向对方核实接口是否变更",
            _SYSTEMS,
        ),
        Fault.CITY_FAILING: Wording(
            _WARNING,
            "it lets us in, and says HTTP {status}",
            "ask the city whether its system is well",
            "可以接入，但返回 HTTP {status}",
            "向对方城市确认系统状态",
            _SYSTEMS,
        ),
        Fault.CITY_UNTRIED: Wording(
            _LEFT_OUT,
            "this interface has no connection test",
            "ask something by hand: kuacheng query",
            "该接口没有连通性测试",
            "请手工查询一次：kuacheng query",
            _SYSTEMS,
        ),
        Fault.SETTINGS_REFUSED: Wording(
            _FAILED,
            "no connection can be made with its settings: {why}",
            "change the system's part of gateway.yaml",
            "系统设置无法建立连接：{why}",
            "修改 gateway.yaml 中该系统的设置",
            _SYSTEMS,
        ),
        Fault.CLOCK_DIFFERS: Wording(
            _FAILED,
            "this machine's clock and the city's differ by {seconds:.0f} s; signed questions and certificates go by it",
            "set both clocks by NTP; see which of the cities, and the witnesses, agree with us",
            "本机时钟与对方相差 {seconds:.0f} 秒，签名请求与证书校验都依赖时钟",
            "双方用 NTP 校时，并比较其他城市与见证人的时间以判断哪一方有误",
            "docs/certificates.md#is-it-ready",
        ),
        Fault.FILES_TOO_FEW: Wording(
            _WARNING,
            "this process may open {allowed} files, and full load needs {needed}: each system's connections, those of "
            "callers, and our own",
            "raise LimitNOFILE of the service (here: ulimit -Hn), or lower `connections` of the systems and of `listen`",
            "进程最多可打开 {allowed} 个文件，满载需要 {needed} 个（各系统连接、调用方连接、以及自身所用）",
            "调高服务的 LimitNOFILE（本会话：ulimit -Hn），或调低各系统及 listen 的 connections",
            "docs/configuration.md#limits",
        ),
        Fault.GATEWAY_DOWN: Wording(
            _LEFT_OUT,
            "no gateway answers at {where}",
            "start it, kuacheng serve, to have it looked at as well",
            "{where} 没有网关应答",
            "启动网关（kuacheng serve）后可一并检查",
            "docs/configuration.md#metrics",
        ),
        Fault.GATEWAY_UNKNOWN: Wording(
            _LEFT_OUT,
            "the configuration names no fixed address for metrics, so it is not known where the gateway would be",
            "name the address that it printed: --metrics",
            "配置没有固定的指标地址，无法得知网关所在",
            "用 --metrics 指定网关启动时打印的地址",
            "docs/configuration.md#metrics",
        ),
        Fault.GATEWAY_STALE: Wording(
            _WARNING,
            "the gateway judges by edition {held}, and the files say {wanted}",
            "send it SIGHUP, and read in its log whether it took the new edition up",
            "网关使用的版本为 {held}，文件中为 {wanted}",
            "向网关发送 SIGHUP，并在其日志中确认新版本是否生效",
            "docs/configuration.md#taking-up-changes",
        ),
        Fault.BREAKER_OPEN: Wording(
            _FAILED,
            "its breaker is open: the city failed too often and is left alone for some seconds",
            "see this city's own line here; when it answers again, the breaker closes by itself",
            "熔断器已断开：对方多次失败，暂停访问数秒",
            "查看此处该城市的检查结果；对方恢复后熔断器会自动闭合",
            "docs/first-ten-minutes.md#a-city-does-not-answer",
        ),
        Fault.STATE_UNUSABLE: Wording(
            _FAILED,
            "the gateway does not start: {why}",
            "a folder that only the gateway's user may open and write: `state` in gateway.yaml",
            "网关无法启动，运行记录目录不可用：{why}",
            "在 gateway.yaml 的 state 中指定仅网关用户可读写的目录",
            "docs/configuration.md#state",
        ),
    }
)
