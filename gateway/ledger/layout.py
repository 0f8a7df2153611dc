"""A log as files: where tiles and entry bundles stand, and how a bundle holds the entries of a tile.

Laws: pure; one path for each file and one file for each path; unbundling what was bundled gives the leaves back; an entry that was purged
is there with no bytes, which no entry that was not purged is. An error names what is wrong and shows nothing of an entry.
Source: C2SP tlog-tiles v1, which leaves open what a purged entry is; docs/ledger.md says it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

CHECKPOINT: Final = "checkpoint"
"""The newest checkpoint, signed by the log."""
COSIGNED: Final = "checkpoint.cosigned"
"""The newest checkpoint that its witnesses have cosigned, with their signatures; it may be an older one."""
ENTRIES: Final = -1
"""In the place of a level: the entries themselves."""
WIDTH: Final = 256
"""Hashes of a full tile, and entries of a full bundle."""
LARGEST_LEAF: Final = (1 << 16) - 1
"""Bytes of an entry: what its two bytes of length can say."""

_LENGTH: Final = 2
_PATH: Final = re.compile(r"tile/([0-7]|entries)/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class LayoutRefused(ValueError):  # noqa: N818  named for what happened
    """A bundle or a path that is none; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file: level of hashes or ENTRIES, place on it, and how much of it is there, WIDTH if it is full."""

    level: int
    place: int
    width: int = WIDTH

    def __str__(self) -> str:
        """Its path, below the log's own."""
        groups = [f"{self.place % 1000:03}"]
        rest = self.place // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{'/'.join(groups)}{f'.p/{self.width}' if self.width < WIDTH else ''}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """The file that has this path. Raises LayoutRefused."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise LayoutRefused("no path of a tile: tile/<level or entries>/<place>, with .p/<width> where it is not full")
        level, before, last, width = found.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(before.replace("/", "").replace("x", "") + last),
            int(width) if width else WIDTH,
        )
        if str(tile) != path:
            raise LayoutRefused("the path of a tile has one spelling: no leading zeros, and no width of 256 or more")
        return tile


def tiles(level: int, size: int) -> Iterator[Tile]:
    """Those of a level, in order, in a tree of `size` entries; the last may not be full."""
    filled = size if level == ENTRIES else size >> (8 * level)
    for place in range(-(-filled // WIDTH)):
        yield Tile(level, place, min(WIDTH, filled - place * WIDTH))


def bundle(leaves: Sequence[bytes | None]) -> bytes:
    """The entries of a tile in one file: each the nonce and the body, after its length in two bytes; None for one that was purged.

    Raises LayoutRefused where an entry has no such form.
    """
    if any(leaf is not None and not 0 < len(leaf) <= LARGEST_LEAF for leaf in leaves):
        raise LayoutRefused(f"an entry of a bundle has 1 to {LARGEST_LEAF} bytes")
    return b"".join(len(leaf or b"").to_bytes(_LENGTH) + (leaf or b"") for leaf in leaves)


def unbundled(whole: bytes, width: int) -> Iterator[bytes | None]:
    """The `width` entries of a file, None for each that was purged. Raises LayoutRefused at the first that is not whole."""
    at = 0
    for number in range(width):
        begin = at + _LENGTH
        at = begin + int.from_bytes(whole[at:begin])
        if at > len(whole) or begin > len(whole):
            raise LayoutRefused(f"the bundle ends within entry {number} of {width}")
        yield whole[begin:at] or None
    if at != len(whole):
        raise LayoutRefused(f"the bundle holds more than {width} entries")
