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
        self._size = after.size
        self._nodes = {**before.nodes(), **made}
        self._ragged = _ragged(after)
        self._checkpoint = checkpoint
        self._above: dict[Place, str] = {}

    def text(self, index: int) -> str:
        """The tlog-proof of one of the appended entries."""
        return f"{_HEADER}index {index}\n{self._path(0, index)}\n{self._checkpoint}"

    def _path(self, level: int, place: int) -> str:
        """The lines of the audit path from this node upwards."""
        if (self._size - 1) >> level == 0:
            return ""
        if (known := self._above.get((level, place))) is None:
            known = self._above[level, place] = self._sibling(level, place ^ 1) + self._path(level + 1, place >> 1)
        return known

    def _sibling(self, level: int, place: int) -> str:
        """The node beside the path: complete, or the ragged right edge, or nothing where the tree has ended."""
        if (place + 1) << level <= self._size:
            return f"{encoded(self._nodes[level, place])}\n"
        return f"{encoded(self._ragged[level])}\n" if place << level < self._size else ""


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
