"""The page has every kind of evidence with every field in both languages, and what a city does not give."""

from types import MappingProxyType

import pytest

from gateway.config import Coverage
from gateway.development.pages import catalogue
from gateway.model.catalogue import EvidenceKind, EvidenceType

KINDS = tuple(catalogue.shipped())
PAGE = catalogue.page()


def section(kind: EvidenceType, page: str = PAGE) -> str:
    return page.partition(f"\n## {kind.alias}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.alias)
def test_a_kind_has_all_its_fields_columns_codes_and_parameters(kind: EvidenceType) -> None:
    text = section(kind)
    assert f"{kind.zh}, {kind.en}. Code `{kind.code}`" in text
    columns = [(f"`{field.name}.{column.name}`", column) for field in kind.fields.values() for column in field.columns]
    fields = [(f"`{name}`", field) for name, field in kind.fields.items()]
    for name, field in (*fields, *columns, *((f"parameter `{each.name}`", each) for each in kind.parameters)):
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert field.zh in row
        assert field.en in row
        assert field.kind.value in row
        assert all(f"`{each}`" in row for each in field.codes)


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
    assert "- 440100 does not give `remark`: the city \\| does not tell.\n" in text
    assert "- 440100: several of the city's codes of `status` mean one of ours.\n" in text
