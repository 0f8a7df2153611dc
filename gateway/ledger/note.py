"""Signed notes: a text, and below it lines by which parties vouch for it.

Laws: a signature covers the text with its last newline and nothing else; a line whose name or key id nobody knows is passed over, a line
of a known key that does not verify refuses the whole note; base64 has one spelling only, so that no byte can be changed unnoticed.
Source: C2SP signed-note v1.0.0; C2SP tlog-cosignature (Ed25519, cosignature/v1).
"""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LARGEST = 1 << 20
_DASH = "\u2014 "
_ID_SIZE = 4
_KEY_SIZE = 32
_TIME_SIZE = 8
_MOST_LINES = 100
_LATEST = (1 << 63) - 1
_ILLEGAL = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class Algorithm(IntEnum):
    """How a key signs: a note as it is, or a checkpoint with the moment of signing."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


class NoteRefused(ValueError):  # noqa: N818  named for what happened
    """A text is no signed note, or not signed by those who must; the message says what is wrong."""


@dataclass(frozen=True)
class Verifier:
    """A public key under a name, as a `vkey` writes it: <name>+<key id>+<algorithm and key>."""

    name: str
    algorithm: Algorithm
    key: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """A vkey. Raises NoteRefused."""
        name, _, rest = text.strip().partition("+")
        stated, _, encoded = rest.partition("+")
        try:
            material = unwrapped(encoded)
            verifier = cls(name, Algorithm(material[0]), material[1:])
            Ed25519PublicKey.from_public_bytes(verifier.key)
        except (ValueError, IndexError) as error:
            raise NoteRefused("not a verifier key: it is <name>+<8 hexadecimal digits>+<base64>") from error
        if not _is_name(name) or verifier.id.hex() != stated:
            raise NoteRefused("the verifier key's id does not fit its name and key; copy it anew")
        return verifier

    @cached_property
    def id(self) -> bytes:
        """Four bytes by which a signature line finds its key."""
        return sha256(f"{self.name}\n".encode() + bytes([self.algorithm]) + self.key).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.algorithm]) + self.key).decode()}"

    def verify(self, text: str, signature: bytes) -> int:
        """The moment of signing in POSIX seconds, 0 where the algorithm states none. Raises NoteRefused."""
        message, moment = text.encode(), 0
        if self.algorithm is Algorithm.COSIGNATURE_V1:
            moment, signature = int.from_bytes(signature[:_TIME_SIZE]), signature[_TIME_SIZE:]
            message = cosigned(text, moment)
        if moment > _LATEST:
            raise NoteRefused(f"the signature of {self.name} states no moment that a clock can show")
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature as error:
            raise NoteRefused(f"the signature of {self.name} does not verify") from error
        return moment


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that may sign: wherever it lies, `sign` is all that is asked of it."""

    verifier: Verifier
    sign: Callable[[bytes], bytes] = field(repr=False)

    def line(self, text: str, moment: int = 0) -> str:
        """The signature line under `text`; `moment` in POSIX seconds for a cosignature."""
        if self.verifier.algorithm is Algorithm.COSIGNATURE_V1:
            signature = moment.to_bytes(_TIME_SIZE) + self.sign(cosigned(text, moment))
        else:
            signature = self.sign(text.encode())
        return f"{_DASH}{self.verifier.name} {base64.b64encode(self.verifier.id + signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line: who says to have signed, by which key, and the signature."""

    name: str
    id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its lines of signatures."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, whole: str) -> Self:
        """A note. Raises NoteRefused."""
        text, blank, lines = whole.rpartition("\n\n")
        if len(whole) > LARGEST or not blank or not lines.endswith("\n"):
            raise NoteRefused("not a signed note: a text, an empty line, and lines of signatures")
        if _ILLEGAL.search(whole):
            raise NoteRefused("a control character has no place in a note")
        found = lines.removesuffix("\n").split("\n")
        if len(found) > _MOST_LINES:
            raise NoteRefused("the note has too many signatures")
        return cls(text + "\n", tuple(_signature(line) for line in found))

    def verified(self, verifiers: Iterable[Verifier]) -> dict[Verifier, int]:
        """Who of these has signed, and when. Raises NoteRefused where a line of a known key does not verify."""
        known = {(each.name, each.id): each for each in verifiers}
        return {
            verifier: verifier.verify(self.text, each.signature)
            for each in self.signatures
            if (verifier := known.get((each.name, each.id)))
        }


def signed(text: str, lines: Iterable[str]) -> str:
    """The note of `text` with these signature lines."""
    return f"{text}\n{''.join(lines)}"


def cosigned(text: str, moment: int) -> bytes:
    """What a cosignature signs."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


def unwrapped(encoded: str) -> bytes:
    """What base64 wraps, in its one canonical spelling (RFC 4648 3.5). Raises NoteRefused."""
    try:
        found = base64.b64decode(encoded, validate=True)
    except ValueError:
        found = b""
    if not found or base64.b64encode(found).decode() != encoded:
        raise NoteRefused("what should be base64 does not decode")
    return found


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    decoded = unwrapped(encoded)
    if not line.startswith(_DASH) or not space or not _is_name(name) or len(decoded) <= _ID_SIZE:
        raise NoteRefused("a line under the note is no signature line")
    return Signature(name, decoded[:_ID_SIZE], decoded[_ID_SIZE:])


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)
