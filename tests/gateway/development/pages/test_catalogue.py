"""The page has every kind of evidence with every field and code in both languages, and what a city does not give."""

import re
from collections.abc import Iterator
from types import MappingProxyType

import pytest

from gateway.config import Coverage
from gateway.development.pages import catalogue
from gateway.model.catalogue import EvidenceKind, EvidenceType, Field

KINDS = tuple(catalogue.shipped())
PAGE = catalogue.page()
CHINESE = re.compile("[\u4e00-\u9fff]")


def every_field(kind: EvidenceType) -> Iterator[tuple[str, Field]]:
    """Each parameter, field and column, and how its row is named."""
    yield from ((f"parameter 查询参数 `{each.name}`", each) for each in kind.parameters)
    for field in kind.fields.values():
        yield f"`{field.name}`", field
        yield from ((f"`{field.name}.{column.name}`", column) for column in field.columns)


def section(kind: EvidenceType, page: str = PAGE) -> str:
    return page.partition(f"\n## {kind.alias}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.alias)
def test_a_kind_has_all_its_fields_columns_codes_and_parameters(kind: EvidenceType) -> None:
    text = section(kind)
    assert f"{kind.zh}, {kind.en}. Code 证照类型代码 `{kind.code}`" in text
    for name, field in every_field(kind):
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert field.zh in row
        assert field.en in row
        assert field.kind.value in row
        assert all(f"`{each}` {zh}" in row for each, zh in field.codes.items())
        assert all(CHINESE.search(cell) for cell in row.split("|")[4:6] if cell.strip())


def test_a_code_of_one_list_has_one_name() -> None:
    named = {(field.name, code, zh) for kind in KINDS for _, field in every_field(kind) for code, zh in field.codes.items()}
    assert len({(field, code) for field, code, _ in named}) == len(named)


def test_prose_and_headings_are_in_both_languages() -> None:
    introduction, _, rest = PAGE.partition("-->\n")[2].partition("\n|")
    assert [bool(CHINESE.search(each)) for each in introduction.strip().split("\n\n")] == [False, True]
    assert all(CHINESE.search(line) for line in rest.splitlines() if line and not line.startswith(("## ", "|")))
    headings = [
        cell.strip()
        for line in f"|{rest}".splitlines()
        if line.startswith(("| alias", "| name"))
        for cell in line.split("|")[1:-1]
    ]
    assert all(CHINESE.search(each) for each in headings if each != "English")


def test_both_cities_answer_for_every_kind_that_ships() -> None:
    for kind in KINDS:
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| [{kind.alias}](#{kind.alias}) |"))
        assert "440100 `guangzhou." in row
        assert "440600 `foshan." in row
        assert row.endswith("| 440100 OFD, PDF; 440600 OFD, PNG |" if kind.kind is EvidenceKind.E_LICENCE else "|  |")


def test_what_a_city_withholds_or_blurs_is_told() -> None:
    kind = KINDS[0]
    withheld = MappingProxyType({"remark": "the city | does not tell"})
    covered = Coverage("440100", kind.alias, kind.code, "guangzhou.g9", "1", ("number",), withheld, (), ("status",))
    text = section(kind, catalogue.written((kind,), (covered,)))
    assert "- 440100 does not give 不提供 `remark`: the city \\| does not tell.\n" in text
    assert "- 440100: several of the city's codes of `status` mean one of ours. 该市的几个代码对应本目录的同一个代码。\n" in text
