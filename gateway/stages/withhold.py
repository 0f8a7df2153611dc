"""A file on its way out: cut into chunks, weighed as it passes, its last chunk withheld until all of it is what was announced.

Laws: whoever has every chunk has the file of the announced digest, and nobody has every chunk of another; at most two chunks and the piece
that came are held. Pure, and of one download.
Source: FIPS 180-4 (SHA-256).
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from gateway.model.city import CityFile
from gateway.model.refusal import Reason, Refusal

CHUNK: Final = 128 * 1024
"""Bytes of every chunk but the last."""


class Withheld:
    """One file, announced with its digest."""

    def __init__(self, announced: CityFile) -> None:
        self._announced = announced
        self._digest = sha256()
        self._size = 0
        self._held = bytearray()

    def pass_on(self, piece: bytes) -> Iterator[bytes]:
        """The chunks that may leave now that this piece has come. Raises CITY_ANSWER_INVALID for a file longer than announced."""
        self._digest.update(piece)
        self._size += len(piece)
        if self._size > self._announced.size:
            raise _other("is longer")
        self._held += piece
        while len(self._held) > CHUNK:
            yield bytes(self._held[:CHUNK])
            del self._held[:CHUNK]

    def last(self) -> bytes:
        """The last chunk, once the city has said that the file is whole. Raises CITY_ANSWER_INVALID where it is another file."""
        if self._size != self._announced.size:
            raise _other("is shorter")
        if self._digest.hexdigest() != self._announced.sha256:
            raise _other("has another digest")
        return bytes(self._held)


def _other(what: str) -> Refusal:
    return Refusal(Reason.CITY_ANSWER_INVALID, f"the file that came {what} than the city announced")
