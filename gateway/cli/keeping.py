"""What a log is held against when it is verified: a checkpoint that was kept elsewhere, of this log or of one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.cli import printing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from gateway.config import Loaded
    from gateway.ledger.checkpoint import Checkpoint
    from gateway.ledger.note import Verifier
    from gateway.ledger.reading import Log
    from gateway.ledger.tracing import Before
    from gateway.ledger.verdict import Verdict


class Kept(NamedTuple):
    """The checkpoint, and the logs by whose keys it may have been signed."""

    checkpoint: Checkpoint
    known: Mapping[str, Before]

    def of(self, log: str) -> Checkpoint | None:
        """The checkpoint, if it is of this log."""
        return self.checkpoint if self.checkpoint.origin == log else None


def known(loaded: Loaded | None, keys: Iterable[Verifier]) -> Mapping[str, Before]:
    """The logs of the configuration, and besides these keys, each of the log that it is named for."""
    from gateway import storage
    from gateway.ledger.keys import signers
    from gateway.ledger.tracing import Before

    found = {
        each.log: Before(tuple(signer.verifier for signer in signers(each.log, each.keys)), storage.opening_at(each))
        for each in (storage.places(loaded) if loaded else ())
    }
    for key in keys:
        before = found.get(key.name, Before())
        found[key.name] = Before((*before.verifiers, key), before.opening)
    return found


def kept(text: str, verifiers: Sequence[Verifier], logs: Mapping[str, Before]) -> Kept:
    """The checkpoint that a file holds, by itself or in a proof, if one of these keys or a known one of its log has signed it."""
    from gateway.ledger.checkpoint import Checkpoint, Proof
    from gateway.ledger.note import Note, NoteRefused
    from gateway.ledger.tracing import Before

    try:
        note = Note.parse(Proof.parse(text).checkpoint if text.startswith("c2sp.org/tlog-proof") else text)
        found = Checkpoint.parse(note.text)
        signed = note.verified([*verifiers, *logs.get(found.origin, Before()).verifiers])
    except NoteRefused as error:
        printing.fail(f"the kept checkpoint: {error}")
    if not signed:
        printing.fail(
            f"the kept checkpoint, of the log {found.origin}, can be believed only if a key of that log has signed it: give --key, "
            "or --kept-key if the log or its key was changed since"
        )
    return Kept(found, logs)


def held(log: Log, verdict: Verdict, against: Kept | None) -> Verdict:
    """The verdict beside a checkpoint of a log before; as it was, where that is of this log, or there is none. Raises LogUnusable."""
    from gateway.ledger.tracing import traced

    if against is None or against.of(verdict.log) or not verdict.sound:
        return verdict
    return traced(log, verdict, *against)


def read(keep: Path) -> str:
    """The checkpoint of an earlier run; empty where there is none."""
    from gateway.ledger.kept import kept as read_kept

    try:
        return read_kept(keep) or ""
    except OSError as error:
        printing.fail(f"{keep} cannot be read: {error.strerror}")


def remember(keep: Path, note: str) -> None:
    """Put the checkpoint in the place of the one before."""
    from gateway.ledger.kept import keep as write

    try:
        write(keep, note)
    except OSError as error:
        printing.fail(f"{keep} cannot be written: {error.strerror}")
