"""Keeps the log's newest checkpoint cosigned by those whom the policy needs, and says how long ago it last was.

Laws: a checkpoint counts as cosigned when the policy is met on that one checkpoint, and from the moment that the cosignatures state, so
that a verifier elsewhere comes to the same age; a checkpoint never gives way to an older one, and a log that does not extend what was
cosigned of it counts as watched by nobody; a witness that fails is asked again next round and keeps nobody waiting longer than its
time-out.
Source: C2SP tlog-witness and tlog-cosignature.
"""

import asyncio
import contextlib
import logging
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from gateway.internal_fault import place
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.note import Note, NoteRefused
from gateway.ledger.policy import NONE, Policy, PolicyRefused, Witness
from gateway.ledger.records import LogUnusable
from gateway.ledger.submitting import AHEAD, Cosigned, Failure, Fault, Post, meaning, submission
from gateway.ledger.tree import ProofRefused, verify_consistency
from gateway.model.exchange import HOLDER, Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Clock, Ledger

INTERVAL: Final = 60.0
"""Seconds between two rounds that succeed."""
FIRST_RETRY: Final = 1.0
"""Seconds until a round that failed is made again; each further one waits twice as long, up to the interval."""

CONTRADICTION: Final = "CONTRADICTION"
"""What failed in a round where the log was found not to extend what was cosigned of it."""
OWN_FAULT: Final = "OWN_FAULT"
"""What failed in a round that our own log, or our own disk, did not allow."""

_log: Final = logging.getLogger("kuacheng.ledger")
_TRIES: Final = 3
"""At one witness in one round: another gateway of the same log may get there first."""


class Contradiction(Exception):  # noqa: N818  named for what was found
    """The log does not extend what was cosigned of it."""


class Source(Protocol):
    """The log, as the collector reads it; called in a thread, one call at a time."""

    def checkpoint(self) -> str:
        """The newest checkpoint, as the log signed it."""
        ...

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof that the tree of `new` entries extends that of `old` (RFC 6962 2.1.2)."""
        ...


class RolledBack(LogUnusable):
    """The log does not extend a checkpoint of it that is kept."""


def contradiction(source: Source, held: Checkpoint, newest: Checkpoint) -> str:
    """How the log's newest state fails to extend what was cosigned of it; empty where it does. Raises what the source raises."""
    if newest.origin != held.origin:  # of the log before this one, which had a name of its own
        return ""
    if newest.size < held.size:
        return f"the log holds {newest.size} entries, and {held.size} were cosigned: an older state of it was put back"
    try:
        proof = source.consistency(held.size, newest.size) if held.size else ()
        verify_consistency(held.size, newest.size, held.root, newest.root, proof)
    except ProofRefused:
        return f"the log's first {held.size} entries are not those that were cosigned"
    return ""


def check_extends(source: Source, held: Checkpoint) -> None:
    """Before anything is written: raises RolledBack, which says what to do, where the log is another, or is gone."""
    try:
        found = contradiction(source, held, Checkpoint.parse(Note.parse(source.checkpoint()).text))
    except LogUnusable as error:
        found = f"{held.size} entries of the log were cosigned, and it cannot be read ({error})"
    if found:
        raise RolledBack(
            f"{found}; put the newest state of the log back, or begin a new log under a new name and keep this one for the auditor"
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A checkpoint on which the policy was met: the note with all signatures, and since when, in POSIX seconds."""

    note: str
    checkpoint: Checkpoint
    moment: int

    @classmethod
    def parse(cls, note: str, policy: Policy) -> "Standing":
        """What a note proves. Raises NoteRefused unless a log of the policy signed it and its quorum is met."""
        parsed = Note.parse(note)
        checkpoint = Checkpoint.parse(parsed.text)
        if not any(each.name == checkpoint.origin for each in parsed.verified(policy.logs)):
            raise NoteRefused("the checkpoint is not signed by a log of the policy")
        moments = parsed.verified(each.verifier for each in policy.witnesses.values())
        moment = policy.moment(moments)
        if moment is None:
            raise NoteRefused("the checkpoint lacks cosignatures that the policy needs")
        return cls(note, checkpoint, moment)


class Collector:
    """Asks the witnesses of one policy, round by round. Belongs to one event loop."""

    def __init__(
        self,
        source: Source,
        policy: Policy,
        post: Post,
        clock: Clock,
        *,
        kept: str | None = None,
        keep: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`kept` is the note that an earlier run gave to `keep`, which is called in a thread with each that follows.

        Raises PolicyRefused where the policy cannot be collected for. A `kept` note that does not meet the policy counts as none.
        """
        if policy.quorum == NONE or not policy.logs:
            raise PolicyRefused("a log that collects cosignatures needs a policy with its own log line and a quorum")
        without = [each.name for each in policy.witnesses.values() if not each.url]
        if without:
            raise PolicyRefused(f"no address to ask for a cosignature: {', '.join(without)}")
        self._source = source
        self._policy = policy
        self._post = post
        self._clock = clock
        self._keep = keep
        self._sizes = dict.fromkeys(policy.witnesses, 0)
        self._failures: dict[str, Failure] = {}
        self._contradiction = ""
        self._standing: Standing | None = None
        with contextlib.suppress(NoteRefused):
            self._standing = Standing.parse(kept, policy) if kept is not None else None

    @property
    def standing(self) -> Standing | None:
        """The newest checkpoint on which the policy was met; None until there is one."""
        return self._standing

    @property
    def failures(self) -> Mapping[str, Failure]:
        """Which witnesses gave no cosignature in the last round, by their names in the policy, and why."""
        return MappingProxyType(self._failures)

    @property
    def contradiction(self) -> str:
        """How the log, in the last round, was found not to extend what was cosigned of it: a backup put back, or a hand in it."""
        return self._contradiction

    def clock_went_back(self, now: datetime) -> bool:
        """Whether our clock stands before the last cosignatures by more than clocks may differ."""
        return self._standing is not None and self._standing.moment > now.timestamp() + AHEAD

    def age(self, now: datetime) -> float | None:
        """Seconds since the policy was last met; None if it never was, or cannot be told, or the log contradicts what was cosigned."""
        if self._standing is None or self._contradiction or self.clock_went_back(now):
            return None
        return max(0.0, now.timestamp() - self._standing.moment)

    async def round(self) -> bool:
        """Asks every witness for the newest checkpoint; whether the policy was met on it.

        Raises Contradiction, or what the source raises.
        """
        newest = await asyncio.to_thread(self._source.checkpoint)
        found = await self._everybody(newest)
        if any(each.fault is Fault.ROLLED_BACK for each in found.values() if isinstance(each, Failure)):
            # Another gateway of the same log may have handed in a newer checkpoint than the one we read.
            newest = await asyncio.to_thread(self._source.checkpoint)
            found = await self._everybody(newest)
        self._failures = {name: each for name, each in found.items() if isinstance(each, Failure)}
        lines = [each.line for each in found.values() if isinstance(each, Cosigned)]
        try:
            standing = Standing.parse(newest + "".join(lines), self._policy)
        except NoteRefused:
            return False
        await self._take(standing)
        return True

    async def run(
        self,
        stop: asyncio.Event,
        fraction: Callable[[], float],
        interval: float = INTERVAL,
        told: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        """Round after round until `stop`; `fraction` gives chance in [0, 1), so that gateways do not all ask at once.

        `told` gets, after each round, what failed in it: names of Fault, CONTRADICTION or OWN_FAULT.
        """
        failed = 0
        while not stop.is_set():
            try:
                met = await self.round()
                told([each.fault.name for each in self._failures.values()])
            except Contradiction:
                _log.critical("the log contradicts what was cosigned of it; no exchange begins until that is put right")
                met = False
                told([CONTRADICTION])
            except Exception as error:  # noqa: BLE001  whatever ails the log, this task must outlive it
                _log.error("no cosignatures could be collected", extra={"kind": type(error).__name__, "where": place(error)})
                met = False
                told([OWN_FAULT])
            failed = 0 if met else failed + 1
            seconds = interval if met else min(interval, FIRST_RETRY * 2.0 ** min(failed - 1, 30))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds * (0.75 + 0.5 * fraction()))

    async def _everybody(self, newest: str) -> Mapping[str, Cosigned | Failure]:
        """Each witness's answer to this checkpoint, by its name. Raises Contradiction before anybody is asked."""
        text = Note.parse(newest).text
        checkpoint = Checkpoint.parse(text)
        self._contradiction = await asyncio.to_thread(self._contradicted, checkpoint)
        if self._contradiction:
            raise Contradiction(self._contradiction)
        # One source is read by one thread at a time, so proofs are made in turn and only the asking is at once.
        reading = asyncio.Lock()
        witnesses = self._policy.witnesses.values()
        found = await asyncio.gather(*(self._ask(each, newest, text, reading) for each in witnesses))
        return {each.name: got for each, got in zip(witnesses, found, strict=True)}

    def _contradicted(self, newest: Checkpoint) -> str:
        return contradiction(self._source, self._standing.checkpoint if self._standing else newest, newest)

    async def _ask(self, witness: Witness, newest: str, text: str, reading: asyncio.Lock) -> Cosigned | Failure:
        try:
            return await self._asked(witness, newest, text, reading)
        except Failure as failure:
            return failure
        except OSError as error:
            return Failure(Fault.UNREACHABLE, str(error) or type(error).__name__)

    async def _asked(self, witness: Witness, newest: str, text: str, reading: asyncio.Lock) -> Cosigned:
        size = Checkpoint.parse(text).size
        for _ in range(_TRIES):
            old = min(self._sizes[witness.name], size)
            async with reading:
                proof = await asyncio.to_thread(self._source.consistency, old, size) if old else ()
            reply = await self._post(f"{witness.url}/add-checkpoint", submission(old, proof, newest))
            got = meaning(reply, witness.verifier, text, old, int(self._clock.now().timestamp()))
            if isinstance(got, Cosigned):
                self._sizes[witness.name] = size
                return got
            self._sizes[witness.name] = got.size
        raise Failure(Fault.REFUSED, "its size changes faster than it can be asked")

    async def _take(self, standing: Standing) -> None:
        before = self._standing
        same = before and before.checkpoint.origin == standing.checkpoint.origin
        if before and same and (standing.checkpoint.size, standing.moment) < (before.checkpoint.size, before.moment):
            return
        self._standing = standing
        await asyncio.to_thread(self._keep, standing.note)


class Watched:
    """A ledger that takes nothing that discloses while nobody has watched it for longer than `limit` seconds: no INTENT, no search.

    Whatever ends an exchange it takes, and every refusal.
    """

    def __init__(self, ledger: Ledger, collector: Collector, clock: Clock, limit: float) -> None:
        self._ledger = ledger
        self._collector = collector
        self._clock = clock
        self._limit = limit

    def append(self, entry: Entry) -> Future[Recorded]:
        """As gateway.ports.Ledger says; besides, LEDGER_UNAVAILABLE for what comes too late."""
        age = self._collector.age(self._clock.now())
        if not _discloses(entry) or (age is not None and age <= self._limit):
            return self._ledger.append(entry)
        future: Future[Recorded] = asyncio.get_running_loop().create_future()
        future.set_exception(Refusal(Reason.LEDGER_UNAVAILABLE, self._unwatched(age)))
        return future

    def _unwatched(self, age: float | None) -> str:
        if age is not None:
            return f"no cosigned checkpoint for {age:.0f} s, and {self._limit:.0f} s are allowed"
        if self._collector.clock_went_back(self._clock.now()):
            return "the clock stands before the last cosignature: set it right"
        return self._collector.contradiction or "no cosigned checkpoint yet"


def _discloses(entry: Entry) -> bool:
    """Whether it begins what shows somebody's data: an exchange, or a search for a holder."""
    return entry.kind is EntryKind.INTENT or (entry.kind is EntryKind.ACT and HOLDER in entry.facts)
