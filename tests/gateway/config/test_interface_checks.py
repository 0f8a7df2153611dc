"""A table that asks a described interface: only for what that can carry."""

from pathlib import Path

import pytest

from gateway.config.document import read_document
from gateway.config.interface_checks import table_problems
from gateway.config.interface_file import read_interface
from gateway.config.table_file import read_table

WRITTEN = Path(__file__).parents[2] / "adapters/configured/written"
TABLE = (WRITTEN / "table.yaml").read_text(encoding="utf-8")
FAMILIES = ("signed-rest", "token-rest", "soap", "xml-in-json", "sealed", "tables")


def told(family: str, table: str) -> list[str]:
    interface = read_interface(read_document("aid.yaml", (WRITTEN / f"{family}.yaml").read_bytes())).interface
    text, problems = read_table(read_document("table.yaml", table.encode()))
    assert problems == ()
    return [str(each) for each in table_problems(text.document, text.spec, interface)]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_table_fits_them_all(family):
    assert told(family, TABLE) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_an_operation_that_it_does_not_have(family):
    (problem,) = told(family, TABLE.replace("aidRecord", "aidRecords"))
    assert problem.startswith(
        "table.yaml:6:12: operation: unknown operation of guangzhou.aid 'aidRecords'; did you mean 'aidRecord'? "
    )


@pytest.mark.parametrize(
    ("family", "name", "problem"),
    [
        ("signed-rest", "jkmc", "ask.jkmc: stands where guangzhou.aid itself puts 'biz.jkmc'; rename one of them, or "),
        ("sealed", "infno.a", ""),
        ("token-rest", "a.b", "ask.a.b: a form and a query have no parts within parts; write a name without a dot"),
        ("soap", "1a", "ask.1a: is no name that an element of XML can have; use letters, digits, _ and -, a letter first"),
        ("xml-in-json", "a.<b>", "ask.a.<b>: is no name that an element of XML can have; "),
        ("tables", "sfzhm", "ask.sfzhm: unknown column 'sfzhm'; did you mean 'sfzh'? Known: sfzh, sxbm, xm"),
    ],
)
def test_a_name_that_it_cannot_carry(family, name, problem):
    found = told(family, TABLE.replace("  sxbm:", f'  "{name}":'))
    assert (len(found), bool(problem)) in {(1, True), (0, False)}
    assert not problem or f"table.yaml:10:3: {problem}" in found[0]


def test_it_neither_compares_nor_gives_files_nor_takes_a_shown_code():
    more = "presented: {operation: aidRecord, code: lzm}\nfiles: [OFD]\nverify: {operation: aidRecord, claims: {xm: {from: holder.name}}}\n"
    assert [each.partition("; ")[0] for each in told("soap", TABLE + more)] == [
        "table.yaml:25:1: verify: no interface that a file describes compares values",
        "table.yaml:24:1: files: no interface that a file describes gives files",
        "table.yaml:23:1: presented: no interface that a file describes takes a code that a holder shows",
    ]
