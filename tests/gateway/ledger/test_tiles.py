"""Tiles: what a growth adds to them, and any node of the tree out of them."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.ledger.schema import LogUnusable
from gateway.ledger.tiles import Nodes, keep, split, tile
from gateway.ledger.tree import Frontier, Place, grow


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE entries (idx INTEGER PRIMARY KEY, leaf_hash)")
        connection.execute("CREATE TABLE tiles (level, place, hashes, PRIMARY KEY (level, place))")
        yield connection


def grown(tables: sqlite3.Connection, total: int, most: int) -> dict[Place, bytes]:
    """A log of `total` leaves in batches of up to `most`, and every node of its tree."""
    chance = random.Random(3)  # noqa: S311 - sizes of batches
    frontier, nodes = Frontier(), {}
    while frontier.size < total:
        count = min(chance.randint(1, most), total - frontier.size)
        leaves = [chance.randbytes(32) for _ in range(count)]
        tables.executemany("INSERT INTO entries VALUES (?, ?)", enumerate(leaves, frontier.size))
        frontier, made = grow(frontier, leaves)
        keep(tables, made.items())
        nodes |= made
    return nodes


@pytest.mark.parametrize(("total", "most"), [(1, 1), (255, 7), (256, 256), (70_000, 5000)])
def test_every_complete_node_is_found_again(tables, total: int, most: int) -> None:
    made = grown(tables, total, most)
    chance = random.Random(5)  # noqa: S311 - which nodes are asked
    nodes = Nodes(tables)
    for place in chance.sample(sorted(made), min(len(made), 2000)):
        assert nodes(*place) == made[place]
    for level in range(1, 3):
        rows = tables.execute("SELECT hashes FROM tiles WHERE level = ? ORDER BY place", (level,))
        stored = [hash_ for (hashes,) in rows for hash_ in split(hashes)]
        assert stored == [made[8 * level, place] for place in range(total >> 8 * level)]


def test_a_tile_is_filled_from_its_beginning(tables) -> None:
    made = grown(tables, 600, 600)
    assert tile(tables, 0, 0) == b"".join(made[0, place] for place in range(256))
    assert len(tile(tables, 0, 2)) == 88 * 32
    assert tile(tables, 1, 0) == made[8, 0] + made[8, 1]
    assert tile(tables, 2, 0) == tile(tables, 1, 1) == tile(tables, 0, 3) == b""


def test_nodes_that_are_not_there_are_missed(tables) -> None:
    grown(tables, 600, 600)
    for place in ((0, 600), (1, 300), (8, 2), (16, 0), (40, 0)):
        with pytest.raises(LogUnusable, match="lacks a part"):
            Nodes(tables)(*place)


def test_a_tile_of_another_tree_is_not_added_to(tables) -> None:
    grown(tables, 600, 600)
    tables.execute("DELETE FROM tiles")
    with pytest.raises(LogUnusable, match="does not end where"):
        keep(tables, [((8, 2), b"x" * 32)])
