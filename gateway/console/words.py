"""Every text of the console, in Chinese and English: one table.

Laws: a text stands in both languages or not at all; what is asked for by a name that the table does not have is a fault of ours, and the
tests find it; a code that we do not know is shown as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.console.entry_words import ENTRY_TEXTS

LANGUAGES: Final = ("zh", "en")
_WANTED: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,35})?\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?\s*")
_LONGEST_HEADER: Final = 500

PAGE_TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "console": ("跨城控制台", "Kuacheng console"),
        "skip": ("跳到正文", "Skip to content"),
        "navigation": ("页面", "Pages"),
        "footer": ("只读。本页不含个人信息；时间均为北京时间（UTC+8）。", "Read-only. No personal data; times are UTC+8."),
        "nav.overview": ("总览", "Overview"),
        "nav.exchanges": ("交换查询", "Exchanges"),
        "nav.certificates": ("证书", "Certificates"),
        "nav.agreements": ("协议", "Agreements"),
        "nav.catalogue": ("证照目录", "Catalogue"),
        "role.system": ("系统管理员", "System administrator"),
        "role.security": ("安全管理员", "Security administrator"),
        "role.audit": ("审计管理员", "Audit administrator"),
        "role.local": ("本机，未登录", "This machine, no certificate"),
        "role.none": ("无权限", "No role"),
        "as-of": ("截至", "As of"),
        "again": ("刷新", "Refresh"),
        "edition": ("配置版本", "configuration edition"),
        "behind": (
            "网关使用的配置与本控制台读到的不同：请查看 gateway.yaml 是否有误，本页中协议、目录等可能已过时。",
            "The gateway judges by another configuration than this console could read: look whether gateway.yaml has a fault; "
            "agreements and catalogue here may be out of date.",
        ),
        "since": ("自", "since"),
        "since-at-least": ("至少自", "at least since"),
        "light.green": ("正常", "Good"),
        "light.amber": ("注意", "Look"),
        "light.red": ("故障", "Broken"),
        "light.unknown": ("未知", "Unknown"),
        "subject.gateway": ("网关", "Gateway"),
        "subject.ledger": ("存证日志", "Evidence log"),
        "subject.certificates": ("本方证书", "Our certificates"),
        "rule.city-all-open": ("该市所有系统均已熔断，不再发问", "every system's breaker is open: the city is not asked"),
        "rule.city-some-open": ("有系统熔断或正在试探", "a system's breaker is open, or lets one probe through"),
        "rule.city-turned-away": ("近五分钟有请求因排队已满或熔断被挡回", "questions were turned away in the last five minutes"),
        "rule.city-unclear": ("近五分钟有交换结果不明", "exchanges ended with nobody knowing what the city did"),
        "rule.city-failing-most": ("近一分钟半数以上的交换因该市失败", "most exchanges of the last minute failed over there"),
        "rule.city-failing": ("近五分钟超过 5% 的交换因该市失败", "more than 5 % of exchanges failed over there in five minutes"),
        "rule.city-slow": ("该市百分之一的应答超过 2.5 秒", "one answer in a hundred takes the city more than 2.5 s"),
        "rule.city-unseen": ("读不到网关指标，状况不明", "the gateway's metrics cannot be read"),
        "rule.gateway-silent": ("读不到网关指标：网关可能已停", "its metrics cannot be read: it may be down"),
        "rule.gateway-refuses-many": (
            "超过 5% 的交换因本方原因被拒",
            "more than 5 % of exchanges are refused for our own reasons",
        ),
        "rule.gateway-refuses": ("有交换因本方原因被拒", "some exchanges are refused for our own reasons"),
        "rule.gateway-saturated": (
            "近一分钟有进程九成以上时间无空闲：部分请求未经计数即被 gRPC 拒绝或丢弃",
            "a process was busy for over nine tenths of the last minute: gRPC turns callers away, and nobody counts them",
        ),
        "rule.gateway-busy": ("近五分钟有进程八成以上时间无空闲", "a process was busy for more than 80 % of five minutes"),
        "rule.gateway-full": ("并发已超过上限的 80%", "more than 80 % of its places are taken"),
        "rule.ledger-unreadable": ("无法读取存证日志", "the log cannot be read"),
        "rule.ledger-unwritable": ("近五分钟有交换因日志不可写被拒", "exchanges are refused because it cannot be written"),
        "rule.ledger-unwatched": ("见证签名已超过允许时限", "no cosigned checkpoint within the limit"),
        "rule.ledger-late": ("见证签名已过允许时限的一半", "the cosigned checkpoint is older than half the limit"),
        "rule.certificates-hurry": ("有证书剩余有效期不足六分之一", "one has less than a sixth of its life left"),
        "rule.certificates-renew": ("有证书剩余有效期不足三分之一", "one has less than a third of its life left"),
        "rule.certificates-unread": ("证书文件无法读取，状况不明", "the files of the certificates cannot be read"),
        "state": ("状况", "State"),
        "rules": ("判定规则", "Rules"),
        "rule": ("条件", "If"),
        "makes-it": ("判为", "it is"),
        "now": ("此刻", "Now"),
        "holds": ("成立", "so"),
        "holds-not": ("不成立", "not so"),
        "a-second": ("每秒", "/s"),
        "a-second.long": ("每秒交换数（近五分钟）", "Exchanges a second, five minutes"),
        "in-flight": ("进行中", "In flight"),
        "log-size": ("日志条目数", "Entries in the log"),
        "checkpoint-age": ("最近见证检查点", "Newest cosigned checkpoint"),
        "no-witnesses": ("未设见证方", "no witnesses"),
        "chart.traffic": ("每秒交换数", "Exchanges a second"),
        "chart.latency": ("时延 p99（虚线为城市部分）", "Latency p99 (dashed: the city's part)"),
        "chart.span": ("时段", "from"),
        "chart.top": ("上沿", "top"),
        "chart.none": ("数据不足，稍候", "not enough samples yet"),
        "chart.city-part": ("城市部分", "city's part"),
        "unit.a-second": ("次/秒", "/s"),
        "unit.ms": ("毫秒", "ms"),
        "systems": ("系统", "Systems"),
        "system": ("系统", "System"),
        "breaker": ("熔断器", "Breaker"),
        "inside": ("进行中 / 上限", "Inside / places"),
        "waiting": ("排队", "Waiting"),
        "turned-away": ("每秒挡回", "Turned away /s"),
        "unread": ("读不到指标", "the metrics cannot be read"),
        "passage.closed": ("闭合（放行）", "closed (all pass)"),
        "passage.half_open": ("半开（试探）", "half open (one probe)"),
        "passage.open": ("断开（不发问）", "open (none pass)"),
        "ended": ("已结束的交换（近五分钟）", "Exchanges that ended, five minutes"),
        "evidence-type": ("证照类型", "Evidence type"),
        "region": ("地区", "Region"),
        "result": ("结果", "Result"),
        "nothing-ended": ("近五分钟没有交换", "nothing in the last five minutes"),
        "latency": ("时延，毫秒（近五分钟）", "Latency, ms, five minutes"),
        "whole": ("全程", "whole"),
        "citys-part": ("城市", "city"),
        "refused": ("拒绝原因（近五分钟）", "Refusals, five minutes"),
        "reason": ("原因", "Reason"),
        "meaning": ("含义", "Meaning"),
        "blame": ("责任方", "Blame"),
        "nothing-refused": ("近五分钟没有拒绝", "no refusals in the last five minutes"),
        "blame.CALLER": ("调用方", "caller"),
        "blame.POLICY": ("授权", "policy"),
        "blame.COUNTERPARTY": ("对方城市", "the city"),
        "blame.OURS": ("本方", "ours"),
        "result.ISSUED": ("已出证", "issued"),
        "result.NO_RECORD": ("对方称无此记录", "no record, says the city"),
        "result.REFUSED": ("已拒绝", "refused"),
        "result.UNKNOWN": ("结果不明", "unknown"),
        "result.VERIFIED": ("已核验", "verified"),
        "result.DEFERRED": ("稍后答复", "to be answered later"),
        "result.PENDING": ("尚未结束", "not ended"),
        "answers-for": ("可提供的证照", "What it answers for"),
        "operation": ("接口", "Operation"),
        "table-edition": ("对照表版本", "Table edition"),
        "catalogue.lead": ("两市共用的证照与字段。", "The kinds of evidence and fields that both cities share."),
        "field": ("字段", "Field"),
        "fields": ("字段", "Fields"),
        "parameters": ("查询参数", "Parameters"),
        "value": ("取值", "Value"),
        "codes": ("代码", "Codes"),
        "code": ("类型代码", "Code"),
        "paper": ("性质", "Kind"),
        "paper.certificate": ("证明", "certificate"),
        "paper.e-licence": ("电子证照", "e-licence"),
        "about": ("持证主体", "Holder"),
        "holder.PERSON": ("自然人", "person"),
        "holder.ORGANISATION": ("组织", "organisation"),
        "answered-by": ("提供方", "Answered by"),
        "nobody": ("暂无", "nobody yet"),
        "kind.text": ("文本", "text"),
        "kind.integer": ("整数", "integer"),
        "kind.money": ("金额，元", "money, yuan"),
        "kind.date": ("日期", "date"),
        "kind.month": ("年月", "month"),
        "kind.decimal": ("小数", "decimal"),
        "kind.coded": ("代码", "code"),
        "kind.period": ("期间", "period"),
        "kind.rows": ("多行", "rows"),
        "kind.months": ("起止年月", "range of months"),
        "kind.holders": ("持证主体", "holders"),
        "agreements.lead": ("未列入协议的，一律拒绝。", "What no agreement names is refused."),
        "agreements.none": ("没有协议", "there are no agreements"),
        "term.now": ("生效中", "in force"),
        "term.ending": ("三十天内到期", "ends within 30 days"),
        "term.ended": ("已到期", "ended"),
        "term.coming": ("未生效", "not yet in force"),
        "department": ("部门", "Department"),
        "every-system": ("该部门所有系统", "every system of the department"),
        "valid": ("有效期", "Valid"),
        "matters": ("事项", "Matters"),
        "legal-bases": ("法律依据", "Legal bases"),
        "basis.STATUTORY_DUTY": ("依职能", "statutory duty"),
        "basis.HOLDER_AUTHORISED": ("本人授权", "authorised by the holder"),
        "basis.ENTRUSTED": ("委托", "entrusted"),
        "hidden": ("不向当事人展示，依据", "Not shown to holders, by"),
        "may-see": ("可查看的字段", "What it may see"),
        "certificates.lead": (
            "本网关出示、信任以及调用方出示过的全部证书，最先到期的在前。",
            "Every certificate that this gateway shows, believes or was shown; what ends first stands first.",
        ),
        "certificates.line": ("未来一年的到期时间", "Expiries in the coming year"),
        "certificates.unread": ("证书文件无法读取", "the files of the certificates cannot be read"),
        "certificates.seen-unread": ("调用方证书记录无法读取", "the record of callers' certificates cannot be read"),
        "certificate": ("证书", "Certificate"),
        "used-as": ("用途", "Used as"),
        "expires": ("到期", "Ends"),
        "days-left": ("剩余天数", "Days left"),
        "issuer": ("签发者", "Issuer"),
        "last-seen": ("最近出示", "Last seen"),
        "use.served": ("向调用方出示", "shown to callers"),
        "use.presented": ("向城市出示", "shown to a city"),
        "use.published": ("向对方公布", "published"),
        "use.trusted": ("信任", "believed"),
        "use.seen": ("调用方出示", "seen from a caller"),
        "life.good": ("正常", "good"),
        "life.renew": ("应更新", "renew"),
        "life.hurry": ("速更新", "renew at once"),
        "exchanges.lead": (
            "每次查询都先记入存证日志，再显示结果。只接受编号和时间，不接受证件号码。",
            "Each search is recorded in the evidence log before its result is shown. It takes ids and times, never a person's number.",
        ),
        "search.by-id": ("按编号", "By id"),
        "search.by-time": ("按时间", "By time"),
        "exchange-id": ("交换编号", "Exchange id"),
        "search": ("查询", "Search"),
        "from": ("从", "From"),
        "to": ("到", "To"),
        "search.not-an-id": (
            "这不是交换编号：应为 36 位，如 123e4567-e89b-42d3-a456-426614174000；所填内容未保存。",
            "This is no exchange id: 36 characters such as 123e4567-e89b-42d3-a456-426614174000. What was typed is not kept.",
        ),
        "search.not-a-time": ("时间格式应为 2026-09-01T08:30。", "Write times as 2026-09-01T08:30."),
        "search.backwards": ("开始时间晚于结束时间。", "It begins after it ends."),
        "search.too-long": ("一次最多查询 31 天。", "At most 31 days at a time."),
        "search.not-a-page": ("没有这一页，请重新查询。", "There is no such page; search again."),
        "found": ("查询结果", "Found"),
        "found.none": ("没有记录。", "Nothing is recorded."),
        "found.gone": ("已按保存期限清除正文的条目数：", "Entries whose bodies were purged when their time was over:"),
        "recorded": ("本次查询已记入日志，条目", "this search is recorded as entry"),
        "at": ("时间", "At"),
        "exchange": ("交换", "Exchange"),
        "more": ("下一页", "Next page"),
        "receipt.download": ("下载回执", "Download receipt"),
        "receipt.verify": ("离线核验：", "Verify offline:"),
        "receipt.none": ("交换尚未结束，没有回执。", "The exchange has not ended; there is no receipt yet."),
        "denied": ("无权查看", "Not for you"),
        "denied.mend": (
            "您的证书没有查看此页的角色。角色由 gateway.yaml 的 console.roles 按证书名称授予。",
            "Your certificate has no role that may see this page. Roles are given under console.roles in gateway.yaml.",
        ),
        "missing": ("没有此页", "No such page"),
        "missing.mend": ("请从上方菜单选择。", "Choose a page from the menu above."),
        "unrecorded": ("无法记录，因此不显示", "Not recorded, so not shown"),
        "unrecorded.mend": (
            "存证日志目前无法写入或读取，查询未执行。请看总览。",
            "The evidence log cannot be read or written now, so nothing was searched. See the overview.",
        ),
        "elsewhere": ("请求来自其他网站", "Asked from another site"),
        "elsewhere.mend": ("请在控制台内操作。", "Open the page from within the console."),
        "wrong-method": ("只接受 GET", "GET only"),
        "wrong-method.mend": ("控制台只读。", "The console only reads."),
        "wrong-host": ("主机名不符", "Wrong host"),
        "wrong-host.mend": (
            "请用 127.0.0.1 或 localhost 打开。",
            "Open it as 127.0.0.1 or localhost: without certificates no other name is answered.",
        ),
        "busy": ("同时请求过多", "Too many requests at once"),
        "busy.mend": ("请稍后再试。", "Try again in a moment."),
        "broken": ("本控制台出错", "Our fault"),
        "broken.mend": ("错误已写入控制台的日志。", "The console's log has it."),
    }
)
TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({**PAGE_TEXTS, **ENTRY_TEXTS})


@dataclass(frozen=True, slots=True)
class Telling:
    """Texts in one language."""

    language: str

    def __call__(self, name: str) -> str:
        """The text of this name. Raises KeyError."""
        return TEXTS[name][LANGUAGES.index(self.language)]

    def or_itself(self, prefix: str, code: str) -> str:
        """The text of a code, or the code where it has none: what a log or a metric holds may be newer than this program."""
        return self(f"{prefix}{code}") if f"{prefix}{code}" in TEXTS else code


def language(asked: str | None, kept: str | None, header: str) -> str:
    """Which language to tell in: as asked for, as kept from before, as the browser prefers, or Chinese."""
    for each in (asked, kept):
        if each in LANGUAGES:
            return each
    wanted = [found for part in header[:_LONGEST_HEADER].split(",") if (found := _WANTED.fullmatch(part))]
    ranked = sorted(wanted, key=lambda found: -float(found[2] or 1))
    return next((found[1].lower() for found in ranked if found[1].lower() in LANGUAGES), LANGUAGES[0])
