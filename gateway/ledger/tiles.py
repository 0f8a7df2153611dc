"""The tree's nodes as a log's file keeps them: leaf hashes with the entries, and above them tiles of 256 hashes.

Laws: a tile of level L and place N holds the roots of the complete subtrees of 256**L leaves, from the (256 * N)th on; a tile grows at its
end and is never changed otherwise; level 0 is read from the entries, so no hash stands twice.
Source: C2SP tlog-tiles v1.
"""

import sqlite3
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from gateway.ledger.schema import LogUnusable
from gateway.ledger.tree import HASH_SIZE, Frontier, Place, grow

WIDTH: Final = 256
"""Hashes of a full tile."""
HEIGHT: Final = 8
"""Levels of the tree from one level of tiles to the next."""

_LEAVES: Final = "SELECT leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
_TILE: Final = "SELECT hashes FROM tiles WHERE level = ? AND place = ?"


def tile(connection: sqlite3.Connection, level: int, place: int) -> bytes:
    """The hashes of a tile as far as it is filled, one after the other; empty where there is none. Raises sqlite3.Error."""
    if level == 0:
        return b"".join(row[0] for row in connection.execute(_LEAVES, (place * WIDTH, (place + 1) * WIDTH)))
    row = connection.execute(_TILE, (level, place)).fetchone()
    return bytes(row[0]) if row else b""


def keep(connection: sqlite3.Connection, made: Iterable[tuple[Place, bytes]]) -> None:
    """Add the nodes that belong into tiles, of those that a growth has completed. Raises sqlite3.Error, LogUnusable."""
    kept = sorted((level // HEIGHT, place, node) for (level, place), node in made if level and level % HEIGHT == 0)
    for (level, number), nodes in groupby(kept, key=lambda node: (node[0], node[1] // WIDTH)):
        added = list(nodes)
        standing = tile(connection, level, number)
        if len(standing) != added[0][1] % WIDTH * HASH_SIZE:
            raise LogUnusable("a tile of the evidence log does not end where its tree says: verify the log")
        hashes = standing + b"".join(node for _, _, node in added)
        connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", (level, number, hashes))


class Nodes:
    """Any complete node of a log's tree; keeps the tiles that it has read, so it is for a few questions, then to be let go."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tiles: dict[Place, bytes] = {}

    def __call__(self, level: int, place: int) -> bytes:
        """The node. Raises sqlite3.Error; LogUnusable where the file lacks it."""
        base, rise = divmod(level, HEIGHT)
        first = place << rise
        at = (base, first // WIDTH)
        if at not in self._tiles:
            self._tiles[at] = tile(self._connection, *at)
        start = first % WIDTH
        hashes = split(self._tiles[at][start * HASH_SIZE : (start + (1 << rise)) * HASH_SIZE])
        if len(hashes) != 1 << rise:
            raise LogUnusable("the evidence log lacks a part of its tree: verify the log")
        return grow(Frontier(), hashes)[0].root


def split(hashes: bytes) -> list[bytes]:
    """Hashes that stand one after the other, each by itself."""
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
