"""The proofs of entries that were just appended, made in memory: of the frontier before them and what grew on it, without one read.

Laws: what `tree.inclusion` would find by reading is what stands here; a part of a path that several entries share is made once.
Source: RFC 6962 2.1.1; C2SP tlog-proof@v1.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from itertools import chain
from typing import Final

from gateway.ledger.checkpoint import Proof
from gateway.ledger.tree import Frontier, Place

_NO_PATH: Final = str(Proof(0, (), ""))
_HEADER: Final = _NO_PATH.removesuffix("index 0\n\n")


def proofs(before: Frontier, after: Frontier, made: Mapping[Place, bytes], checkpoint: str) -> list[str]:
    """The tlog-proofs, in order, of the entries by which a tree has grown from `before` to `after`, `made` being the nodes it completed.

    `checkpoint` is the signed note of the tree as it is after.
    """
    nodes = chain(before.nodes().items(), made.items(), after.edges())
    paths = _paths(before.size, after.size, {place: b2a_base64(node).decode() for place, node in nodes})
    return [f"{_HEADER}index {index}\n{path}\n{checkpoint}" for index, path in enumerate(paths, before.size)]


def _paths(first: int, size: int, lines: Mapping[Place, str]) -> list[str]:
    """The lines of the audit paths of the leaves from `first` on: made from the root downwards, each node's of that above it."""
    if size == first:
        return []
    below = [""]
    for level in reversed(range((size - 1).bit_length())):
        above, started = below, first >> level + 1
        # Beside the path stands a node, complete or ragged, or nothing where the tree has ended.
        below = [
            (lines[level, place ^ 1] if (place ^ 1) << level < size else "") + above[(place >> 1) - started]
            for place in range(first >> level, (size - 1 >> level) + 1)
        ]
    return below
