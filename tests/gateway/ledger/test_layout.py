"""Paths and bundles of C2SP tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.layout import ENTRIES, LARGEST_LEAF, WIDTH, LayoutRefused, Tile, bundle, tiles, unbundled


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(ENTRIES, 1234067), "tile/entries/x001/x234/067"),
        (Tile(1, 1000, 5), "tile/1/x001/000.p/5"),
        (Tile(7, 999, 255), "tile/7/999.p/255"),
    ],
)
def test_a_tile_has_the_path_of_the_standard(tile: Tile, path: str) -> None:
    assert str(tile) == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/8/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/entries/../checkpoint",
    ],
)
def test_a_path_has_one_spelling(path: str) -> None:
    with pytest.raises(LayoutRefused):
        Tile.parse(path)


@given(st.integers(-1, 7), st.integers(0, 10**12), st.integers(1, 256))
def test_a_path_read_is_the_tile_that_was_written(level: int, place: int, width: int) -> None:
    assert Tile.parse(str(Tile(level, place, width))) == Tile(level, place, width)


def test_the_tiles_of_a_tree_are_full_but_for_the_last_of_each_level() -> None:
    size = WIDTH * WIDTH + 3 * WIDTH + 7
    assert [str(each) for each in tiles(2, size)] == ["tile/2/000.p/1"]
    assert [str(each) for each in tiles(1, size)] == ["tile/1/000", "tile/1/001.p/3"]
    leaves = list(tiles(ENTRIES, size))
    assert (len(leaves), leaves[-1], leaves[-2]) == (260, Tile(ENTRIES, 259, 7), Tile(ENTRIES, 258))
    assert list(tiles(0, 0)) == []


@given(st.lists(st.none() | st.binary(min_size=1, max_size=40), max_size=20))
def test_a_bundle_read_is_what_was_bundled(leaves: list[bytes | None]) -> None:
    assert list(unbundled(bundle(leaves), len(leaves))) == leaves


def test_the_standards_form_of_a_bundle() -> None:
    assert bundle([b"ab", None, b"c"]) == b"\x00\x02ab\x00\x00\x00\x01c"
    assert len(bundle([b"x" * LARGEST_LEAF])) == LARGEST_LEAF + 2


@pytest.mark.parametrize("leaf", [b"", b"x" * (LARGEST_LEAF + 1)])
def test_an_entry_that_has_no_form_in_a_bundle_is_refused(leaf: bytes) -> None:
    with pytest.raises(LayoutRefused, match="1 to 65535"):
        bundle([leaf])


@pytest.mark.parametrize(
    ("whole", "width", "said"),
    [
        (b"\x00\x02a", 1, "ends within entry 0"),
        (b"\x00", 1, "ends within entry 0"),
        (b"\x00\x01a", 2, "ends within entry 1"),
        (b"\x00\x01a\x00", 1, "more than 1"),
    ],
)
def test_a_bundle_that_is_cut_or_too_long_is_refused(whole: bytes, width: int, said: str) -> None:
    with pytest.raises(LayoutRefused, match=said):
        list(unbundled(whole, width))
