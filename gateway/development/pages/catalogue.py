"""docs/catalogue.md: every kind of evidence that ships with the program, in both languages, and which city answers for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.config import Coverage, Problem, survey_tables
from gateway.config.judging import read_vocabulary
from gateway.config.problem import Gathering
from gateway.config.settings import SHIPPED
from gateway.config.sources import read_listed
from gateway.console.words import PAGE_TEXTS
from gateway.development.pages.markdown import code, head, plain, table
from gateway.model.catalogue import Catalogue, EvidenceKind, EvidenceType, Field
from gateway.model.query import HolderType

_KINDS = {EvidenceKind.CERTIFICATE: "certificate 证明", EvidenceKind.E_LICENCE: "e-licence 电子证照"}
_HOLDERS = {HolderType.PERSON: "person 自然人", HolderType.ORGANISATION: "organisation 法人或其他组织"}
_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "centimetre": "厘米",
        "gram": "克",
        "kilogram": "千克",
        "month": "月",
        "percent": "百分比",
        "person": "人",
        "point": "分",
        "square metre": "平方米",
        "week": "周",
    }
)
"""What the units of the catalogue are called in Chinese; one that is missing here is a KeyError of `make docs`."""

_INTRODUCTION = """
What can be asked, and what an answer can hold. Which of these a caller may ask of whom, and which fields it may see, its agreements
say: `DirectoryService.ListEvidenceTypes` lists them. How to add a kind: [adding.md](adding.md#an-evidence-type).
How each kind of value is written: [integration.md](integration.md#values). How a file is had: [downloading.md](downloading.md).
The interface carries a code as it stands here; the Chinese beside it is its name.

本页列出可以查询的证照，以及答复可能含有的字段。某个调用方可向哪个地区查询其中哪些证照、可见哪些字段，由数据共享协议约定，
`DirectoryService.ListEvidenceTypes` 会列明。新增证照类型见 [adding.md](adding.md#an-evidence-type)，各类取值的写法见
[integration.md](integration.md#values)，文件下载见 [downloading.md](downloading.md)。接口只传递代码，其后的中文是代码的名称。

"""

_LOSSY: Final = "该市的几个代码对应本目录的同一个代码。"


def page() -> str:
    """The page. Raises ConfigError where a file of the catalogue cannot be read."""
    return written(tuple(shipped()), survey_tables((SHIPPED,), (SHIPPED,), Path()).coverage)


def written(kinds: tuple[EvidenceType, ...], coverage: tuple[Coverage, ...]) -> str:
    """The page of these kinds, and of what each city's tables give of them."""
    overview = table(
        ("alias 别名", "中文", "English", "code 证照类型代码", "asked of 提供方", "file 文件格式"),
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
    most = "" if kind.holder_count == 1 else f", up to {kind.holder_count} on one paper 每证至多 {kind.holder_count} 个"
    return f"{kind.zh}, {kind.en}. Code 证照类型代码 `{kind.code}`; {_KINDS[kind.kind]}; held by 持证主体 {holders}{most}.\n"


def _table(kind: EvidenceType) -> str:
    parameters = (_row(f"parameter 查询参数 `{each.name}`", each, "") for each in kind.parameters)
    fields = (row for each in kind.fields.values() for row in _field(each))
    return table(("name 名称", "中文", "English", "kind 值类型", "unit or codes 单位或代码"), (*parameters, *fields))


def _field(field: Field) -> Iterator[tuple[str, ...]]:
    yield _row(code(field.name), field, "")
    for column in field.columns:
        yield _row(code(f"{field.name}.{column.name}"), column, "column 列, ")


def _row(name: str, field: Field, prefix: str) -> tuple[str, ...]:
    unit = f"{field.unit} {_UNITS[field.unit]}" if field.unit else ""
    codes = ", ".join(f"{code(each)} {plain(zh)}" for each, zh in field.codes.items())
    kind = f"{field.kind.value} {PAGE_TEXTS[f'kind.{field.kind.value}'][0]}"
    optional = "" if field.required else ", optional 可缺"
    return (name, field.zh, plain(field.en), f"{prefix}{kind}{optional}", unit or codes)


def _limits(kind: EvidenceType, coverage: tuple[Coverage, ...]) -> str:
    """What a city takes besides, does not give, or gives less exactly than the catalogue could say."""
    lines = [
        line
        for each in coverage
        if each.code == kind.code
        for line in (
            *(
                [f"- {each.region} answers for a [code that the holder shows](presenting.md). 可凭亮证码查询。\n"]
                if each.presented
                else ()
            ),
            *(f"- {each.region} does not give 不提供 `{name}`: {plain(why)}.\n" for name, why in each.withheld.items()),
            *(f"- {each.region}: several of the city's codes of `{name}` mean one of ours. {_LOSSY}\n" for name in each.lossy),
        )
    ]
    return "".join(("\n", *lines)) if lines else ""
