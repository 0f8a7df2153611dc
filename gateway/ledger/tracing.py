"""A checkpoint that was kept of a log before, held against the log that followed it.

Laws: nothing is believed but what leads back, from a log that was verified, to the checkpoint: the first entry of a log is proven to stand
in it, and holds the last checkpoint of the one before, which a key of that one has signed; a kept checkpoint and that one are of one log if
one tree extends the other, which the old log's hashes prove, whoever gives them.
Source: RFC 6962 2.1.2; docs/ledger.md, Change of log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.examining import Flaw
from gateway.ledger.note import Note, NoteRefused, Verifier
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable, Opening
from gateway.ledger.succession import Begun, predecessor
from gateway.ledger.tree import ProofRefused, leaf_hash, verify_consistency, verify_inclusion
from gateway.ledger.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Before:
    """A log as it is known here: keys of which one has signed its checkpoints, and what opens it, None where it is not at hand."""

    verifiers: tuple[Verifier, ...] = ()
    opening: Opening | None = None


def traced(log: Log, verdict: Verdict, kept: Checkpoint, known: Mapping[str, Before]) -> Verdict:
    """The verdict on a sound log beside a kept checkpoint of a log before it; where that one does not hold, the verdict on it.

    The checkpoint's signature is verified already. Raises LogUnusable where it cannot be told.
    """
    stated = Checkpoint(verdict.log, verdict.entries, log.root(verdict.entries))
    begun = _begun(log, stated)
    while begun is not None:
        before = known.get(begun.predecessor, Before())
        stated = _stated(begun, before.verifiers)
        if stated.origin == kept.origin:
            return _held(kept, stated, before) or verdict
        begun = _beginning(stated, before)
    raise LogUnusable(
        f"the kept checkpoint is of the log {kept.origin}, and that {verdict.log} began after it cannot be seen here: verify that log, or "
        "keep the next checkpoint in another file"
    )


def _beginning(stated: Checkpoint, before: Before) -> Begun | None:
    """What a log before says of the one before it."""
    if before.opening is None:
        raise LogUnusable(
            f"what came before the log {stated.origin} only it can tell, and it is not at hand: verify that log first"
        )
    with Log(before.opening()) as log:
        return _begun(log, stated)


def _begun(log: Log, stated: Checkpoint) -> Begun | None:
    """What the first entry says, once it is proven to stand in the tree of this checkpoint."""
    first = log.entry(0)
    if first is None or not stated.size:
        return None
    try:
        verify_inclusion(leaf_hash(first.leaf), 0, stated.size, log.inclusion(0, stated.size), stated.root)
    except ProofRefused as error:
        raise LogUnusable(
            f"the first entry of the log {stated.origin} is not the one that was signed: verify that log"
        ) from error
    return predecessor(first.entry)


def _stated(begun: Begun, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The last checkpoint of the log before, as its successor holds it."""
    try:
        note = Note.parse(begun.checkpoint)
        found, signed = Checkpoint.parse(note.text), note.verified(verifiers)
    except NoteRefused as error:
        raise LogUnusable(f"the checkpoint that the log is said to have begun after cannot be read: {error}") from error
    if not signed or found.origin != begun.predecessor:
        raise LogUnusable(
            f"no key that is known here has signed the last checkpoint of the log {begun.predecessor}: name that log and its key "
            "under ledger.former, or give its key, --kept-key"
        )
    return found


def _held(kept: Checkpoint, stated: Checkpoint, before: Before) -> Verdict | None:
    """What is wrong with the kept checkpoint beside the one that the log was ended with; None where nothing is."""
    forked = Verdict(kept.origin, 0, (), Flaw.FORKED)
    if kept.size == stated.size:
        return None if kept.root == stated.root else forked
    if before.opening is None:
        raise LogUnusable(
            f"the kept checkpoint is of {kept.size} entries of the log {kept.origin}, which ended with {stated.size}: whether one extends "
            "the other only that log can tell, so verify it once more, with --keep, before its successor"
        )
    old, new = sorted((kept, stated), key=lambda each: each.size)
    with Log(before.opening()) as log:
        size = log.size()
        if size < new.size:
            return Verdict(kept.origin, size, (), Flaw.ROLLED_BACK, new.size - 1)
        try:
            verify_consistency(old.size, new.size, old.root, new.root, log.consistency(old.size, new.size))
        except ProofRefused:
            return forked
    return None
