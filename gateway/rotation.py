"""The half-yearly change of log (日志轮换): the old one ends, the new one begins after it, by the configuration and at an operator's word.

Laws: a log is ended only when nobody writes it and every exchange in it has ended; what was done is not done again, so a change that was
interrupted is simply begun anew; a gateway does not start on a log that is finished, or on one whose predecessor it does not know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from gateway import acts, storage
from gateway.config import Loaded, LogPlace
from gateway.ledger.appending import Appending
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.note import Note
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.succession import Begun, begun, finished
from gateway.model.act import Act, Actor
from gateway.model.exchange import Recorded
from gateway.model.refusal import Refusal
from gateway.ports import Clock
from gateway.stages import seal

T = TypeVar("T")
_AT_ONCE: Final = 256
_LEFT_OPEN: Final = "the gateway ended before the exchange did"


@dataclass(frozen=True, slots=True)
class Change:
    """From one log to the next: how far it has come, and the entries of the old one; `checkpoint` is its last one, once it is finished."""

    old: str
    new: str
    size: int
    finished: bool
    begun: bool
    checkpoint: str


def change(loaded: Loaded) -> Change:
    """How far the change to the configured log has come. Raises LogUnusable where there is none to be made."""
    former, new = _former(loaded), loaded.settings.log
    with Log(storage.opening_at(former)()) as log:
        following, size, note = log.successor(), log.size(), log.checkpoint()
    if following not in {None, new}:
        raise LogUnusable(
            f"the log {former.log} is finished, and names {following} as its successor, not {new}: configure that one"
        )
    before = _beginning(loaded)
    if before is not None and before.predecessor != former.log:
        raise LogUnusable(
            f"the log {new} began after {before.predecessor}, not after {former.log}: see the order under ledger.former"
        )
    return Change(former.log, new, size, following is not None, before is not None, note)


async def rotate(loaded: Loaded, clock: Clock, by: Actor) -> Change:
    """Ends the newest former log and begins the configured one after it, as far as that is not done. Raises LogUnusable."""
    former, found = _former(loaded), change(loaded)
    if not found.finished:
        await _finish(loaded, former, clock, by)
        found = change(loaded)
    if not found.begun:
        said = begun(Begun(found.old, found.checkpoint))
        await _using(storage.ledger(loaded), lambda ledger: acts.record(ledger, clock, Act.LOG_BEGUN, by, said))
    return change(loaded)


def check(loaded: Loaded) -> None:
    """Whether a gateway may write the configured log. Raises LogUnusable, which says what to do."""
    if loaded.former:
        found = change(loaded)
        if not found.finished or not found.begun:
            raise LogUnusable(
                f"the change from the log {found.old} to {found.new} has not been made: run `kuacheng ledger rotate`"
            )
    if not storage.exists(loaded):
        return
    with Log(storage.opening(loaded)()) as log:
        following, before = log.successor(), log.beginning()
    if following is not None:
        raise LogUnusable(
            f"the log {log.name} is finished: configure its successor {following}, and this one under ledger.former"
        )
    if before is not None and not loaded.former:
        raise LogUnusable(
            f"the log {log.name} began after {before.predecessor}: name that under ledger.former, or replays pass unseen"
        )


async def close_interrupted(ledger: Appending, clock: Clock) -> None:
    """Records as UNKNOWN what dead gateways left open. Raises Refusal."""
    left = ledger.interrupted()
    for first in range(0, len(left), _AT_ONCE):
        await asyncio.gather(*_unknown(ledger, clock, left[first : first + _AT_ONCE]))


async def close_adopted(ledger: Appending, clock: Clock, left: tuple[str, ...]) -> tuple[str, ...]:
    """The same of those who have died since, and of what is `left` from before: a part of them, and those that are left then."""
    left += ledger.adopted()
    ends = await asyncio.gather(*_unknown(ledger, clock, left[:_AT_ONCE]), return_exceptions=True)
    # One that was ended meanwhile, by its own gateway after all, is out of order here and is let go.
    return left[_AT_ONCE:] + tuple(each for each, end in zip(left, ends, strict=False) if isinstance(end, Refusal))


def _unknown(ledger: Appending, clock: Clock, exchanges: Sequence[str]) -> list[asyncio.Future[Recorded]]:
    now = clock.now()
    return [ledger.append(seal.unknown(each, _LEFT_OPEN, now)) for each in exchanges]


async def _finish(loaded: Loaded, former: LogPlace, clock: Clock, by: Actor) -> None:
    await _using(storage.ledger_at(former), lambda ledger: close_interrupted(ledger, clock))
    # The next log's will take the place of what was kept of this one.
    storage.finish(former, storage.kept(loaded, former.log))
    said = finished(loaded.settings.log)
    await _using(storage.ledger_at(former), lambda ledger: acts.record(ledger, clock, Act.LOG_FINISHED, by, said))


async def _using(ledger: Appending, act: Callable[[Appending], Awaitable[T]]) -> T:
    try:
        return await act(ledger)
    except Refusal as refused:
        raise LogUnusable(refused.detail) from refused
    finally:
        await ledger.close()


def _former(loaded: Loaded) -> LogPlace:
    if not loaded.former:
        raise LogUnusable(
            "no log was configured before this one: name the old one under ledger.former, and a new `log` and ledger.file"
        )
    return loaded.former[-1]


def _beginning(loaded: Loaded) -> Begun | None:
    """What the configured log says of its beginning. Raises LogUnusable where it began without a predecessor."""
    if not storage.exists(loaded):
        return None
    with Log(storage.opening(loaded)()) as log:
        before, size = log.beginning(), log.size()
    if before is None and size:
        raise LogUnusable(
            f"the log {log.name} holds entries and began after no other: a change of log needs a new name and a new file"
        )
    if before is not None:
        _check_extends(loaded, before)
    return before


def _check_extends(loaded: Loaded, before: Begun) -> None:
    """Hold the old log, as it is, against the checkpoint that the new one begins with. Raises LogUnusable."""
    former = next((each for each in loaded.former if each.log == before.predecessor), None)
    if former is None:
        return
    kept = Checkpoint.parse(Note.parse(before.checkpoint).text)
    with Log(storage.opening_at(former)()) as log:
        if log.size() < kept.size or log.root(kept.size) != kept.root:
            raise LogUnusable(f"the log {former.log} is not the one that its successor began after: put the right file there")
