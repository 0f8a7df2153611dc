r"""A file in Base64 within an envelope (JSON, XML, or XML in XML), cut out as the bytes come: the envelope is kept, the file is not.

Laws: the envelope without the file is bounded and read like any other answer; of the file only what one piece of input yields is held;
what is no Base64 to the last sign is refused; in a JSON string a `/` may be written `\/`.
Standard: RFC 4648, section 4; RFC 8259, section 7.
"""

import binascii
import re
from enum import Enum, auto
from typing import Final

from adapters.connectors.verdict import invalid

LARGEST_ENVELOPE: Final = 64 * 1024
LONGEST_MARKER: Final = 64
_SIGNS: Final = re.compile(rb"[A-Za-z0-9+/=\s]*")
_SIGNS_IN_JSON: Final = re.compile(rb"[A-Za-z0-9+/=\s]*+(?:\\/[A-Za-z0-9+/=\s]*+)*+")
_ESCAPE: Final = b"\\"
_QUARTET: Final = 4


class _Place(Enum):
    """Where in the answer we are, seen from the file."""

    BEFORE = auto()
    WITHIN = auto()
    AFTER = auto()


class Cutter:
    """One answer. `marker` matches what stands right before the Base64 text, such as `"file_data":"`, in at most `LONGEST_MARKER` bytes."""

    def __init__(self, marker: re.Pattern[bytes], where: str) -> None:
        self._marker = marker
        self._where = where
        self._envelope = bytearray()
        self._text = self._torn = b""
        self._signs = _SIGNS
        self._at = _Place.BEFORE

    @property
    def found(self) -> bool:
        """Whether the file has begun."""
        return self._at is not _Place.BEFORE

    @property
    def envelope(self) -> bytes:
        """What came besides the file, so far."""
        return bytes(self._envelope)

    def feed(self, piece: bytes) -> bytes:
        """What of the file this piece completes. Raises CITY_ANSWER_INVALID."""
        if self._at is _Place.BEFORE:
            piece = self._before(piece)
        decoded = b""
        if self._at is _Place.WITHIN:
            piece, self._torn = self._torn + piece, b""
            end = self._signs.match(piece).end()  # type: ignore[union-attr]  # it matches the empty text
            if piece[end:] == _ESCAPE:
                piece, self._torn = piece[:end], _ESCAPE
            decoded = self._decoded(piece[:end], whole=end < len(piece))
            if end < len(piece):
                self._at, piece = _Place.AFTER, piece[end:]
        if self._at is _Place.AFTER:
            self._keep(piece)
        return decoded

    def _before(self, piece: bytes) -> bytes:
        """What follows the marker, if it has come; the marker may be torn between two pieces."""
        begin = max(0, len(self._envelope) - LONGEST_MARKER)
        self._envelope += piece
        found = self._marker.search(self._envelope, begin)
        if found is None:
            self._bounded()
            return b""
        end = found.end()
        self._signs = _SIGNS_IN_JSON if found.group().endswith(b'"') else _SIGNS
        rest = bytes(self._envelope[end:])
        del self._envelope[end:]
        self._bounded()
        self._at = _Place.WITHIN
        return rest

    def _decoded(self, text: bytes, *, whole: bool) -> bytes:
        text = self._text + b"".join(text.replace(b"\\/", b"/").split())
        cut = len(text) if whole else len(text) - len(text) % _QUARTET
        # Padding ends the file, so that a quartet which may be the last one waits.
        if not whole and cut and text[cut - 1 : cut] == b"=":
            cut -= _QUARTET
        self._text = text[cut:]
        if cut % _QUARTET:
            raise invalid(self._where, "holds a file that is no Base64")
        try:
            return binascii.a2b_base64(text[:cut], strict_mode=True) if cut else b""
        except binascii.Error:
            raise invalid(self._where, "holds a file that is no Base64") from None

    def _keep(self, piece: bytes) -> None:
        self._envelope += piece
        self._bounded()

    def _bounded(self) -> None:
        if len(self._envelope) > LARGEST_ENVELOPE:
            raise invalid(self._where, "is larger than an envelope may be")
