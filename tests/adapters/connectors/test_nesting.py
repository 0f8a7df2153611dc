"""From flat names to parts within parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.nesting import Tree, nest

NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(st.text("xyz"), lambda below: st.dictionaries(NAMES, below, min_size=1, max_size=3), max_leaves=8)


def flat(tree: Tree | str, prefix: str = "") -> dict[str, str]:
    if isinstance(tree, str):
        return {prefix: tree}
    return {name: value for key, part in tree.items() for name, value in flat(part, f"{prefix}.{key}".strip(".")).items()}


def test_a_dot_means_a_part_within_a_part() -> None:
    assert nest({"a": "1", "b.c": "2", "b.d.e": "3"}) == {"a": "1", "b": {"c": "2", "d": {"e": "3"}}}


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_nesting_undoes_flattening(tree: Tree) -> None:
    assert nest(flat(tree) if tree else {}) == tree


@pytest.mark.parametrize("names", [("a", "a.b"), ("a.b", "a"), ("a.b.c", "a.b"), ("a.b", "a.b.c.d")])
def test_a_value_with_parts_is_the_tables_error(names: tuple[str, ...]) -> None:
    with pytest.raises(RuntimeError):
        nest(dict.fromkeys(names, "1"))
