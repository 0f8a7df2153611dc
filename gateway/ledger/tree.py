"""The Merkle tree of RFC 6962: hashes, growth, and proofs, over whatever holds its nodes.

Laws: pure; a node is named by its level and its place on that level, so that node (h, n) covers leaves n * 2**h to (n + 1) * 2**h - 1; only
complete nodes have a name, and the ragged right edge is folded from them when it is needed.
Source: RFC 6962 2.1 (hashes, inclusion, consistency), RFC 9162 2.1.3.2 and 2.1.4.2 (verification).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Place = tuple[int, int]
Nodes = Callable[[int, int], bytes]


class ProofRefused(ValueError):  # noqa: N818  named for what happened
    """A proof does not prove what it should; the message says which step fails."""


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of one entry."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two nodes."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """All that is needed to grow a tree: its size, and the roots of the complete subtrees it falls into, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise RuntimeError("a frontier has one hash for each bit of its size")

    @property
    def root(self) -> bytes:
        """Root of the tree."""
        return self._folds[-1] if self.hashes else EMPTY_ROOT

    def nodes(self) -> Mapping[Place, bytes]:
        """Its hashes by their places."""
        return dict(zip(complete(0, self.size), self.hashes, strict=True))

    def edges(self) -> Iterator[tuple[Place, bytes]]:
        """What stands right of each of its hashes but the last, ragged as it is, at the place that it will have when it is complete."""
        beside = [(level, place + 1) for level, place in complete(0, self.size)]
        return zip(reversed(beside[:-1]), self._folds, strict=False)

    @cached_property
    def _folds(self) -> tuple[bytes, ...]:
        """Root of the last subtree, of the last two, and so on to that of all."""
        return tuple(accumulate(self.hashes[::-1], lambda right, left: node_hash(left, right)))


def grow(frontier: Frontier, leaves: Sequence[bytes]) -> tuple[Frontier, dict[Place, bytes]]:
    """The frontier after these leaf hashes, and every node that became complete, leaves among them."""
    size, stack = frontier.size, list(frontier.hashes)
    made: dict[Place, bytes] = {}
    for hash_ in leaves:
        level, place, node = 0, size, hash_
        made[level, place] = node
        while place & 1:
            node = node_hash(stack.pop(), node)
            level, place = level + 1, place >> 1
            made[level, place] = node
        stack.append(node)
        size += 1
    return Frontier(size, tuple(stack)), made


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """Root of a complete subtree, of the hashes of one of its levels: a power of two of them."""
    row = list(hashes)
    if not row or len(row) & (len(row) - 1):
        raise RuntimeError("a complete subtree has a power of two of leaves")
    while len(row) > 1:
        pairs = iter(row)
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return row[0]


def inclusion(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    return tuple(_range(first, last, nodes) for first, last in _siblings(index, 0, size))


def consistency(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """That the tree of `new` leaves extends the one of `old` (RFC 6962 2.1.2); empty where old is 0 or new."""
    if not 0 <= old <= new:
        raise ValueError("a tree extends a smaller one only")
    if old in (0, new):
        return ()
    return tuple(_range(first, last, nodes) for first, last in _shared(old, 0, new, whole=True))


def root_of(size: int, nodes: Nodes) -> bytes:
    """Root of the first `size` leaves."""
    return _range(0, size, nodes) if size else EMPTY_ROOT


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raises ProofRefused unless the leaf hash stands at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        raise ProofRefused("the index lies outside the tree")
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofRefused("the path is too long")
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the path is too short")
    if node != root:
        raise ProofRefused("the path does not lead to the root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises ProofRefused unless the tree with `new` leaves and root extends the one with `old` leaves and root."""
    if not 0 <= old <= new:
        raise ProofRefused("a tree extends a smaller one only")
    if old in (0, new):
        _trivial(old, new, old_root, new_root, proof)
        return
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        raise ProofRefused("the proof is too short")
    before, after = _climbed(old, new, hashes)
    if before != old_root or after != new_root:
        raise ProofRefused("the newer tree does not extend the older one")


def _climbed(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots, as the proof's hashes make them."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is too short")
    return before, after


def _trivial(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofRefused("no proof is needed, and one is there")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofRefused("the older tree is empty, and its root is not")
    if old == new and old_root != new_root:
        raise ProofRefused("two trees of one size have different roots")


def _split(first: int, last: int) -> int:
    """Where a subtree of more than one leaf divides: the largest power of two below its size, from its first leaf."""
    return first + (1 << (last - first - 1).bit_length() - 1)


def _siblings(index: int, first: int, last: int) -> list[tuple[int, int]]:
    path: list[tuple[int, int]] = []
    while last - first > 1:
        middle = _split(first, last)
        if index < middle:
            path.append((middle, last))
            last = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def _shared(old: int, first: int, last: int, *, whole: bool) -> list[tuple[int, int]]:
    proof: list[tuple[int, int]] = []
    while old != last:
        middle = _split(first, last)
        if old <= middle:
            proof.append((middle, last))
            last = middle
        else:
            proof.append((first, middle))
            first, whole = middle, False
    if not whole:
        proof.append((first, last))
    return proof[::-1]


def _range(first: int, last: int, nodes: Nodes) -> bytes:
    return _folded([nodes(level, place) for level, place in complete(first, last)])


def _folded(hashes: Sequence[bytes]) -> bytes:
    node = hashes[-1]
    for each in reversed(hashes[:-1]):
        node = node_hash(each, node)
    return node


def complete(first: int, last: int) -> Iterator[Place]:
    """The complete subtrees that leaves `first` to `last` - 1 fall into, where `first` begins an aligned subtree at least that large."""
    while first < last:
        level = (last - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level
