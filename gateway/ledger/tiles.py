"""The tree's nodes as a store keeps them: leaf hashes with the entries, and above them tiles of 256 hashes.

Laws: a tile of level L and place N holds the roots of the complete subtrees of 256**L leaves, from the (256 * N)th on; a tile grows at its
end and is never changed otherwise; level 0 is read from the entries, so no hash stands twice.
Source: C2SP tlog-tiles v1.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final

from gateway.ledger.records import LogUnusable
from gateway.ledger.tree import HASH_SIZE, Place, complete_root

WIDTH: Final = 256
"""Hashes of a full tile."""
HEIGHT: Final = 8
"""Levels of the tree from one level of tiles to the next."""

Tile = Callable[[int, int], bytes]
"""The hashes of the tile of a level and a place, as far as it is filled. Raises LogUnusable, or the store's own errors."""


def extended(made: Iterable[tuple[Place, bytes]], tile: Tile) -> Iterator[tuple[int, int, bytes]]:
    """The tiles above the leaves that a growth has changed: level, place, hashes. Raises LogUnusable, and what `tile` raises."""
    # A list, for of most growths nothing is kept, and a generator costs more to begin.
    kept = sorted([(level // HEIGHT, place, node) for (level, place), node in made if level and level % HEIGHT == 0])
    for (level, number), nodes in groupby(kept, key=lambda node: (node[0], node[1] // WIDTH)):
        added = list(nodes)
        standing = tile(level, number)
        if len(standing) != added[0][1] % WIDTH * HASH_SIZE:
            raise LogUnusable("a tile of the evidence log does not end where its tree says: verify the log")
        yield level, number, standing + b"".join(node for _, _, node in added)


class LastTiles:
    """A Tile that remembers the last tile of each level, for who alone extends them and says what it has written."""

    def __init__(self, tile: Tile) -> None:
        self._tile = tile
        self._last: dict[int, tuple[int, bytes]] = {}

    def __call__(self, level: int, place: int) -> bytes:
        """The tile."""
        kept = self._last.get(level)
        return kept[1] if kept and kept[0] == place else self._tile(level, place)

    def keep(self, written: Iterable[tuple[int, int, bytes]]) -> None:
        """Remember tiles, which are durable."""
        self._last |= {level: (place, hashes) for level, place, hashes in written}

    def forget(self) -> None:
        """Somebody else may have extended them."""
        self._last.clear()


class Nodes:
    """Any complete node of a log's tree; keeps the tiles that it has read, so it is for a few questions, then to be let go."""

    def __init__(self, tile: Tile) -> None:
        self._tile = tile
        self._tiles: dict[Place, bytes] = {}

    def __call__(self, level: int, place: int) -> bytes:
        """The node. Raises LogUnusable, where the store lacks it too."""
        base, rise = divmod(level, HEIGHT)
        first = place << rise
        at = (base, first // WIDTH)
        if at not in self._tiles:
            self._tiles[at] = self._tile(*at)
        start = first % WIDTH
        hashes = split(self._tiles[at][start * HASH_SIZE : (start + (1 << rise)) * HASH_SIZE])
        if len(hashes) != 1 << rise:
            raise LogUnusable("the evidence log lacks a part of its tree: verify the log")
        return complete_root(hashes)


def split(hashes: bytes) -> list[bytes]:
    """Hashes that stand one after the other, each by itself."""
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
