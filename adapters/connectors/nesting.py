"""From a table's flat names to the parts within parts that a city wants, and along such a path into what it answers."""

from collections.abc import Mapping

Leaf = str | int | bool
Tree = dict[str, "Leaf | Tree"]


def nest(values: Mapping[str, Leaf]) -> Tree:
    """The values as a tree: `a.b` stands as `b` within `a`. A name that has a value and parts at once is the table's error."""
    root: Tree = {}
    found: dict[str, Tree] = {}
    for name, value in values.items():
        parents, dot, leaf = name.rpartition(".")
        place = (found.get(parents) or found.setdefault(parents, _place(root, parents))) if dot else root
        if leaf in place:
            raise _clash()
        place[leaf] = value
    return root


def _place(root: Tree, path: str) -> Tree:
    place: Leaf | Tree = root
    for name in path.split("."):
        place = place.setdefault(name, {}) if isinstance(place, dict) else place
    if not isinstance(place, dict):
        raise _clash()
    return place


def _clash() -> RuntimeError:
    return RuntimeError("a name of the table has a value and parts at once")


def leaf_text(leaf: Leaf) -> str:
    """A leaf where everything is text."""
    return str(leaf).lower() if isinstance(leaf, bool) else str(leaf)


def follow(tree: object, path: tuple[str, ...]) -> object:
    """What stands at the path of a record that somebody else wrote, None where nothing does."""
    for name in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree
