"""How one log follows another: what the last entry of the old and the first of the new say, and that no question passes twice in between.

Laws: a log that is finished takes no exchange and no act any more, only the entries of its own purges; its successor's first entry holds
its last checkpoint, so that whoever trusts the new log's checkpoints can hold the old log against them; a question that stands in the
predecessor is a replay, and where the predecessor cannot be read no question passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.ledger.appending import Leaf, Writer
from gateway.ledger.encoding import MalformedEntry, decode
from gateway.ledger.records import LogUnusable, Opening, Records, Row
from gateway.model.act import ACT, Act
from gateway.model.exchange import Entry, EntryKind, Fact, Recorded
from gateway.model.refusal import Reason, Refusal

_SUCCESSOR: Final = "successor"
_PREDECESSOR: Final = "predecessor"
_CHECKPOINT: Final = "predecessor_checkpoint"
_LAST: Final = 16
"""Entries that are read first where the end of a log is looked for: behind it there are few, if any."""
_AT_ONCE: Final = 1024
"""Entries that are read at once after these."""

FINISHED: Final = "the log is finished: name its successor in the configuration"
"""What whoever would write on is told."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first entry of a log says of the one before it: its name, and its last checkpoint, a signed note."""

    predecessor: str
    checkpoint: str


def finished(successor: str) -> Mapping[str, Fact]:
    """What the entry that ends a log says, Act.LOG_FINISHED."""
    return MappingProxyType({_SUCCESSOR: successor})


def begun(before: Begun) -> Mapping[str, Fact]:
    """What the entry that begins a log after another says, Act.LOG_BEGUN."""
    return MappingProxyType({_PREDECESSOR: before.predecessor, _CHECKPOINT: before.checkpoint})


def successor(entry: Entry) -> str | None:
    """The log that follows, where this is the entry that ends a log."""
    named = entry.facts.get(_SUCCESSOR)
    return str(named) if entry.kind is EntryKind.ACT and entry.facts.get(ACT) == Act.LOG_FINISHED else None


def following(records: Records) -> str | None:
    """The log that follows, if this one is finished: behind the entry that says so there are acts only. Raises LogUnusable."""
    end, most = records.head().size, _LAST
    while end:
        first = max(end - most, 0)
        for row in reversed(list(records.page(first, end, most))):
            if isinstance(row, Row) and row.kind != EntryKind.ACT:
                return None
            if row.body is None:
                continue
            try:
                entry = decode(row.body)
            except MalformedEntry as error:
                raise LogUnusable(f"entry {row.idx} cannot be read, {error}: verify the log") from error
            found = successor(entry)
            if found is not None or entry.kind is not EntryKind.ACT:
                return found
        end, most = first, _AT_ONCE
    return None


def check_after_end(leaves: Sequence[Leaf], records: Records) -> None:
    """Raises LogUnusable where the log is finished, and one of these is an act that is no purge."""
    acts = (decode(leaf.body).facts.get(ACT) for leaf in leaves if leaf.kind == EntryKind.ACT)
    if any(act != Act.PURGE for act in acts) and following(records) is not None:
        raise LogUnusable(FINISHED)


def predecessor(entry: Entry) -> Begun | None:
    """The log before, where this is the entry that begins a log after another."""
    if entry.kind is not EntryKind.ACT or entry.facts.get(ACT) != Act.LOG_BEGUN:
        return None
    return Begun(str(entry.facts.get(_PREDECESSOR)), str(entry.facts.get(_CHECKPOINT)))


class Unrepeated:
    """A writer that refuses what its predecessor holds. Called by the writer's thread only."""

    def __init__(self, writer: Writer, predecessor: Opening) -> None:
        self._writer = writer
        self._opening = predecessor
        self._records: Records | None = None

    @property
    def interrupted(self) -> tuple[str, ...]:
        """As the protocol says."""
        return self._writer.interrupted

    def commit(self, items: Sequence[Leaf]) -> Sequence[Recorded | Exception]:
        """As the protocol says."""
        refused = {number: refusal for number, leaf in enumerate(items) if (refusal := self._refusal(leaf))}
        passed = [leaf for number, leaf in enumerate(items) if number not in refused]
        written = iter(self._writer.commit(passed) if passed else ())
        return [refused.get(number) or next(written) for number in range(len(items))]

    def adopted(self) -> tuple[str, ...]:
        """As the protocol says."""
        return self._writer.adopted()

    def rest(self) -> None:
        """As the protocol says."""
        self._writer.rest()

    def close(self) -> None:
        """As the protocol says."""
        self._let_go()
        self._writer.close()

    def _refusal(self, leaf: Leaf) -> Refusal | None:
        if leaf.replay_key is None:
            return None
        try:
            if self._records is None:
                self._records = self._opening()
            stands = self._records.has_replay_key(leaf.replay_key)
        except (LogUnusable, OSError) as error:
            self._let_go()
            refusal = Refusal(Reason.LEDGER_UNAVAILABLE, "the log before this one cannot be read, so a replay would not be known")
            refusal.__cause__ = error
            return refusal
        return (
            Refusal(Reason.REPLAYED_REQUEST, "an INTENT with this replay key is in the log before this one") if stands else None
        )

    def _let_go(self) -> None:
        if self._records is not None:
            self._records.close()
            self._records = None
