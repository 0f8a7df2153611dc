"""What of the log a holder is shown: which acts, on which page, and in which words.

Laws: a smaller right never shows more; what is hidden on legal authority is neither shown nor counted; whether it is hidden stands in the
entry and nowhere else, so nobody hides afterwards what was done; nothing of anybody else's person is shown; the words of an act come from
its entries by one table. A question's pages are of the log as it stood at the first of them.
Serves: PIPL art. 44, 45, 18 (what law keeps secret need not be told); shape: findUsage of Estonia's Data Tracker.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gateway.model.act import ACT
from gateway.model.exchange import BY_CODE, NAMED_BY, Entry, EntryKind, Fact, Result
from gateway.model.identity import Caller
from gateway.model.paging import Bookmark
from gateway.model.query import Power
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.model.usage import (
    FOR_GOOD,
    SEARCH,
    Look,
    Looks,
    Page,
    Searching,
    SearchRight,
    Usage,
    UsageKind,
    UsageOutcome,
    UsageQuestion,
)
from gateway.model.world import World

_OTHER: Final = "_other"
_Q, _S, _V, _D = UsageKind.QUERY, UsageKind.SEARCH, UsageKind.VERIFY, UsageKind.DOWNLOAD
_ZH, _EN = "zh", "en"

ACTIONS: Final[Mapping[tuple[UsageKind, UsageOutcome], Mapping[str, str]]] = MappingProxyType(
    {
        (_Q, UsageOutcome.ISSUED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}查询您的{what}，已获提供{count}项信息。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, asked {where} for your {what} and was given "
            "{count} fields of it.",
        },
        (_Q, UsageOutcome.NO_RECORD): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}查询您的{what}，对方答复没有记录。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, asked {where} for your {what} and was told that there "
            "is none.",
        },
        (_Q, UsageOutcome.REFUSED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，申请向{where}查询您的{what}，未获提供任何信息。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, wanted to ask {where} for your {what} and was given "
            "nothing.",
        },
        (_Q, UsageOutcome.UNKNOWN): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}查询您的{what}，查询中断，未向其提供信息。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, asked {where} for your {what}; the call broke off and "
            "nothing was given.",
        },
        (_Q, UsageOutcome.PENDING): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，正在向{where}查询您的{what}。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, is asking {where} for your {what}.",
        },
        (_V, UsageOutcome.VERIFIED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}核验您的{what}中的{count}项信息，仅获知是否一致，未获提供内容。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, had {where} verify {count} statements about your {what}, "
            "and was told whether they are right and nothing else.",
        },
        (_V, UsageOutcome.REFUSED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，申请向{where}核验您的{what}，未获知任何结果。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, wanted {where} to verify statements about your {what} and "
            "was told nothing.",
        },
        (_V, UsageOutcome.UNKNOWN): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}核验您的{what}，核验中断，未向其告知结果。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, had {where} verify statements about your {what}; the call "
            "broke off and nothing was told.",
        },
        (_V, UsageOutcome.PENDING): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，正在向{where}核验您的{what}。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, is having {where} verify statements about your {what}.",
        },
        (_Q, UsageOutcome.DEFERRED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}查询您的{what}，对方尚未答复，未向其提供信息。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, asked {where} for your {what}, which had not answered yet; "
            "nothing was given.",
        },
        (_D, UsageOutcome.ISSUED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}下载您的{what}的文件，已获准取得该文件全部内容。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, "
            "asked {where} for the file of your {what} and was allowed all of it.",
        },
        (_D, UsageOutcome.NO_RECORD): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}下载您的{what}的文件，对方答复没有记录。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, "
            "asked {where} for the file of your {what} and was told that there is none.",
        },
        (_D, UsageOutcome.REFUSED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，申请向{where}下载您的{what}的文件，未获提供。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, "
            "wanted the file of your {what} from {where} and was given nothing.",
        },
        (_D, UsageOutcome.UNKNOWN): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，向{where}下载您的{what}的文件，下载中断，未向其提供文件。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, "
            "asked {where} for the file of your {what}; the call broke off and nothing was given.",
        },
        (_D, UsageOutcome.PENDING): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，正在向{where}下载您的{what}的文件。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, is asking {where} for the file of your {what}.",
        },
        (_S, UsageOutcome.SEARCHED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，查阅了谁曾查询您的信息，共{count}条。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, looked up who had looked at your data and found "
            "{count} acts.",
        },
        (_S, UsageOutcome.REFUSED): {
            _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，申请查阅谁曾查询您的信息，未获准许。",
            _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, wanted to look up who had looked at your data and "
            "was refused.",
        },
    }
)
"""A sentence for each act and end, by language. All that stands in it comes from the entries and from what names regions and evidence."""

SHOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        _ZH: "{who}（{role}）因办理“{matter}”，依据{basis}，凭您出示的亮证码向{where}查询您的{what}，已获提供{count}项信息。",
        _EN: "{who} ({role}), handling '{matter}' on the ground of {basis}, asked {where} for your {what} by the code that you showed, "
        "and was given {count} fields of it.",
    }
)
"""What is said of a query by a shown code. Where it is not answered, the log never learns whose code it was."""

_UNNAMED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"what": {_ZH: "证照", _EN: "evidence"}, "where": {_ZH: "某地区", _EN: "a region"}}
)


_KINDS: Final[Mapping[str, UsageKind]] = MappingProxyType({"": _Q, SEARCH: _S, Power.VERIFY: _V, Power.DOWNLOAD: _D})
"""What kind of act an entry begins, by its fact `act`."""


def paged(found: Looks, searching: Searching, world: World) -> Page:
    """The page that is asked for, of all that the search's right may show. Raises INVALID_REQUEST for a token of another question."""
    caller, question, right = searching.caller, searching.question, searching.right
    if caller is None or question is None or right is None:
        raise RuntimeError("a search shows nothing before it has a right")
    if not found.whole:
        raise _too_many()
    mark = _bookmark(question, caller, found, world)
    visible = [each for each in found.looks if each.index < mark.size and shown(each.entry, right, searching.search.received)]
    rest = [each for each in reversed(visible) if each.index < mark.before]
    page = tuple(rest[: question.page_size])
    more = len(rest) > len(page)
    token = Bookmark(mark.size, page[-1].index).token(world.holder_key.secret, _scope(question, caller)) if more else ""
    return Page(page, len(visible), token)


def _bookmark(question: UsageQuestion, caller: Caller, found: Looks, world: World) -> Bookmark:
    """Where the page begins: where its token says, or at the log's end."""
    if not question.page_token:
        return Bookmark(found.size, found.size)
    mark = Bookmark.read(question.page_token, world.holder_key.secret, _scope(question, caller))
    if mark is None or mark.size > found.size:
        raise _foreign()
    return mark


def shown(entry: Entry, right: SearchRight, now: datetime) -> bool:
    """Whether a holder is shown the act that this entry begins."""
    facts = entry.facts
    if _is_hidden(facts, now):
        return False
    if facts.get(ACT) == SEARCH:
        return True
    if entry.kind is EntryKind.ACT:
        return False
    regions, kinds = right.provider_regions | {_OTHER}, right.evidence_types | {_OTHER}
    return facts.get("provider_region") in regions and facts.get("evidence_type") in kinds


def worded(act: Look, ending: Entry | None, world: World) -> Usage:
    """The act as it is shown. `ending` is the OUTCOME of an intent, None where there is none yet."""
    facts = act.entry.facts
    kind = _KINDS[_text(facts, ACT)]
    outcome = _outcome(act.entry, ending)
    fields = _texts(ending.facts.get("fields")) if ending else ()
    return Usage(
        logtime=act.entry.at,
        action=_action(kind, outcome, facts, fields, world),
        receiver_code=_text(facts, "caller_department"),
        receiver_name=_name(facts, world),
        receiver_system=_text(facts, "caller_system"),
        receiver_region=_text(facts, "caller_region"),
        receiver_role=_text(facts, "operator_role"),
        kind=kind,
        outcome=outcome,
        evidence_type=_known(facts, "evidence_type"),
        provider_region=_known(facts, "provider_region"),
        fields=fields,
        legal_basis=_text(facts, "legal_basis"),
        legal_basis_reference=_text(facts, "legal_basis_reference"),
        matter_code=_text(facts, "matter_code"),
        matter_name=_text(facts, "matter_name"),
        exchange_id=act.entry.exchange_id,
    )


def _is_hidden(facts: Mapping[str, Fact], now: datetime) -> bool:
    until = facts.get("hidden_until")
    return until is not None and (until == FOR_GOOD or now < datetime.fromisoformat(str(until)))


def _outcome(entry: Entry, ending: Entry | None) -> UsageOutcome:
    if entry.kind is EntryKind.REFUSED:
        return UsageOutcome.REFUSED
    if entry.kind is EntryKind.ACT:
        return UsageOutcome.SEARCHED
    return UsageOutcome(Result(str(ending.facts["result"])).value) if ending else UsageOutcome.PENDING


def _action(
    kind: UsageKind, outcome: UsageOutcome, facts: Mapping[str, Fact], fields: tuple[str, ...], world: World
) -> Mapping[str, str]:
    sentences = SHOWN if facts.get(NAMED_BY) == BY_CODE and outcome is UsageOutcome.ISSUED else ACTIONS[kind, outcome]
    return MappingProxyType(
        {language: text.format_map(_parts(language, facts, fields, world)) for language, text in sentences.items()}
    )


def _parts(language: str, facts: Mapping[str, Fact], fields: tuple[str, ...], world: World) -> Mapping[str, object]:
    evidence = world.catalogue.find(_text(facts, "evidence_type"))
    region = world.regions.get(_text(facts, "provider_region"))
    return {
        "who": _name(facts, world) or _text(facts, "caller_department"),
        "role": _text(facts, "operator_role"),
        "matter": _text(facts, "matter_name"),
        "basis": _text(facts, "legal_basis_reference"),
        "what": getattr(evidence, language) if evidence else _known(facts, "evidence_type") or _UNNAMED["what"][language],
        "where": getattr(region, language) if region else _known(facts, "provider_region") or _UNNAMED["where"][language],
        "count": facts.get("found", len(fields)),
    }


def _name(facts: Mapping[str, Fact], world: World) -> str:
    """The department's name as it was recorded; of a refusal before any agreement was found, as it is called now."""
    if recorded := _text(facts, "caller_department_name"):
        return recorded
    region, code = _text(facts, "caller_region"), _text(facts, "caller_department")
    named = [each.department_name for each in world.agreements.get(code, ()) if each.region == region]
    named += [each.department_name for each in world.search_rights.get((region, code), ())]
    return next(iter(named), "")


def _known(facts: Mapping[str, Fact], name: str) -> str:
    found = _text(facts, name)
    return "" if found == _OTHER else found


def _text(facts: Mapping[str, Fact], name: str) -> str:
    return str(facts.get(name, ""))


def _texts(fact: Fact | None) -> tuple[str, ...]:
    return fact if isinstance(fact, tuple) else ()


def _scope(question: UsageQuestion, caller: Caller) -> bytes:
    """What must be the same on every page of a search: who asks, about whom, of which time."""
    holder, period = question.holder, question.period
    bounds = [bound.isoformat() if bound else "" for bound in (period.start, period.end)]
    return json.dumps([caller.uri, holder.id_type, holder.id_number, *bounds]).encode()


def _foreign() -> Refusal:
    wanted = "is the next_page_token of the page before, for the same holder, period and system; leave it empty to begin anew"
    return Refusal(Reason.INVALID_REQUEST, "at fault: page_token", violations=(Violation("page_token", wanted),))


def _too_many() -> Refusal:
    wanted = "leaves more entries about this holder than are read at a time; ask for a shorter period"
    return Refusal(Reason.INVALID_REQUEST, "at fault: period_start", violations=(Violation("period_start", wanted),))
