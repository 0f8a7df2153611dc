"""From a table's flat names to the parts within parts that a city wants."""

from collections.abc import Mapping

Tree = dict[str, "str | Tree"]


def nest(values: Mapping[str, str]) -> Tree:
    """The values as a tree: `a.b` stands as `b` within `a`. A name that has a value and parts at once is the table's error."""
    root: Tree = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        place: str | Tree = root
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else place
        if not isinstance(place, dict) or leaf in place:
            raise RuntimeError("a name of the table has a value and parts at once")
        place[leaf] = value
    return root
