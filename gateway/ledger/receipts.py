"""gateway.ports.Receipts on a log and its predecessors."""

from collections.abc import Callable
from typing import Final

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import Standing
from gateway.ledger.note import Note, NoteRefused
from gateway.ledger.policy import Policy
from gateway.ledger.reader import Reader
from gateway.ledger.reading import Log, PurgedEntry
from gateway.ledger.records import Opening
from gateway.model.exchange import Checkpointed, Gone, Logged

_ENTRIES_AN_EXCHANGE: Final = 2


class LogReceipts:
    """The port `Receipts` on one log. Ended by `close`."""

    def __init__(self, *openings: Opening, cosigned: Callable[[str], str | None] = lambda _log: None) -> None:
        """On the log that is written, and those before it, newest first.

        `cosigned` gives the newest checkpoint of a log, by its name, that its witnesses have cosigned, None where there is none; called in
        the thread.
        """
        self._openings = openings
        self._cosigned = cosigned
        self._reader = Reader("kuacheng-receipts")

    async def find(self, exchange_id: str) -> tuple[Logged | Gone, ...]:
        """As the port says."""
        for opening in self._openings:
            if found := await self._reader.read(opening, lambda log: _found(log, exchange_id, self._cosigned)):
                return found
        return ()

    async def checkpoint(self) -> Checkpointed:
        """As the port says."""
        return await self._reader.read(self._openings[0], lambda log: Checkpointed(log.name, log.checkpoint()))

    async def close(self) -> None:
        """Lets what is being read finish. May be called again."""
        await self._reader.close()


def standing(kept: Callable[[], str | None], policy: Policy) -> str | None:
    """The note that is kept, if it is what the policy needs; None otherwise. Raises OSError."""
    note = kept()
    try:
        return Standing.parse(note, policy).note if note is not None else None
    except NoteRefused:
        return None


def _found(log: Log, exchange_id: str, cosigned: Callable[[str], str | None]) -> tuple[Logged | Gone, ...]:
    """The checkpoint is read after the entries, so it covers them; one for both, so that they fit together."""
    entries = log.listed(limit=_ENTRIES_AN_EXCHANGE, exchange_id=exchange_id)
    if not entries:
        return ()
    watched = cosigned(log.name)
    note = watched if watched and _covers(log, watched, entries[-1].index) else log.checkpoint()
    return tuple(
        Gone(each.replay_key) if isinstance(each, PurgedEntry) else Logged(each.entry, log.recorded(each, note))
        for each in entries
    )


def _covers(log: Log, note: str, index: int) -> bool:
    """Whether the checkpoint is of this log as it is, and reaches the entry."""
    stated = Checkpoint.parse(Note.parse(note).text)
    return stated.origin == log.name and index < stated.size <= log.size() and log.root(stated.size) == stated.root
