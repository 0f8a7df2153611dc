"""What a holder is shown: a smaller right never shows more, what is hidden is neither shown nor counted, every act has its words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.exchange import Entry, EntryKind, Fact
from gateway.model.refusal import Refusal
from gateway.model.usage import (
    FOR_GOOD,
    SEARCH,
    Look,
    Looks,
    Page,
    Period,
    Search,
    Searching,
    SearchRight,
    UsageKind,
    UsageOutcome,
    UsageQuestion,
)
from gateway.stages.usage import ACTIONS, paged, shown, worded
from tests.gateway.stages.builders import KIND, NOW, NUMBER, caller, peer, query, search_right, world

REGIONS, KINDS = ("440100", "440600", "_other"), (KIND.code, "11100000M00000035K902", "_other")
WORLD = world()
WHO: dict[str, Fact] = {
    "caller_region": "440100",
    "caller_department": caller().department,
    "caller_department_name": "样样局",
    "operator_role": "clerk",
    "operator_account": "window-3",
    "matter_name": "样样事项",
    "matter_code": "1",
    "case_number": "case-1",
    "legal_basis": "STATUTORY_DUTY",
    "legal_basis_reference": "article 17",
}


def entry(kind: EntryKind = EntryKind.INTENT, at: datetime = NOW, **facts: Fact) -> Entry:
    return Entry(kind, f"exchange-{at.isoformat()}", at, {**WHO, **facts})


def asked(**facts: Fact) -> Entry:
    return entry(**{"provider_region": "440600", "evidence_type": KIND.code, **facts})


def searching(right: SearchRight, **changes: Any) -> Searching:
    question = replace(UsageQuestion(query().holder, query().purpose, query().legal_basis, Period(), 50, ""), **changes)
    return Searching(Search("search-1", peer(), question, NOW), caller(), question, right)


def looks(entries: Sequence[Entry]) -> Looks:
    return Looks(10 * len(entries), tuple(Look(10 * number, each) for number, each in enumerate(entries)))


HIDDEN = st.sampled_from([{}, {"hidden_until": FOR_GOOD, "hidden_by": "x"}, {"hidden_until": "2030-05-17T08:30:15.001+00:00"}])
QUERIES = st.builds(
    lambda kind, region, evidence, hidden: entry(kind, provider_region=region, evidence_type=evidence, **hidden),
    st.sampled_from([EntryKind.INTENT, EntryKind.REFUSED]),
    st.sampled_from(REGIONS),
    st.sampled_from(KINDS),
    HIDDEN,
)
SEARCHES = st.builds(lambda kind: entry(kind, act=SEARCH), st.sampled_from([EntryKind.ACT, EntryKind.REFUSED]))
ENTRIES = st.lists(QUERIES | SEARCHES, max_size=12)
RIGHTS = st.builds(
    lambda regions, kinds: search_right(provider_regions=regions, evidence_types=kinds),
    st.frozensets(st.sampled_from(REGIONS[:2])),
    st.frozensets(st.sampled_from(KINDS[:2])),
)


@given(ENTRIES, RIGHTS, RIGHTS)
def test_a_smaller_right_never_shows_more(entries: list[Entry], one: SearchRight, other: SearchRight) -> None:
    smaller = replace(
        one,
        provider_regions=one.provider_regions & other.provider_regions,
        evidence_types=one.evidence_types & other.evidence_types,
    )
    few, many = (paged(looks(entries), searching(each), WORLD) for each in (smaller, one))
    assert {each.index for each in few.looks} <= {each.index for each in many.looks}
    assert few.total <= many.total


@given(ENTRIES, RIGHTS)
def test_what_is_hidden_is_neither_shown_nor_counted(entries: list[Entry], right: SearchRight) -> None:
    page = paged(looks(entries), searching(right), WORLD)
    without = [each for each in entries if "hidden_until" not in each.facts]
    assert page.total == paged(looks(without), searching(right), WORLD).total
    assert all("hidden_until" not in each.entry.facts for each in page.looks)


@given(ENTRIES, RIGHTS, st.integers(1, 5), ENTRIES)
def test_pages_are_the_whole_whatever_is_appended_meanwhile(
    entries: list[Entry], right: SearchRight, size: int, more: list[Entry]
) -> None:
    whole = paged(looks(entries), searching(right), WORLD)
    pages: list[Page] = [paged(looks(entries), searching(right, page_size=size), WORLD)]
    while token := pages[-1].next_token:
        pages.append(paged(looks([*entries, *more]), searching(right, page_size=size, page_token=token), WORLD))
    found = [each for page in pages for each in page.looks]
    assert found == list(whole.looks)
    assert all(newer.index > older.index for newer, older in pairwise(found))
    assert {page.total for page in pages} == {whole.total}


def test_a_mark_ends_with_its_moment() -> None:
    marked = asked(hidden_until="2030-05-17T08:30:15.000+00:00")
    moment = timedelta(milliseconds=1)
    assert [shown(marked, search_right(), NOW + each) for each in (-moment, 0 * moment)] == [False, True]


def test_acts_of_operators_are_nobodys_usage() -> None:
    assert not shown(entry(EntryKind.ACT, act="GATEWAY_STARTED"), search_right(), NOW)


def test_a_token_of_a_log_that_was_longer_is_refused() -> None:
    right = search_right()
    token = paged(looks([asked()] * 3), searching(right, page_size=1), WORLD).next_token
    with pytest.raises(Refusal, match="INVALID_REQUEST") as error:
        paged(looks([asked()] * 2), searching(right, page_token=token), WORLD)
    assert [each.field for each in error.value.violations] == ["page_token"]


def test_more_than_may_be_read_is_refused_and_not_cut_short() -> None:
    with pytest.raises(Refusal, match="INVALID_REQUEST") as error:
        paged(Looks(9, (), whole=False), searching(search_right()), WORLD)
    assert [each.field for each in error.value.violations] == ["period_start"]


def test_nothing_is_paged_without_a_right() -> None:
    with pytest.raises(RuntimeError):
        paged(looks([]), replace(searching(search_right()), right=None), WORLD)


ENDS: dict[str, tuple[Entry, Entry | None, UsageKind, UsageOutcome]] = {
    result: (asked(), entry(EntryKind.OUTCOME, result=result, fields=("number",)), UsageKind.QUERY, UsageOutcome(result))
    for result in ("ISSUED", "NO_RECORD", "REFUSED", "UNKNOWN", "DEFERRED")
} | {
    "pending": (asked(), None, UsageKind.QUERY, UsageOutcome.PENDING),
    "verified": (
        asked(act="VERIFY"),
        entry(EntryKind.OUTCOME, result="VERIFIED", fields=("number",)),
        UsageKind.VERIFY,
        UsageOutcome.VERIFIED,
    ),
    "verification refused": (entry(EntryKind.REFUSED, act="VERIFY"), None, UsageKind.VERIFY, UsageOutcome.REFUSED),
    "verification unknown": (
        asked(act="VERIFY"),
        entry(EntryKind.OUTCOME, result="UNKNOWN"),
        UsageKind.VERIFY,
        UsageOutcome.UNKNOWN,
    ),
    "verification pending": (asked(act="VERIFY"), None, UsageKind.VERIFY, UsageOutcome.PENDING),
    **{
        f"download {result}": (
            asked(act="DOWNLOAD"),
            entry(EntryKind.OUTCOME, result=result),
            UsageKind.DOWNLOAD,
            UsageOutcome(result),
        )
        for result in ("ISSUED", "NO_RECORD", "REFUSED", "UNKNOWN")
    },
    "download pending": (asked(act="DOWNLOAD"), None, UsageKind.DOWNLOAD, UsageOutcome.PENDING),
    "search": (entry(EntryKind.ACT, act=SEARCH, found=7), None, UsageKind.SEARCH, UsageOutcome.SEARCHED),
    "search refused": (entry(EntryKind.REFUSED, act=SEARCH), None, UsageKind.SEARCH, UsageOutcome.REFUSED),
}


@pytest.mark.parametrize(("opening", "ending", "kind", "outcome"), ENDS.values(), ids=ENDS)
def test_every_act_and_end_has_its_words(opening: Entry, ending: Entry | None, kind: UsageKind, outcome: UsageOutcome) -> None:
    usage = worded(Look(1, opening), ending, WORLD)
    assert (usage.kind, usage.outcome) == (kind, outcome)
    for text in usage.action.values():
        assert "{" not in text
        assert all(part in text for part in ("样样局", "clerk", "样样事项", "article 17"))
        assert not any(hidden in text for hidden in ("case-1", "window-3", NUMBER))
    assert usage.action.keys() == {"zh", "en"}


def test_the_table_has_no_row_that_nothing_leads_to() -> None:
    assert {(kind, outcome) for _, _, kind, outcome in ENDS.values()} == set(ACTIONS)


def test_an_act_is_told_though_its_names_are_no_longer_known() -> None:
    told = worded(Look(1, asked(evidence_type="gone", provider_region="_other", caller_department_name="")), None, WORLD)
    assert (told.evidence_type, told.provider_region, told.receiver_name) == ("gone", "", "Department of Tests")
    assert "正在向某地区查询您的gone" in told.action["zh"]
    elsewhere = worded(Look(1, asked(caller_department_name="", caller_region="440600")), None, WORLD)
    assert (elsewhere.receiver_name, elsewhere.action["en"].split()[0]) == ("", caller().department)
