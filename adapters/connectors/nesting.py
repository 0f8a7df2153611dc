"""From a table's flat names to the parts within parts that a city wants, and along such a path into what it answers."""

from collections.abc import Mapping

Leaf = str | int | bool
Tree = dict[str, "Leaf | Tree"]


def nest(values: Mapping[str, Leaf]) -> Tree:
    """The values as a tree: `a.b` stands as `b` within `a`. A name that has a value and parts at once is the table's error."""
    root: Tree = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        place: Leaf | Tree = root
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else place
        if not isinstance(place, dict) or leaf in place:
            raise RuntimeError("a name of the table has a value and parts at once")
        place[leaf] = value
    return root


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
