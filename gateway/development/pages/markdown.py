"""Markdown of the generated pages: the line that says so, and tables whose cells cannot break them."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\|<*])")


def head(title: str, source: str) -> str:
    """The page's title, and a line for whoever would edit it."""
    return f"# {title}\n\n<!-- Made by `make docs` from {source}. Edit that, not this. -->\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already (see `plain` and `code`)."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def plain(text: str) -> str:
    """A text as a reader shall see it, whatever characters are in it."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """A name as it stands in code; nothing for no name."""
    return f"`{text}`" if text else ""
