"""docs/catalogue.md: every kind of evidence that ships with the program, in both languages, and which city answers for it."""

from collections.abc import Iterator
from pathlib import Path

from gateway.config import Coverage, Problem, survey_tables
from gateway.config.judging import read_vocabulary
from gateway.config.problem import Gathering
from gateway.config.settings import SHIPPED
from gateway.config.sources import read_listed
from gateway.development.pages.markdown import code, head, plain, table
from gateway.model.catalogue import Catalogue, EvidenceKind, EvidenceType, Field
from gateway.model.query import HolderType

_KINDS = {EvidenceKind.CERTIFICATE: "certificate 证明", EvidenceKind.E_LICENCE: "e-licence 电子证照"}
_HOLDERS = {HolderType.PERSON: "person 自然人", HolderType.ORGANISATION: "organisation 法人或其他组织"}
_INTRODUCTION = """
What can be asked, and what an answer can hold. Which of these a caller may ask of whom, and which fields it may see, its agreements
say: `DirectoryService.ListEvidenceTypes` lists them. How to add a kind: [adding.md](adding.md#an-evidence-type).
How each kind of value is written: [integration.md](integration.md#values). How a file is had: [downloading.md](downloading.md).

"""


def page() -> str:
    """The page. Raises ConfigError where a file of the catalogue cannot be read."""
    return written(tuple(shipped()), survey_tables((SHIPPED,), (SHIPPED,), Path()).coverage)


def written(kinds: tuple[EvidenceType, ...], coverage: tuple[Coverage, ...]) -> str:
    """The page of these kinds, and of what each city's tables give of them."""
    overview = table(
        ("alias", "中文", "English", "code", "asked of", "file"),
        (
            (
                f"[{each.alias}](#{each.alias})",
                each.zh,
                plain(each.en),
                code(each.code),
                _asked(each, coverage),
                _filed(each, coverage),
            )
            for each in kinds
        ),
    )
    sections = (f"\n## {each.alias}\n\n{_about(each)}\n{_table(each)}{_limits(each, coverage)}" for each in kinds)
    made_of = "gateway/catalogue/*.yaml and adapters/*/tables/*.yaml"
    return head("Catalogue of evidence 证照目录", made_of) + _INTRODUCTION + overview + "".join(sections)


def shipped() -> Catalogue:
    """The catalogue that ships with the program. Raises ConfigError."""
    gathering = Gathering()

    def nowhere(index: int) -> Problem:
        return Problem("gateway/catalogue", 1, 1, f"[{index}]", "")

    found = read_vocabulary(gathering, read_listed(gathering, (SHIPPED,), "catalogue", Path(), nowhere))
    gathering.close()
    return found.catalogue


def _asked(kind: EvidenceType, coverage: tuple[Coverage, ...]) -> str:
    return ", ".join(f"{each.region} `{each.system}`" for each in coverage if each.code == kind.code)


def _filed(kind: EvidenceType, coverage: tuple[Coverage, ...]) -> str:
    return "; ".join(f"{each.region} {', '.join(each.files)}" for each in coverage if each.code == kind.code and each.files)


def _about(kind: EvidenceType) -> str:
    holders = ", ".join(_HOLDERS[each] for each in sorted(kind.holder_types))
    most = "" if kind.holder_count == 1 else f", up to {kind.holder_count} on one paper"
    return f"{kind.zh}, {kind.en}. Code `{kind.code}`; {_KINDS[kind.kind]}; held by {holders}{most}.\n"


def _table(kind: EvidenceType) -> str:
    parameters = (_row(f"parameter `{each.name}`", each, "") for each in kind.parameters)
    fields = (row for each in kind.fields.values() for row in _field(each))
    return table(("name", "中文", "English", "kind", "unit or codes"), (*parameters, *fields))


def _field(field: Field) -> Iterator[tuple[str, ...]]:
    yield _row(code(field.name), field, "")
    for column in field.columns:
        yield _row(code(f"{field.name}.{column.name}"), column, "column, ")


def _row(name: str, field: Field, prefix: str) -> tuple[str, ...]:
    further = field.unit or ", ".join(map(code, field.codes))
    optional = "" if field.required else ", optional"
    return (name, field.zh, plain(field.en), f"{prefix}{field.kind.value}{optional}", further)


def _limits(kind: EvidenceType, coverage: tuple[Coverage, ...]) -> str:
    """What a city takes besides, does not give, or gives less exactly than the catalogue could say."""
    lines = [
        line
        for each in coverage
        if each.code == kind.code
        for line in (
            *([f"- {each.region} answers for a [code that the holder shows](presenting.md) (亮证).\n"] if each.presented else ()),
            *(f"- {each.region} does not give `{name}`: {plain(why)}.\n" for name, why in each.withheld.items()),
            *(f"- {each.region}: several of the city's codes of `{name}` mean one of ours.\n" for name in each.lossy),
        )
    ]
    return "".join(("\n", *lines)) if lines else ""
