"""Whether to ask again, after how long, and with which request_id. Pure but for the budget, which is shared by a client's calls.

A budget, not a count: when many calls fail at once retries stop, or the retries themselves would keep the gateway down. A watch, which is
under way for hours, takes none of it: it is paced, down to two calls a minute or so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import grpc

from gateway.client.failure import ClientFailure, OutcomeUnknown, QueryRefused, Unreachable
from gateway.model.refusal import Reason
from gateway.rpc.status import WORDINGS, Retry

_CAPACITY = 10.0
_REFILL = 0.1
_BASE_SECONDS = 0.1
LONGEST_PAUSE = 30.0
"""Seconds between two streams of a watch; one that lasted longer ran well, and after it the pauses are short again."""
_SLOWEST = 9
"""Breaks after which the pause is the longest."""
_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""What a gateway says of a call that reaches it while it lets go of the connection: CANCELLED by us ourselves is no failure but an end."""

_LASTING = (
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INVALID_ARGUMENT,
)
"""What does not pass by waiting. All else that breaks a stream may: a proxy that resets one for being idle says INTERNAL."""


@dataclass(frozen=True, slots=True)
class Again:
    """Ask again after so many seconds; with a new request_id or the same."""

    after: float
    new_id: bool


class Budget:
    """Tokens for retries: a retry takes one, an answer gives back a tenth."""

    def __init__(self) -> None:
        self._tokens = _CAPACITY

    def answered(self) -> None:
        """A call was answered."""
        self._tokens = min(_CAPACITY, self._tokens + _REFILL)

    def take(self) -> bool:
        """Whether one more retry may be made now."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def again(failure: ClientFailure, attempt: int, fraction: Callable[[], float], *, own_id: bool) -> Again | None:
    """What to do after the failure of attempt 0, 1, ...; None means give up. `own_id`: the request_id is ours to change."""
    pause = _BASE_SECONDS * 2**attempt * (0.5 + fraction() / 2)
    if isinstance(failure, Unreachable):
        return Again(pause, new_id=False) if failure.code in _GONE else None
    if isinstance(failure, OutcomeUnknown):
        return Again(pause, new_id=True) if own_id else None
    if not isinstance(failure, QueryRefused) or failure.told.retry_after is None:
        return None
    retry = _retry(failure)
    if retry is Retry.NEVER or (retry is Retry.NEW_ID and not own_id):
        return None
    return Again(max(pause, failure.told.retry_after * (1 + fraction() / 4)), new_id=retry is Retry.NEW_ID)


def onward(failure: ClientFailure | None, breaks: int, left: float, fraction: Callable[[], float]) -> float | None:
    """Seconds until a deferred question is gone on with, under its own request_id, after so many breaks in a row; None means give up.

    `left` are the seconds that it has, of which half stay, unless the gateway names more; without a failure the stream came to its end.
    """
    pause = min(_BASE_SECONDS * 2.0 ** min(breaks, _SLOWEST), LONGEST_PAUSE, left / 2) * (0.5 + fraction() / 2)
    if failure is None:
        return pause
    if isinstance(failure, Unreachable):
        return None if failure.code in _LASTING else pause
    if not isinstance(failure, QueryRefused) or failure.told.retry_after is None:
        return None
    if _retry(failure) is Retry.NEVER or failure.reason == Reason.DEFERRAL_EXPIRED.name:
        return None
    return max(pause, failure.told.retry_after * (1 + fraction() / 4))


def _retry(failure: QueryRefused) -> Retry:
    reason = Reason.__members__.get(failure.reason)
    return WORDINGS[reason].retry if reason else Retry.NEVER
