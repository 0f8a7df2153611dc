"""Tiles: what a growth adds to them, and any node of the tree out of them."""

import random

import pytest

from gateway.ledger.records import LogUnusable
from gateway.ledger.tiles import WIDTH, Nodes, extended, split
from gateway.ledger.tree import Frontier, Place, grow


class Shelf:
    """Leaf hashes and tiles, in memory."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[Place, bytes] = {}

    def tile(self, level: int, place: int) -> bytes:
        if level == 0:
            return b"".join(self.leaves[place * WIDTH : (place + 1) * WIDTH])
        return self.tiles.get((level, place), b"")

    def keep(self, made: dict[Place, bytes]) -> None:
        for level, place, hashes in extended(made.items(), self.tile):
            self.tiles[level, place] = hashes


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def grown(shelf: Shelf, total: int, most: int) -> dict[Place, bytes]:
    """A log of `total` leaves in batches of up to `most`, and every node of its tree."""
    chance = random.Random(3)  # noqa: S311 - sizes of batches
    frontier, nodes = Frontier(), {}
    while frontier.size < total:
        count = min(chance.randint(1, most), total - frontier.size)
        leaves = [chance.randbytes(32) for _ in range(count)]
        shelf.leaves += leaves
        frontier, made = grow(frontier, leaves)
        shelf.keep(made)
        nodes |= made
    return nodes


@pytest.mark.parametrize(("total", "most"), [(1, 1), (255, 7), (256, 256), (70_000, 5000)])
def test_every_complete_node_is_found_again(shelf, total: int, most: int) -> None:
    made = grown(shelf, total, most)
    chance = random.Random(5)  # noqa: S311 - which nodes are asked
    nodes = Nodes(shelf.tile)
    for place in chance.sample(sorted(made), min(len(made), 2000)):
        assert nodes(*place) == made[place]
    for level in range(1, 3):
        stored = [hash_ for at, hashes in sorted(shelf.tiles.items()) if at[0] == level for hash_ in split(hashes)]
        assert stored == [made[8 * level, place] for place in range(total >> 8 * level)]


def test_a_tile_is_filled_from_its_beginning(shelf) -> None:
    made = grown(shelf, 600, 600)
    assert shelf.tile(0, 0) == b"".join(made[0, place] for place in range(256))
    assert len(shelf.tile(0, 2)) == 88 * 32
    assert shelf.tile(1, 0) == made[8, 0] + made[8, 1]
    assert shelf.tile(2, 0) == shelf.tile(1, 1) == shelf.tile(0, 3) == b""


def test_nodes_that_are_not_there_are_missed(shelf) -> None:
    grown(shelf, 600, 600)
    for place in ((0, 600), (1, 300), (8, 2), (16, 0), (40, 0)):
        with pytest.raises(LogUnusable, match="lacks a part"):
            Nodes(shelf.tile)(*place)


def test_a_tile_of_another_tree_is_not_added_to(shelf) -> None:
    grown(shelf, 600, 600)
    shelf.tiles.clear()
    with pytest.raises(LogUnusable, match="does not end where"):
        shelf.keep({(8, 2): b"x" * 32})
