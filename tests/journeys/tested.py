"""The page docs/tested.md: what the journeys see of both cities. Every row is held against what a test saw.

`python -m tests.journeys.tested` asks both cities, in an environment of its own, and writes the page anew; the row of each kind is held
against the page by test_answers.py, and the reasons of the faults are the table by which test_faults.py and test_no_record.py judge.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.journeys.asking import REGIONS
from tests.journeys.canonical import KINDS
from tests.journeys.faults import FAULTS, FLAPPING, LENDING_FAULTS, REGION_OF, UNAVAILABLE, Fault

PAGE: Final = Path(__file__).parents[2] / "docs" / "tested.md"
WRITE: Final = "KUACHENG_TESTED"
"""Names the file to which the rows are written instead of being held against the page."""
_INTERFACES: Final = tuple(REGION_OF)
_ALL: Final = (*FAULTS, *FLAPPING, *LENDING_FAULTS)
_HEAD: Final = """\
# What the tests see of both cities

Written by `python -m tests.journeys.tested`; each row is held against what a test sees. The cities are the simulators, programs with
records and vocabularies of their own.

## Every kind of evidence, from both cities

Each answer is compared field by field with the city's own record, by hand-made readings of the interface's page that know nothing of the
gateway's tables. `asked` is how many people or companies are asked about, chosen so that every code of every list and every odd spelling
is among them; `fields` counts canonical fields and columns, of which each was seen filled in.

"""
_ANSWERS: Final = ("evidence", "of", "over", "asked", "with a record", "without", "fields")
_FAULTED: Final = """
## What each interface may do wrong

How a question ends when the interface does this: of a holder who has a record, then of one who has none, where that differs. NO_RECORD
stands only where the fault spoils a record, and so leaves the city's own word that there is none as it was; the bytes are compared.
Each is the other city's fault (COUNTERPARTY), ends within the deadline, and leaves one INTENT and one OUTCOME. Where a fault is
of one operation, that stands in brackets. A dash: the interface cannot do this.

"""


def line(cells: Iterable[object]) -> str:
    """One row of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def see(*cells: object) -> None:
    """A test saw this row: it is on the page, or the page is being written."""
    row = line(cells)
    if into := os.environ.get(WRITE):
        with Path(into).open("a") as file:
            file.write(row + "\n")
        return
    assert row in PAGE.read_text().splitlines(), f"docs/tested.md has another row; python -m tests.journeys.tested: {row}"


def faults() -> str:
    """The matrix of what goes wrong, by fault and interface."""
    rows = {(each.name, each.operation): None for each in _ALL}
    return "\n".join((*_head(("fault", *map(str.upper, _INTERFACES))), *(line(_row(*each)) for each in rows)))


def _row(name: str, operation: str) -> Iterator[str]:
    yield f"{name.replace('_', ' ')} [{operation}]" if operation else name.replace("_", " ")
    for interface in _INTERFACES:
        found = [each for each in _ALL if _is(each, interface, name, operation)]
        yield "; ".join(map(_ends, found)) or "-"


def _is(fault: Fault, interface: str, name: str, operation: str) -> bool:
    return (fault.interface, fault.name, fault.operation) == (interface, name, operation)


def _ends(fault: Fault) -> str:
    if fault in FLAPPING:
        return f"{fault.held} or {UNAVAILABLE}, {fault.none} or {UNAVAILABLE}"
    return fault.held if fault.held == fault.none else f"{fault.held}, {fault.none}"


def _head(names: Sequence[str]) -> tuple[str, str]:
    return line(names), "|" + "---|" * len(names)


def page(answers: Iterable[str]) -> str:
    """The whole page, of these rows in whatever order."""
    order = {(kind, region): place for place, (kind, region) in enumerate((kind, region) for kind in KINDS for region in REGIONS)}

    def place(row: str) -> int:
        kind, region, *_ = (each.strip() for each in row.strip("| ").split("|"))
        return order[kind, region]

    table = "\n".join((*_head(_ANSWERS), *sorted(answers, key=place)))
    return f"{_HEAD}{table}\n{_FAULTED}{faults()}\n"


def main() -> int:
    """Writes the page."""
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "rows")
        chosen = "tests/journeys/test_answers.py::test_an_answer_is_the_citys_own_record"
        asked = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", chosen)
        done = subprocess.run(asked, env={**os.environ, WRITE: str(into)}, check=False, cwd=PAGE.parents[1])
        if done.returncode == 0:
            PAGE.write_text(page(into.read_text().splitlines()))
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
