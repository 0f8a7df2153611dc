"""Makes the generated pages of docs/ and deploy/ anew, or with --check says which of them have drifted: exit status 1."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.development.pages import PAGES

ROOT = Path(__file__).parents[3]
_USAGE = "usage: python -m gateway.development.pages [--check]\n"


def main(arguments: list[str], root: Path = ROOT, pages: Mapping[str, Callable[[], str]] = PAGES) -> int:
    """Exit status: 0 fine, 1 drift, 2 wrong use."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write(_USAGE)
        return 2
    made = {name: make() for name, make in pages.items()}
    drifted = [name for name, text in made.items() if _standing(root / name) != text]
    if not arguments:
        for name in drifted:
            (root / name).write_text(made[name], encoding="utf-8")
        return 0
    for name in drifted:
        sys.stderr.write(f"{name} has drifted from the code; run: make docs\n")
    return 1 if drifted else 0


def _standing(page: Path) -> str | None:
    return page.read_text(encoding="utf-8") if page.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
