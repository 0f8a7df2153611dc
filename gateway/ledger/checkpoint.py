"""Checkpoints and proofs as text: what a log publishes of its tree, and what a caller keeps.

Source: C2SP tlog-checkpoint v1.0.0; C2SP tlog-proof@v1.
"""

import base64
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.ledger.note import Note, NoteRefused, unwrapped
from gateway.ledger.tree import HASH_SIZE, verify_inclusion

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_HEADER = "c2sp.org/tlog-proof@v1"
_MOST_HASHES = 63
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of one log at one size."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The first three lines; extension lines are passed over. Raises NoteRefused."""
        origin, *rest = text.split("\n")
        if len(rest) < 3 or rest.pop() or not all((origin, *rest)):  # noqa: PLR2004  size, root, and the last newline
            raise NoteRefused("not a checkpoint: origin, size and root in three lines")
        if not _SIZE.fullmatch(rest[0]) or int(rest[0]) > _LARGEST:
            raise NoteRefused("the checkpoint's size is no number of entries")
        return cls(origin, int(rest[0]), decoded(rest[1]))


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry stands at `index` of the tree of a checkpoint; `checkpoint` is the signed note as the log gave it."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def __str__(self) -> str:
        """The tlog-proof text."""
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        return "\n".join([_HEADER, *extra, f"index {self.index}", *(encoded(each) for each in self.path), "", self.checkpoint])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteRefused."""
        head, blank, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not blank:
            raise NoteRefused(f"not a proof: it begins with {_HEADER}")
        extra = _extra(lines.pop(0)) if lines and lines[0].startswith("extra ") else b""
        if not lines or not lines[0].startswith("index ") or not _SIZE.fullmatch(lines[0][6:]) or len(lines) > _MOST_HASHES + 1:
            raise NoteRefused("the proof names no index, or too many hashes")
        return cls(int(lines[0][6:]), tuple(decoded(each) for each in lines[1:]), checkpoint, extra)

    def stated(self) -> Checkpoint:
        """The checkpoint it stands under, not yet verified. Raises NoteRefused."""
        return Checkpoint.parse(Note.parse(self.checkpoint).text)

    def includes(self, leaf: bytes) -> None:
        """Raises ProofRefused unless the leaf hash stands where the proof says; whose checkpoint it is, is another question."""
        stated = self.stated()
        verify_inclusion(leaf, self.index, stated.size, self.path, stated.root)


def encoded(hash_: bytes) -> str:
    """A hash as a line."""
    return b2a_base64(hash_, newline=False).decode()


def decoded(line: str) -> bytes:
    """A line as a hash. Raises NoteRefused."""
    found = unwrapped(line)
    if len(found) != HASH_SIZE:
        raise NoteRefused("a line is no SHA-256 hash in base64")
    return found


def hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Several lines. Raises NoteRefused."""
    return tuple(decoded(each) for each in lines)


def _extra(line: str) -> bytes:
    return unwrapped(line.removeprefix("extra "))
