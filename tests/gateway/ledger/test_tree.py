"""The tree against RFC 6962 written out word for word, against the vectors of Certificate Transparency, and against whoever lies."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    Nodes,
    ProofRefused,
    consistency,
    grow,
    inclusion,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The test data of Certificate Transparency's reference implementation: eight leaves, and the root after each.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
MOST = 70
"""Leaves: past 64, so that every shape of a ragged edge up to seven levels is met."""

sizes = st.integers(1, 3000)


def hashes(count: int, *, kind: str = "leaf") -> list[bytes]:
    return [leaf_hash(f"{kind} {n}".encode()) for n in range(count)]


def head(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 2.1: MTH, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_below(len(leaves))
    return sha256(b"\x01" + head(leaves[:k]) + head(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """RFC 6962 2.1.1: PATH."""
    if len(leaves) == 1:
        return ()
    k = largest_below(len(leaves))
    return (*path(m, leaves[:k]), head(leaves[k:])) if m < k else (*path(m - k, leaves[k:]), head(leaves[:k]))


def subproof(m: int, leaves: Sequence[bytes], *, known: bool) -> tuple[bytes, ...]:
    """RFC 6962 2.1.2: SUBPROOF."""
    if m == len(leaves):
        return () if known else (head(leaves),)
    k = largest_below(len(leaves))
    if m <= k:
        return (*subproof(m, leaves[:k], known=known), head(leaves[k:]))
    return (*subproof(m - k, leaves[k:], known=False), head(leaves[:k]))


def largest_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """Exactly the complete nodes; asking for any other is a KeyError."""
    _, made = grow(Frontier(), leaves)
    return lambda level, place: made[level, place]


def test_the_vectors_of_certificate_transparency() -> None:
    frontier = Frontier()
    assert frontier.root == EMPTY_ROOT
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier, _ = grow(frontier, [leaf_hash(bytes.fromhex(leaf))])
        assert frontier.root.hex() == root


def test_leaves_and_nodes_are_hashed_apart() -> None:
    left, right = hashes(2)
    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


@pytest.mark.parametrize("size", range(MOST))
def test_root_and_proofs_are_those_of_the_rfc(size: int) -> None:
    leaves = hashes(size)
    nodes = nodes_of(leaves)
    assert root_of(size, nodes) == grow(Frontier(), leaves)[0].root == head(leaves)
    for index in range(size):
        assert inclusion(index, size, nodes) == path(index, leaves)
    for old in range(1, size):
        assert consistency(old, size, nodes) == subproof(old, leaves, known=True)


@pytest.mark.parametrize("size", range(1, MOST))
def test_every_proof_verifies_and_only_where_it_belongs(size: int) -> None:
    leaves = hashes(size)
    nodes, root = nodes_of(leaves), head(leaves)
    for index in range(size):
        found = inclusion(index, size, nodes)
        verify_inclusion(leaves[index], index, size, found, root)
        for other in {(index + 1) % size, index ^ 1, 0} - {index}:
            with pytest.raises(ProofRefused):
                verify_inclusion(leaves[index], other, size, found, root)


@pytest.mark.parametrize("new", range(MOST))
def test_every_tree_extends_each_before_it(new: int) -> None:
    leaves = hashes(new)
    nodes = nodes_of(leaves)
    for old in range(new + 1):
        verify_consistency(old, new, head(leaves[:old]), head(leaves), consistency(old, new, nodes))


@given(sizes, st.data())
def test_growing_in_batches_is_growing_at_once(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=8)))
    frontier, made = Frontier(), {}
    for first, last in zip([0, *cuts], [*cuts, size], strict=True):
        frontier, more = grow(frontier, leaves[first:last])
        assert not made.keys() & more.keys()
        made |= more
    assert (frontier, made) == grow(Frontier(), leaves)
    assert frontier.nodes().items() <= made.items()


@given(sizes, st.data())
def test_an_old_root_can_be_had_from_a_grown_tree(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    old = data.draw(st.integers(0, size))
    assert root_of(old, nodes_of(leaves)) == head(leaves[:old])


@given(sizes, st.data())
def test_the_last_paths_need_the_frontier_and_the_batch_only(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    before = data.draw(st.integers(0, size - 1))
    frontier, _ = grow(Frontier(), leaves[:before])
    after, made = grow(frontier, leaves[before:])
    known = {**frontier.nodes(), **made}
    index = data.draw(st.integers(before, size - 1))
    found = inclusion(index, size, lambda level, place: known[level, place])
    verify_inclusion(leaves[index], index, size, found, after.root)


@given(sizes, st.data())
def test_a_flipped_bit_anywhere_refuses_an_inclusion(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    parts = [leaves[index], head(leaves), *inclusion(index, size, nodes_of(leaves))]
    leaf, root, *found = flipped(parts, data.draw)
    with pytest.raises(ProofRefused):
        verify_inclusion(leaf, index, size, found, root)


@given(st.integers(2, 3000), st.data())
def test_a_flipped_bit_anywhere_refuses_a_consistency(new: int, data: st.DataObject) -> None:
    leaves = hashes(new)
    old = data.draw(st.integers(1, new))
    parts = [head(leaves[:old]), head(leaves), *consistency(old, new, nodes_of(leaves))]
    before, after, *found = flipped(parts, data.draw)
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, before, after, found)


@given(sizes, st.data())
def test_a_path_cut_or_drawn_out_is_refused(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    right = inclusion(index, size, nodes_of(leaves))
    for wrong in resized(right):
        with pytest.raises(ProofRefused):
            verify_inclusion(leaves[index], index, size, wrong, head(leaves))


@given(st.integers(2, 3000), st.data())
def test_a_consistency_cut_or_drawn_out_is_refused(new: int, data: st.DataObject) -> None:
    leaves = hashes(new)
    old = data.draw(st.integers(0, new))
    right = consistency(old, new, nodes_of(leaves))
    for wrong in resized(right):
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, head(leaves[:old]), head(leaves), wrong)


@given(st.integers(2, 400), st.data())
def test_a_rewritten_log_extends_nothing(new: int, data: st.DataObject) -> None:
    leaves = hashes(new)
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    forged = [*leaves[:changed], leaf_hash(b"another story"), *leaves[changed + 1 :]]
    for nodes in (nodes_of(leaves), nodes_of(forged)):
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, head(leaves[:old]), head(forged), consistency(old, new, nodes))


def test_a_tree_of_one_size_has_one_root() -> None:
    first, other = hashes(2)
    verify_consistency(1, 1, first, first, ())
    with pytest.raises(ProofRefused, match="different roots"):
        verify_consistency(1, 1, first, other, ())


def test_an_empty_tree_has_the_empty_root_only() -> None:
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    for new in (0, 1):
        with pytest.raises(ProofRefused):
            verify_consistency(0, new, hashes(1)[0], hashes(1)[0], ())


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_nothing_extends_a_larger_tree(old: int, new: int) -> None:
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, ())
    with pytest.raises(ValueError, match="extends"):
        consistency(old, new, nodes_of(hashes(4)))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ProofRefused):
        verify_inclusion(EMPTY_ROOT, index, size, (), EMPTY_ROOT)
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion(index, size, nodes_of(hashes(3)))


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_a_frontier_that_does_not_fit_its_size_is_a_bug(size: int, count: int) -> None:
    with pytest.raises(RuntimeError):
        Frontier(size, tuple(hashes(count)))


def flipped(parts: Sequence[bytes], draw: Callable[[Any], Any]) -> list[bytes]:
    which = draw(st.integers(0, len(parts) - 1))
    bit = draw(st.integers(0, 255))
    wrong = bytearray(parts[which])
    wrong[bit // 8] ^= 1 << bit % 8
    return [bytes(wrong) if place == which else each for place, each in enumerate(parts)]


def resized(right: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    longer = [(*right, right[-1] if right else EMPTY_ROOT), (EMPTY_ROOT, *right)]
    return [*longer, right[:-1], right[1:]] if right else longer
