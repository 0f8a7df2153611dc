"""What the evidence log's readers and writers know of a store, whatever keeps it: its rows, its head, and the protocol to read them.

Laws: nothing here knows SQLite or PostgreSQL; a store's own faults reach a reader as LogUnusable, and as Unreadable where what the store
holds is damaged; reading never holds up who appends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, Self

from gateway.ledger.tree import HASH_SIZE, Frontier
from gateway.model.exchange import HOLDER, HOLDER_KEY, EntryKind, Fact

SCHEMA: Final = 3
"""The form of the tables, the same number for every store."""
_INTENT: Final = EntryKind.INTENT.value


class LogUnusable(Exception):  # noqa: N818 - named for what was found
    """What cannot be this evidence log, or cannot be reached; the message says why and what to do, for the operator."""


class Unreadable(LogUnusable):
    """The store is there, and what it holds from here on is damaged."""


class Contradicted(LogUnusable):
    """Who keeps the log has given two answers that cannot both be true."""


class Row(NamedTuple):
    """One row of the table `entries`, in the order of its columns; whatever the store holds, so nothing about it is sure.

    `nonce` and `body` are None of an entry that was purged, and `holder` is then None too.
    """

    idx: int
    kind: str
    exchange_id: str
    at: str
    replay_key: str | None
    holder: str | None
    leaf_hash: bytes
    nonce: bytes | None
    body: bytes | None


as_row: Final[Callable[[Sequence[Any]], Row]] = partial(tuple.__new__, Row)
"""`Row._make` without a look at how many columns there are, for statements that name all nine."""


class BareRow(NamedTuple):
    """One entry of a store that has no columns to search, only what the tree is made of."""

    idx: int
    leaf_hash: bytes
    nonce: bytes | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: how many entries, the tree's frontier, and the signed checkpoint; as the store has it, which may not fit."""

    size: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    @classmethod
    def of(cls, size: int, frontier: bytes, checkpoint: str) -> Self:
        """From the columns of the table `head`."""
        return cls(size, tuple(frontier[at : at + HASH_SIZE] for at in range(0, len(frontier), HASH_SIZE)), checkpoint)

    @property
    def columns(self) -> tuple[int, bytes, str]:
        """What stands in the table `head`."""
        return self.size, b"".join(self.hashes), self.checkpoint

    def frontier(self) -> Frontier:
        """The tree to grow. Raises LogUnusable."""
        if len(self.hashes) != self.size.bit_count():
            raise LogUnusable("the head of the evidence log does not fit itself: verify the log")
        return Frontier(self.size, self.hashes)


class Records(Protocol):
    """A log, open for reading, for one thread at a time. Every method raises LogUnusable."""

    @property
    def log(self) -> str:
        """The log's name."""
        ...

    def head(self) -> Head:
        """The head as it stands."""
        ...

    def end(self) -> tuple[Head, int]:
        """The head, and one more than the highest index, as of one moment, whatever is being written."""
        ...

    def page(self, first: int, end: int, limit: int) -> Iterable[Row | BareRow]:
        """Up to `limit` rows with `first` <= index < `end`, in order. Raises Unreadable at the row that is damaged, not before."""
        ...

    def find(
        self,
        after: int,
        limit: int,
        *,
        exchange_id: str | None = None,
        kind: EntryKind | None = None,
        holder: str | None = None,
        purged: bool = False,
    ) -> Sequence[Row | BareRow]:
        """Up to `limit` rows with a higher index than `after`, in order, of which purged ones are left out unless they are asked for.

        `holder` is as `holder_column` has it.
        """
        ...

    def tile(self, level: int, place: int) -> bytes:
        """The hashes of a tile as far as it is filled, one after the other; level 0 is that of the leaf hashes."""
        ...

    def has_replay_key(self, replay_key: str) -> bool:
        """Whether an INTENT with this replay key stands, purged or not."""
        ...

    def has_outcome(self, exchange_id: str, index: int) -> bool:
        """Whether the exchange has an OUTCOME before that index."""
        ...

    def close(self) -> None:
        """Let go of the store. May be called again."""
        ...


Opening = Callable[[], Records]
"""Opens a log for one reading. Raises LogUnusable."""


def unique_key(kind: str, replay_key: str) -> str | None:
    """Return what stands in the column `replay_key` of an entry: nothing, unless it is an INTENT that has one."""
    return replay_key if kind == _INTENT and replay_key else None


def holder_column(facts: Mapping[str, Fact]) -> str | None:
    """Return what stands in the column `holder`: the key's id, a colon and the keyed hash; nothing where the facts name no holder."""
    key, hash_ = facts.get(HOLDER_KEY), facts.get(HOLDER)
    return f"{key}:{hash_}" if isinstance(key, str) and isinstance(hash_, str) else None
