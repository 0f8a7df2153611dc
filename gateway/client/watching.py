"""A deferred question, watched until its answer comes: stream after stream, for hours.

Laws: a question that the city has is gone on with under its own request_id, for a new one would file it there anew. A watch that has begun
takes nothing of the budget for retries, because it is paced; before that it is a call like any other.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc

from gateway.client import answer, failure
from gateway.client.failure import ClientFailure, Unreachable
from gateway.client.retrying import LONGEST_PAUSE, Budget, onward
from gateway.clock import fraction
from gateway.model.query import Query

_SHORTEST: Final = 1.0
"""Seconds; with fewer left the gateway would not begin."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a client tries what failed: so many attempts in a row, within the budget of all its calls."""

    attempts: int
    budget: Budget


async def watched(
    opened: Callable[[float], Any], asked: Query, deadline: float, tries: Tries
) -> AsyncGenerator[answer.Progress | answer.Answer]:
    """The steps, each once, and last the answer, if it comes within `deadline` seconds. `opened` gives a call of so many seconds.

    Raises ClientFailure.
    """
    until = asyncio.get_running_loop().time() + deadline
    seen: set[str] = set()
    breaks, failed = 0, None
    while (had := _left(until)) > _SHORTEST:
        call, failed = opened(had), None
        try:
            async for message in call:
                if message.HasField("answer"):
                    tries.budget.answered()
                    yield answer.read(message.answer, asked)
                    return
                step = answer.read_progress(message.progress)
                if step.stage not in seen:
                    seen.add(step.stage)
                    yield step
        except grpc.aio.AioRpcError as error:
            failed = failure.of(error)
            if isinstance(failed, Unreachable) and failed.code is grpc.StatusCode.DEADLINE_EXCEEDED and _left(until) <= _SHORTEST:
                return
        finally:
            call.cancel()
        breaks = 0 if had - _left(until) > LONGEST_PAUSE else breaks
        if not await _paused(failed, breaks, _left(until), None if seen and tries.attempts > 1 else tries):
            break
        breaks += 1
    if failed is not None:
        raise failed


async def _paused(failed: ClientFailure | None, breaks: int, left: float, tries: Tries | None) -> bool:
    """Waits for the next stream; False where going on is of no use, too late, or beyond these tries."""
    after = onward(failed, breaks, left, fraction)
    if after is None or after >= left - _SHORTEST:
        return False
    if failed is not None and tries is not None and not (breaks + 1 < tries.attempts and tries.budget.take()):
        return False
    await asyncio.sleep(after)
    return True


def _left(until: float) -> float:
    return until - asyncio.get_running_loop().time()
