"""A file on its way through: weighed as it passes; on its way out cut into chunks, the last withheld until all is what was announced.

Laws: whoever has every chunk has the file of the announced digest, and nobody has every chunk of another; what does not begin as its format
does is refused before any of it leaves; at most two chunks and the piece that came are held. Pure, and of one download.
Source: FIPS 180-4 (SHA-256). Beginnings: GB/T 33190-2016, 7.1 (an OFD is a ZIP file), ISO 32000-1, 7.5.2, and ISO/IEC 15948, 5.2 (PNG).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from gateway.model.city import CityFile
from gateway.model.query import FileFormat
from gateway.model.refusal import Reason, Refusal

CHUNK: Final = 128 * 1024
"""Bytes of every chunk but the last."""
BEGINNINGS: Final[Mapping[str, bytes]] = MappingProxyType(
    {FileFormat.OFD: b"PK\x03\x04", FileFormat.PDF: b"%PDF-", FileFormat.PNG: b"\x89PNG\r\n\x1a\n"}
)
"""What a file of each format begins with."""


class Scale:
    """What has come of one file."""

    def __init__(self, file: CityFile) -> None:
        self._file = file
        self._digest = sha256()
        self._beginning = b""
        self.size = 0

    def add(self, piece: bytes) -> None:
        """One piece more. Raises CITY_ANSWER_INVALID where the file does not begin as its format does."""
        wanted = BEGINNINGS[self._file.format]
        if len(self._beginning) < len(wanted):
            self._beginning += piece[: len(wanted) - len(self._beginning)]
            if not wanted.startswith(self._beginning):
                raise _other(f"is no {self._file.format}, and came as one")
        self._digest.update(piece)
        self.size += len(piece)

    def weighed(self) -> CityFile:
        """The file, now that all of it has come. Raises CITY_ANSWER_INVALID for less than a beginning."""
        if len(self._beginning) < len(BEGINNINGS[self._file.format]):
            raise _other(f"is no {self._file.format}, and came as one")
        return replace(self._file, sha256=self._digest.hexdigest(), size=self.size)


class Withheld:
    """One file, announced with its digest."""

    def __init__(self, announced: CityFile) -> None:
        self._announced = announced
        self._scale = Scale(announced)
        self._held = bytearray()

    def pass_on(self, piece: bytes) -> Iterator[bytes]:
        """The chunks that may leave now that this piece has come. Raises CITY_ANSWER_INVALID for a file longer than announced."""
        self._scale.add(piece)
        if self._scale.size > self._announced.size:
            raise _other("is longer than announced")
        self._held += piece
        while len(self._held) > CHUNK:
            yield bytes(self._held[:CHUNK])
            del self._held[:CHUNK]

    def last(self) -> bytes:
        """The last chunk, once the city has said that the file is whole. Raises CITY_ANSWER_INVALID where it is another file."""
        if self._scale.size != self._announced.size:
            raise _other("is shorter than announced")
        if self._scale.weighed().sha256 != self._announced.sha256:
            raise _other("has another digest than announced")
        return bytes(self._held)


def _other(what: str) -> Refusal:
    return Refusal(Reason.CITY_ANSWER_INVALID, f"the file that came {what}")
