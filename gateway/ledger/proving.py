"""The proofs of entries that were just appended, made in memory: of the frontier before them and what grew on it, without one read.

Laws: what `tree.inclusion` would find by reading is what stands here; a part of a path that several entries share is made once.
Source: RFC 6962 2.1.1; C2SP tlog-proof@v1.
"""

from collections.abc import Mapping
from typing import Final

from gateway.ledger.checkpoint import Proof, encoded
from gateway.ledger.tree import Frontier, Place, node_hash

_NO_PATH: Final = str(Proof(0, (), ""))
_HEADER: Final = _NO_PATH.removesuffix("index 0\n\n")


class Proofs:
    """The proofs of the entries by which a tree has grown from `before` to `after`, `made` being the nodes it completed.

    `checkpoint` is the signed note of the tree as it is after.
    """

    def __init__(self, before: Frontier, after: Frontier, made: Mapping[Place, bytes], checkpoint: str) -> None:
        self._checkpoint = checkpoint
        self._first = before.size
        self._paths = _paths(before.size, after.size, {**before.nodes(), **made}, _ragged(after))

    def text(self, index: int) -> str:
        """The tlog-proof of one of the appended entries."""
        return f"{_HEADER}index {index}\n{self._paths[index - self._first]}\n{self._checkpoint}"


def _paths(first: int, size: int, nodes: Mapping[Place, bytes], ragged: Mapping[int, bytes]) -> list[str]:
    """The lines of the audit paths of the leaves from `first` on: made from the root downwards, each node's of that above it."""
    below = [""]
    for level in reversed(range((size - 1).bit_length() if size > first else 0)):
        above, started = below, first >> level + 1
        below = []
        for place in range(first >> level, (size - 1 >> level) + 1):
            beside = place ^ 1
            # The node beside the path: complete, or the ragged right edge, or nothing where the tree has ended.
            node = nodes[level, beside] if beside + 1 << level <= size else ragged[level] if beside << level < size else b""
            upwards = above[(place >> 1) - started]
            below.append(f"{encoded(node)}\n{upwards}" if node else upwards)
    return below


def _ragged(frontier: Frontier) -> dict[int, bytes]:
    """By level, the root of the leaves that do not fill a node of that level."""
    found: dict[int, bytes] = {}
    size, edge = frontier.size, b""
    hashes = iter(reversed(frontier.hashes))
    for level in range(size.bit_length()):
        if edge:
            found[level] = edge
        if size >> level & 1:
            node = next(hashes)
            edge = node_hash(node, edge) if edge else node
    return found
