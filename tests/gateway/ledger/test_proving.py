"""Proofs made in memory are the tree's own."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Proof
from gateway.ledger.proving import proofs
from gateway.ledger.tree import Frontier, grow, inclusion, verify_inclusion


def leaves(count: int) -> list[bytes]:
    return [number.to_bytes(32) for number in range(count)]


def check(before: int, count: int) -> None:
    hashes = leaves(before + count)
    whole, nodes = grow(Frontier(), hashes)
    frontier, _ = grow(Frontier(), hashes[:before])
    after, made = grow(frontier, hashes[before:])
    assert after == whole
    proven = proofs(frontier, after, made, "a note\n")
    assert len(proven) == count
    for index, text in enumerate(proven, before):
        path = inclusion(index, after.size, lambda level, place: nodes[level, place])
        assert text == str(Proof(index, path, "a note\n"))
        verify_inclusion(hashes[index], index, after.size, path, whole.root)


def test_every_small_growth() -> None:
    for before in range(34):
        for count in range(18):
            check(before, count)


@given(st.integers(0, 3000), st.integers(1, 256))
def test_any_growth(before: int, count: int) -> None:
    check(before, count)
