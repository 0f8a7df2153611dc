"""Whether to ask again: a table, a budget and a little chance, all without a clock."""

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client.failure import ClientFailure, OutcomeUnknown, QueryRefused, Told, Unreachable
from gateway.client.retrying import LONGEST_PAUSE, Again, Budget, again, onward
from gateway.model.refusal import Reason
from gateway.rpc.status import WORDINGS, Retry

attempts = st.integers(0, 20)
chance = st.floats(0, 1, exclude_max=True)
after = st.one_of(st.none(), st.floats(-10, 1e6))
fast = settings(deadline=None, database=None)


def refused(reason: str, retry_after: float | None) -> QueryRefused:
    return QueryRefused("", grpc.StatusCode.UNKNOWN, Told(reason, "", "", "", (), retry_after))


@fast
@given(st.sampled_from(Reason), after, attempts, chance, st.booleans())
def test_a_refusal_is_asked_again_by_its_row(reason: Reason, wait: float | None, attempt: int, part: float, own: bool) -> None:  # noqa: FBT001
    got = again(refused(reason.name, wait), attempt, lambda: part, own_id=own)
    retry = WORDINGS[reason].retry
    if wait is None or retry is Retry.NEVER or (retry is Retry.NEW_ID and not own):
        assert got is None
        return
    assert got is not None
    assert got.new_id == (retry is Retry.NEW_ID)
    assert got.after >= wait, "never sooner than the gateway said"
    assert got.after > 0


@fast
@given(after, attempts, chance, st.booleans())
def test_an_unknown_reason_is_never_asked_again(wait: float | None, attempt: int, part: float, own: bool) -> None:  # noqa: FBT001
    assert again(refused("NEWER_THAN_THIS", wait), attempt, lambda: part, own_id=own) is None


@fast
@given(attempts, chance, st.booleans())
def test_a_lost_connection_keeps_its_id_and_a_lost_answer_does_not(attempt: int, part: float, own: bool) -> None:  # noqa: FBT001
    for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        lost = again(Unreachable("", code), attempt, lambda: part, own_id=own)
        assert lost is not None
        assert not lost.new_id
    unknown = again(OutcomeUnknown("", grpc.StatusCode.ALREADY_EXISTS), attempt, lambda: part, own_id=own)
    assert (unknown is not None) == own
    assert unknown is None or unknown.new_id


@fast
@given(st.integers(0, 10), chance)
def test_pauses_double_and_are_spread(attempt: int, part: float) -> None:
    def pause(place: int) -> float:
        got = again(Unreachable("", grpc.StatusCode.UNAVAILABLE), place, lambda: part, own_id=True)
        assert isinstance(got, Again)
        return got.after

    assert pause(attempt + 1) == 2 * pause(attempt)
    assert 0.05 * 2**attempt <= pause(attempt) <= 0.1 * 2**attempt


def test_any_other_failure_is_not_asked_again() -> None:
    assert again(ClientFailure("", grpc.StatusCode.UNIMPLEMENTED), 0, float, own_id=True) is None


@fast
@given(st.sampled_from(Reason), after, attempts, chance)
def test_what_a_city_has_deferred_is_gone_on_with_but_for_what_does_not_pass(
    reason: Reason, wait: float | None, breaks: int, part: float
) -> None:
    got = onward(refused(reason.name, wait), breaks, 1e9, lambda: part)
    if wait is None or WORDINGS[reason].retry is Retry.NEVER or reason is Reason.DEFERRAL_EXPIRED:
        assert got is None
    else:
        assert got is not None
        assert got >= max(wait, 0.05), "never sooner than the gateway said"


@fast
@given(st.integers(0, 10_000), st.floats(1.0, 1e6), chance)
def test_a_watch_is_paced(breaks: int, left: float, part: float) -> None:
    lost = Unreachable("", grpc.StatusCode.UNAVAILABLE)
    first, pause = (onward(lost, number, left, lambda: part) for number in (0, breaks))
    assert first is not None
    assert pause is not None
    assert first <= pause <= min(LONGEST_PAUSE, left / 2), "half of what is left stays"
    assert pause >= min(LONGEST_PAUSE, left / 2) / 2 or breaks < 9
    assert onward(None, breaks, left, lambda: part) == pause, "a stream that ended is opened again at the same pace"


def test_what_is_no_refusal_that_passes_ends_a_watch() -> None:
    for failed in (
        ClientFailure("", grpc.StatusCode.UNIMPLEMENTED),
        Unreachable("", grpc.StatusCode.PERMISSION_DENIED),
        refused("NEWER_THAN_THIS", 1.0),
    ):
        assert onward(failed, 0, 1e9, float) is None


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_whatever_may_break_a_stream_that_was_idle_does_not_end_a_watch(code: grpc.StatusCode) -> None:
    assert onward(Unreachable("", code), 0, 1e9, float) is not None


def drained(budget: Budget) -> int:
    taken = 0
    while budget.take():
        taken += 1
        assert taken < 1000
    return taken


@pytest.mark.parametrize(("answers", "retries"), [(0, 0), (9, 0), (11, 1), (55, 5), (10_000, 10)])
def test_a_tenth_of_the_answers_may_be_retries_and_never_more_than_ten_at_once(answers: int, retries: int) -> None:
    budget = Budget()
    assert drained(budget) == 10
    for _ in range(answers):
        budget.answered()
    assert drained(budget) == retries
