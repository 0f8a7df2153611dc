"""What a log hands in to be cosigned, and whether it may be.

Laws: pure; the checks come in the order of the specification, and the first that fails is the answer; a log is known by its origin and
trusted by its keys, a signature of anybody else counts for nothing.
Source: C2SP tlog-witness, add-checkpoint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Self

from gateway.ledger.checkpoint import Checkpoint, hashes
from gateway.ledger.note import Algorithm, Note, NoteRefused, Verifier
from gateway.ledger.tree import EMPTY_ROOT, ProofRefused, verify_consistency

LARGEST: Final = 1 << 17
"""Bytes of a submission: room for 63 hashes and a checkpoint with as many signatures of the longest kind as must be taken."""
SIZE_TYPE: Final = "text/x.tlog.size"

_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")
_MOST_HASHES: Final = 63

Logs = Mapping[str, tuple[Verifier, ...]]


class Refused(Exception):  # noqa: N818  named for what happened
    """A submission that is not cosigned: the status, what the body says, and its content type."""

    def __init__(self, status: HTTPStatus, text: str, content_type: str = "text/plain; charset=utf-8") -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text
        self.content_type = content_type


class Forked(Refused):
    """Two trees of one size, both signed by the log: the two notes together convict it, whoever shows them."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The old size, the proof from it, and the checkpoint; `text` is the signed note as it came."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note
    text: str

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Raises Refused (400)."""
        try:
            head, blank, text = body.decode().partition("\n\n")
            first, *lines = head.split("\n")
            stated = _OLD.fullmatch(first)
            if not stated or not blank or len(lines) > _MOST_HASHES:
                raise NoteRefused(f"it begins with 'old <size>', at most {_MOST_HASHES} hashes, and an empty line")
            note = Note.parse(text)
            return cls(int(stated[1]), hashes(lines), Checkpoint.parse(note.text), note, text)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"not a submission: {_said(error)}\n") from error


def vouch(submission: Submission, logs: Logs) -> None:
    """That a log we know has signed the checkpoint. Raises Refused (404, 403, 400)."""
    verifiers = logs.get(submission.checkpoint.origin)
    if not verifiers:
        raise Refused(HTTPStatus.NOT_FOUND, "no log of this origin is watched here\n")
    try:
        trusted = submission.note.verified(verifiers)
    except NoteRefused as error:
        raise Refused(HTTPStatus.FORBIDDEN, f"{error}\n") from error
    if not trusted:
        raise Refused(HTTPStatus.FORBIDDEN, "no key of this log that is trusted here has signed the checkpoint\n")
    if submission.old > submission.checkpoint.size:
        raise Refused(HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint's\n")


def extend(submission: Submission, latest: Checkpoint | None) -> None:
    """That the checkpoint extends the `latest` one cosigned, None where there is none yet. Raises Refused (409, 422), Forked."""
    new = submission.checkpoint
    held = latest or Checkpoint(new.origin, 0, EMPTY_ROOT)
    if submission.old != held.size:
        raise Refused(HTTPStatus.CONFLICT, f"{held.size}\n", SIZE_TYPE)
    if new.size == held.size and new.root != held.root:
        raise Forked(HTTPStatus.CONFLICT, f"{held.size}\n", SIZE_TYPE)
    try:
        verify_consistency(held.size, new.size, held.root, new.root, submission.proof)
    except ProofRefused as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}\n") from error


def logs_of(text: str) -> Logs:
    """The logs to watch: a verifier key a line, whose name is the origin; `#` begins a comment. Raises NoteRefused with the line."""
    found: dict[str, tuple[Verifier, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stated = line.partition("#")[0].strip()
        if not stated:
            continue
        try:
            verifier = Verifier.parse(stated)
        except NoteRefused as error:
            raise NoteRefused(f"line {number}: {error}") from error
        if verifier.algorithm is not Algorithm.ED25519:
            raise NoteRefused(f"line {number}: this is the key of a witness, not of a log")
        found[verifier.name] = (*found.get(verifier.name, ()), verifier)
    if not found:
        raise NoteRefused("it names no log: write one verifier key a line")
    return MappingProxyType(found)


def _said(error: ValueError) -> str:
    # Words of ours only: those of a decoder repeat what it was given.
    return str(error) if isinstance(error, NoteRefused) else "it is not UTF-8"
