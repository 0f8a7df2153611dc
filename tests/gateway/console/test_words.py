"""Both languages are complete: what a template asks for is there, what is there is asked for, every code has its word."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

import gateway.console as package
from certs.inventory import Role as Use
from gateway.console.access import Role, Room
from gateway.console.judging import RULES, Light, Subject
from gateway.console.words import LANGUAGES, PAGE_TEXTS, TEXTS, Telling, language
from gateway.model.catalogue import EvidenceKind, ValueKind
from gateway.model.exchange import EntryKind, Result
from gateway.model.query import HolderType, LegalBasisKind
from gateway.model.refusal import Blame
from gateway.model.standing import Passage

FOLDER = Path(package.__file__).parent
SOURCES = "\n".join(
    each.read_text(encoding="utf-8")
    for each in (*FOLDER.glob("templates/*.html"), *FOLDER.glob("*.py"))
    if "words" not in each.name
)
ASKED = frozenset(re.findall(r"\bt\('([a-z][a-z.-]*)'\)", SOURCES))
FAMILIES: dict[str, tuple[str, ...]] = {
    "light.": tuple(Light),
    "subject.": tuple(each for each in Subject if each is not Subject.CITY),
    "role.": (*Role, "none"),
    "nav.": tuple(each for each in Room if each not in (Room.CITY, Room.RECEIPT)),
    "rule.": tuple(each.name for each in RULES),
    "passage.": tuple(Passage),
    "blame.": tuple(Blame),
    "result.": (*Result, "PENDING"),
    "kind.": tuple(ValueKind),
    "paper.": tuple(EvidenceKind),
    "holder.": tuple(HolderType),
    "basis.": tuple(LegalBasisKind),
    "use.": tuple(Use),
    "life.": ("good", "renew", "hurry"),
    "term.": ("now", "ending", "ended", "coming"),
    "entry.": tuple(EntryKind),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_text_stands_in_both_languages() -> None:
    told = {name: [Telling(each)(name) for each in LANGUAGES] for name in TEXTS}
    assert {name for name, (zh, en) in told.items() if not CHINESE.search(zh) or CHINESE.search(en) or not en.strip()} == set()


def test_what_is_asked_for_is_there() -> None:
    assert len(ASKED) > 50
    assert TEXTS.keys() >= ASKED


@pytest.mark.parametrize("prefix", FAMILIES)
def test_every_code_has_its_word(prefix: str) -> None:
    assert {f"{prefix}{each.value if isinstance(each, StrEnum) else each}" for each in FAMILIES[prefix]} <= TEXTS.keys()


def test_every_text_is_asked_for() -> None:
    families = {f"{prefix}{each}" for prefix, codes in FAMILIES.items() for each in codes}
    quoted = {name for name in PAGE_TEXTS if f'"{name}"' in SOURCES or f"'{name}'" in SOURCES}
    mends = {f"{name}.mend" for name in quoted}
    assert PAGE_TEXTS.keys() - ASKED - families - quoted - mends == frozenset()


def test_what_has_no_word_is_shown_as_it_is() -> None:
    assert Telling("en").or_itself("fact.", "a_newer_fact") == "a_newer_fact"
    with pytest.raises(KeyError):
        Telling("en")("nothing")


def test_a_header_of_a_megabyte_is_not_read() -> None:
    assert language(None, None, "x," * 500_000 + "en") == "zh"
