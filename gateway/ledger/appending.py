"""Appending to the evidence log, whatever store keeps it: what is written of an entry, who signs, and the port before the group commit.

Laws: an entry is made ready, or found to have no canonical form, before it waits; an entry's nonce is drawn once; every checkpoint is
signed by each of the log's keys.
Serves: gateway.ports.Ledger.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, Self

from gateway.ledger.batching import GroupCommit, Store
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.encoding import NONCE_SIZE, MalformedEntry, encode, moment_of
from gateway.ledger.note import Note, NoteRefused, Signer, signed
from gateway.ledger.records import Head, LogUnusable, holder_column, unique_key
from gateway.ledger.tree import Frontier
from gateway.model.exchange import Entry, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.token import TokenRefused

QUEUE_LIMIT: Final = 4096
"""Entries that may wait; one more is refused."""


class OutOfOrder(RuntimeError):  # noqa: N818 - named for what was found
    """A bug of ours: an entry that cannot follow what the log holds of its exchange."""


class Leaf(NamedTuple):
    """One entry, ready to be written; `whole` is nonce and body, what its leaf hash covers."""

    kind: str
    exchange_id: str
    at: str
    replay_key: str | None
    holder: str | None
    nonce: bytes
    body: bytes
    whole: bytes


class Notary(NamedTuple):
    """The log's name and who signs for it."""

    log: str
    signers: tuple[Signer, ...]

    @classmethod
    def of(cls, log: str, signers: Sequence[Signer]) -> Self:
        """Of at least one signer, all under the log's name."""
        if not signers or any(each.verifier.name != log for each in signers):
            raise RuntimeError("a log is signed by a key of its own name")
        return cls(log, tuple(signers))

    def head(self, frontier: Frontier) -> Head:
        """The head of the log at this state of its tree. Raises LogUnusable where a key cannot sign."""
        text = str(Checkpoint(self.log, frontier.size, frontier.root))
        try:
            note = signed(text, [each.line(text) for each in self.signers])
        except Exception as error:  # a key may lie anywhere, and fail in any way
            said = f": {error.message}" if isinstance(error, TokenRefused) else ""
            raise LogUnusable(f"the log's key could not sign the checkpoint{said}") from error
        return Head(frontier.size, frontier.hashes, note)


class Writer(Store[Leaf, Recorded], Protocol):
    """A store, open for appending."""

    @property
    def interrupted(self) -> tuple[str, ...]:
        """The exchanges that dead writers had in hand when this one opened, oldest first."""
        ...

    def adopted(self) -> tuple[str, ...]:
        """The same of writers who have died since, and since this was last asked; called from another thread."""
        ...


class Appending:
    """The port `Ledger` on a store, for one event loop. Ended by `close`."""

    def __init__(self, store: Writer, entropy: Callable[[int], bytes], queue_limit: int) -> None:
        self._entropy = entropy
        self._store = store
        self._interrupted = store.interrupted
        self._commits: GroupCommit[Leaf, Recorded] = GroupCommit(store, name="kuacheng-ledger", queue_limit=queue_limit)

    def append(self, entry: Entry) -> asyncio.Future[Recorded]:
        """As the port says. Besides: raises MalformedEntry at once, and the future raises OutOfOrder; both are bugs of ours."""
        nonce = self._entropy(NONCE_SIZE)
        if len(nonce) != NONCE_SIZE:
            raise RuntimeError("the source of chance gave too few bytes, or too many")
        return self._commits.submit(leaf(entry, nonce))

    @property
    def waiting(self) -> int:
        """Entries that wait to be written."""
        return self._commits.waiting

    def watch(self, appended: Callable[[int, int, int, float], None]) -> None:
        """Tell of each batch from now on: its entries, how many could not be made durable, the tree's size (0: unknown), seconds."""

        def settled(results: Sequence[Recorded | Exception], seconds: float) -> None:
            size = next((each.index + 1 for each in reversed(results) if isinstance(each, Recorded)), 0)
            faults = [each for each in results if isinstance(each, Exception) and _is_fault(each)]
            appended(len(results), len(faults), size, seconds)

        self._commits.settled = settled

    def interrupted(self) -> tuple[str, ...]:
        """Return the exchanges that were left without an OUTCOME by writers who are no more, oldest first; nobody else is told."""
        return self._interrupted

    def adopted(self) -> tuple[str, ...]:
        """Return those of writers who have died since this one opened, and since this was last asked; nobody else is told."""
        return self._store.adopted()

    async def close(self) -> None:
        """Take nothing more, write what waits, let go of the store. May be called again."""
        await self._commits.close()


def _is_fault(error: Exception) -> bool:
    """Whether the log failed; an entry that must not be written, as a replayed question, is another matter."""
    if isinstance(error, Refusal):
        return error.reason is Reason.LEDGER_UNAVAILABLE
    return not isinstance(error, OutOfOrder)


def fit_to_grow(head: Head, present: int, notary: Notary, what: str) -> None:
    """Cheap signs that a log is whole at its end and was signed last by one of our keys. Raises LogUnusable."""
    try:
        note = Note.parse(head.checkpoint)
        stated = Checkpoint(notary.log, present, head.frontier().root)
        whole = Checkpoint.parse(note.text) == stated and head.size == present
        ours = note.verified([each.verifier for each in notary.signers])
    except (NoteRefused, LogUnusable):
        whole = False
    if not whole:
        raise LogUnusable(f"{what} does not end where its head and its checkpoint say: verify it, then restore it or begin anew")
    if not ours:
        raise LogUnusable(
            f"{what} was last signed by another key: give back that key, or let both sign until all know the new one"
        )


def results(
    log: str, leaves: Sequence[Leaf], first: int, proofs: Sequence[str], refused: Mapping[int, Exception]
) -> list[Recorded | Exception]:
    """What is told of each leaf of a batch: why it was `refused`, by its place, or where it stands from `first` on, and its proof."""
    standing = iter(enumerate(proofs, first))
    told: list[Recorded | Exception] = []
    for number, each in enumerate(leaves):
        if number in refused:
            told.append(refused[number])
        else:
            index, proof = next(standing)
            told.append(Recorded(log, index, each.whole, proof))
    return told


def leaf(entry: Entry, nonce: bytes) -> Leaf:
    """What is written of an entry. Raises MalformedEntry."""
    kind = str(entry.kind)
    unique, holder = unique_key(kind, entry.replay_key), holder_column(entry.facts)
    # PostgreSQL has no such text; one law for all stores.
    if "\0" in entry.exchange_id or "\0" in (unique or "") or "\0" in (holder or ""):
        raise MalformedEntry("a text of the entry that is searched holds U+0000")
    body = encode(entry)
    return Leaf(kind, entry.exchange_id, moment_of(body), unique, holder, nonce, body, nonce + body)
