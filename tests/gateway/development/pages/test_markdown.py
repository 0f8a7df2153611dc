"""No text can break a table."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.development.pages.markdown import plain, table


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3), max_size=4))
def test_a_table_has_as_many_cells_as_it_was_given(rows: list[list[str]]) -> None:
    lines = table(("a", "b", "c"), [[plain(cell) for cell in row] for row in rows]).split("\n")
    assert len(lines) == len(rows) + 3
    for line in lines[:-1]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4
