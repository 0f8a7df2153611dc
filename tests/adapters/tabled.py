"""A city's tables as the gateway would load them, for tests that hold them against records written by hand."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.config.catalogue_file import read_type
from gateway.config.document import read_document
from gateway.config.problem import Problem
from gateway.config.table_file import read_table
from gateway.config.tables import Coverage, check_table
from gateway.model.evidence import Coded, Holders, Rows, Value
from gateway.model.rules import TableSpec
from gateway.model.table import Table
from gateway.stages.translate import compile_table

ROOT = Path(__file__).parents[2]
ALIASES = tuple(sorted(path.stem for path in (ROOT / "gateway/catalogue").glob("*.yaml")))


@dataclass(frozen=True)
class Tabled:
    """One table, checked and compiled."""

    spec: TableSpec
    problems: tuple[Problem, ...]
    coverage: Coverage
    table: Table

    def read(self, record: dict[str, object]) -> dict[str, object]:
        """What the table makes of a record, as plain values; absent fields are not there."""
        values = {name: read(record) for name, read in self.table.inward}  # type: ignore[arg-type]
        return {name: plain(value) for name, value in values.items() if value is not None}


@cache
def table_of(city: str, alias: str) -> Tabled:
    path = ROOT / f"adapters/{city}/tables/{alias}.yaml"
    kind_path = ROOT / f"gateway/catalogue/{alias}.yaml"
    kind = read_type(read_document(kind_path.name, kind_path.read_bytes()))
    text, problems = read_table(read_document(path.name, path.read_bytes()))
    more, coverage = check_table(text, kind)
    return Tabled(text.spec, (*problems, *more), coverage, compile_table(text.spec, kind))


def plain(value: Value) -> object:
    """A canonical value without its classes: (code, the city's text), lists of rows, and of holders as four texts."""
    if isinstance(value, Coded):
        return (value.code, value.text)
    if isinstance(value, Rows):
        return [{name: plain(cell) for name, cell in row.items()} for row in value.rows]
    if isinstance(value, Holders):
        return [(each.name, each.id_type, each.id_number, each.role) for each in value.holders]
    return value
