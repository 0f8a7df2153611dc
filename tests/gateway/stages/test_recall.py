"""Who may see the receipt of an exchange: the department that asked, and nobody else by so much as a word."""

from dataclasses import replace

import pytest

from gateway.model.exchange import Entry, EntryKind, Gone, Logged, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.stages.recall import Recalled, recall
from tests.gateway.stages.builders import NOW, caller

OWN = {"caller_region": caller().region, "caller_department": caller().department}


def logged(index: int, kind: EntryKind, **facts: str) -> Logged:
    return Logged(Entry(kind, "exchange-1", NOW, facts), Recorded("log.test", index, b"leaf", "proof"))


INTENT, OUTCOME = logged(3, EntryKind.INTENT, **OWN), logged(5, EntryKind.OUTCOME, result="ISSUED")
REFUSED = logged(7, EntryKind.REFUSED, **OWN)


GONE = (Gone(f"{caller().uri}#request-1"), Gone(""))


def refusal(*found: Logged | Gone, **changes: str) -> Refusal:
    with pytest.raises(Refusal) as error:
        recall(replace(caller(), **changes), found)
    return error.value


def test_the_department_that_asked_sees_both_entries() -> None:
    assert recall(caller(), (INTENT, OUTCOME)) == Recalled(INTENT.recorded, OUTCOME.recorded)


def test_another_system_of_the_department_sees_them_too() -> None:
    assert recall(replace(caller(), system="archive"), (INTENT, OUTCOME)).ending == OUTCOME.recorded


def test_an_exchange_that_has_not_ended_has_its_intent_only() -> None:
    assert recall(caller(), (INTENT,)) == Recalled(INTENT.recorded, None)


def test_a_call_refused_at_once_has_no_intent() -> None:
    assert recall(caller(), (REFUSED,)) == Recalled(None, REFUSED.recorded)


def test_what_was_purged_is_told_to_the_department_that_asked_and_to_nobody_else() -> None:
    told = refusal(*GONE)
    assert told.reason is Reason.EXCHANGE_PURGED
    assert told == refusal(*GONE, uri=caller().uri.replace("/system/", "/system/another-"))
    assert told == refusal(GONE[0], OUTCOME), "a purge that was ended in the middle"
    nothing = refusal()
    assert nothing == refusal(*GONE, uri=caller().uri.replace(caller().department, "11440604M00000078E"))
    assert nothing == refusal(*GONE, uri=caller().uri.replace("spiffe://", "spiffe://other.")), "another region's authority"
    assert nothing == refusal(GONE[1]), "of a call refused at once nobody knows whose it was"


def test_what_is_not_there_and_what_is_anothers_are_refused_alike() -> None:
    stranger = "11440604M00000078E"
    assert stranger != caller().department
    nothing = refusal()
    assert nothing.reason is Reason.UNKNOWN_EXCHANGE
    assert nothing == refusal(INTENT, OUTCOME, department=stranger) == refusal(REFUSED, department=stranger)
    assert nothing == refusal(INTENT, OUTCOME, region="440600"), "another region's authority wrote the same code"
    assert nothing == refusal(logged(1, EntryKind.REFUSED)), "of whom nobody knows who they were, nobody sees the entry"
    assert nothing == refusal(OUTCOME), "an outcome alone names nobody"
